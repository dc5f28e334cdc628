"""One service without the others: a process of its own, to be killed, traced, starved of its disk."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

import grpc
from support.house import find_binaries


class ServiceEnded(Exception):
    pass


def make_certificates(folder):
    """An authority, and certificates of every role, below `folder`."""
    subprocess.run(
        [find_binaries() / "sluice", "certificates", "create", "--out", folder], check=True, capture_output=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(folder)})
    return pathlib.Path(folder)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServiceProcess:
    """A sluice-NAME over `data`, and channels to it in every role."""

    def __init__(self, name, folder, certificates, data=None, port=None, **settings):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificates = certificates
        self.data = pathlib.Path(data or self.folder / "data")
        # Settings without SLUICE_ before them; None leaves one out.
        self.settings = settings
        self.log = self.folder / f"{name}.log"
        self.process = None
        # None: another one at each start.
        self.fixed_port = port
        self.port = port
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
        self.port = self.fixed_port or free_port()
        settings = {
            "LISTEN": f"127.0.0.1:{self.port}", "DATA": self.data, "LOG_LEVEL": "info",
            "TLS_CERT": self.certificates / f"{self.name}.pem", "TLS_KEY": self.certificates / f"{self.name}.key",
            "TLS_CA": self.certificates / "ca.pem", **self.settings}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        environment |= {f"SLUICE_{k}": str(v) for k, v in settings.items() if v is not None}
        said = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [find_binaries() / f"sluice-{self.name}"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **limits)
        deadline = time.monotonic() + patience
        while b"listening" not in self.log.read_bytes()[said:]:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise ServiceEnded(f"sluice-{self.name} ended with {code}:\n{self.said()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServiceEnded(f"sluice-{self.name} did not listen within {patience} s:\n{self.said()}")
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
            raise ServiceEnded(f"sluice-{self.name} did not stop:\n{self.said()}")
        if code != 0:
            raise ServiceEnded(f"sluice-{self.name} ended with {code}:\n{self.said()}")

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
