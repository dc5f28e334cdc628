"""One vault without the others: a process of its own, to be killed, traced, filled up and restored."""

import os
import pathlib
import secrets

from support.process import ServiceEnded as VaultEnded
from support.process import ServiceProcess, make_certificates

__all__ = ["VaultCalls", "VaultEnded", "VaultProcess", "make_certificates", "make_master_key"]


def make_master_key(file):
    """A new master key in a file for its owner only; answers its 32 bytes."""
    key = secrets.token_bytes(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key.hex() + "\n")
    return key


class VaultProcess(ServiceProcess):
    """A sluice-vault over `data`, with its master key in `key_file`."""

    def __init__(self, folder, certificates, data=None, **settings):
        self.key_file = pathlib.Path(folder) / "master.key"
        super().__init__("vault", folder, certificates, data, **{"MASTER_KEY_FILE": self.key_file, **settings})


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
