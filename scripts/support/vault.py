"""One vault without the others: a process of its own, to be killed, traced, filled up and restored."""

import contextlib
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import time

import grpc
from support.house import find_binaries


class VaultEnded(Exception):
    pass


def make_certificates(folder):
    """An authority, and certificates of every role, below `folder`."""
    subprocess.run(
        [find_binaries() / "sluice", "certificates", "create", "--out", folder], check=True, capture_output=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(folder)})
    return pathlib.Path(folder)


def make_master_key(file):
    """A new master key in a file for its owner only; answers its 32 bytes."""
    key = secrets.token_bytes(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key.hex() + "\n")
    return key


class VaultProcess:
    """A sluice-vault over `data`, and channels to it in every role."""

    def __init__(self, folder, certificates, data=None, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificates = certificates
        self.data = pathlib.Path(data or self.folder / "data")
        self.key_file = self.folder / "master.key"
        # Settings without SLUICE_ before them; None leaves one out.
        self.settings = settings
        self.log = self.folder / "vault.log"
        self.process = None
        self.port = None
        self.channels = {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def start(self, patience=60, **limits):
        """Starts the process and returns when it listens; `limits` go to Popen."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {
            "LISTEN": f"127.0.0.1:{self.port}", "DATA": self.data, "LOG_LEVEL": "info",
            "TLS_CERT": self.certificates / "vault.pem", "TLS_KEY": self.certificates / "vault.key",
            "TLS_CA": self.certificates / "ca.pem", "MASTER_KEY_FILE": self.key_file, **self.settings}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        environment |= {f"SLUICE_{k}": str(v) for k, v in settings.items() if v is not None}
        said = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [find_binaries() / "sluice-vault"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **limits)
        deadline = time.monotonic() + patience
        while b"listening" not in self.log.read_bytes()[said:]:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise VaultEnded(f"sluice-vault ended with {code}:\n{self.said()}")
            if time.monotonic() > deadline:
                self.kill()
                raise VaultEnded(f"sluice-vault did not listen within {patience} s:\n{self.said()}")
            time.sleep(0.02)
        return self

    def said(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def channel(self, role):
        if role not in self.channels:
            credentials = grpc.ssl_channel_credentials(*[
                (self.certificates / name).read_bytes() for name in ["ca.pem", f"{role}.key", f"{role}.pem"]])
            self.channels[role] = grpc.secure_channel(
                f"127.0.0.1:{self.port}", credentials, [("grpc.enable_retries", 0)])
        return self.channels[role]

    def stop(self):
        """Asks it to stop, which must end with 0."""
        self._hang_up()
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise VaultEnded(f"sluice-vault did not stop:\n{self.said()}")
        if code != 0:
            raise VaultEnded(f"sluice-vault ended with {code}:\n{self.said()}")

    def kill(self):
        """Ends it at once, or waits for the end that somebody else has made; answers the exit code."""
        self._hang_up()
        process, self.process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return process.wait(30)

    def _hang_up(self):
        for channel in self.channels.values():
            channel.close()
        self.channels = {}


class VaultCalls:
    """The vault's calls with what is the same everywhere; `stubs` as conftest.py makes them."""

    def __init__(self, process, stubs):
        self.process = process
        self.v = stubs.vault
        self.stubs = stubs

    def vault(self, role="operator"):
        return self.stubs.vault_grpc.VaultStub(self.process.channel(role))

    @property
    def operations(self):
        return self.stubs.vault_grpc.VaultOperationsStub(self.process.channel("operator"))

    def put(self, name, secret=b"", kind="PASSWORD", username="loader", **more):
        return self.vault().PutCredential(self.v.PutCredentialRequest(
            workspace="default", name=name, type=getattr(self.v, f"CREDENTIAL_KIND_{kind}"), username=username,
            secret=secret, **more), timeout=60)

    def get(self, name):
        return self.vault().GetCredential(self.v.GetCredentialRequest(workspace="default", name=name), timeout=60)

    def release(self, name, role="orchestrator"):
        return self.vault(role).ReleaseSecret(self.v.ReleaseSecretRequest(
            workspace="default", name=name, purpose="test", run_id="run"), timeout=60)

    def sign(self, name="snow", version=0, account="myorg-account", **more):
        return self.vault("orchestrator").SignSnowflakeToken(self.v.SignSnowflakeTokenRequest(
            workspace="default", name=name, account=account, version=version, purpose="test", **more), timeout=60)

    def rotate(self, name="snow", **more):
        return self.vault().RotateKey(self.v.RotateKeyRequest(workspace="default", name=name, **more), timeout=60)

    def prove(self, version, name="snow"):
        return self.vault("orchestrator").ProveKey(self.v.ProveKeyRequest(
            workspace="default", name=name, version=version, purpose="test"), timeout=60)

    def promote(self, name="snow", **more):
        return self.vault().PromoteKey(self.v.PromoteKeyRequest(workspace="default", name=name, **more), timeout=60)

    def status(self):
        return self.operations.GetVaultStatus(self.v.GetVaultStatusRequest(), timeout=60)

    def problems(self):
        return list(self.operations.VerifyVault(self.v.VerifyVaultRequest(), timeout=60).problems)

    def audit(self, **more):
        return list(self.operations.ListAudit(self.v.ListAuditRequest(**more), timeout=60))

    def backup(self):
        return b"".join(chunk.data for chunk in self.operations.BackupVault(self.v.BackupVaultRequest(), timeout=60))

    def restore(self, data, chunk=50_000):
        return self.operations.RestoreVault(
            (self.v.RestoreVaultRequest(data=data[start:start + chunk]) for start in range(0, len(data), chunk)),
            timeout=60)
