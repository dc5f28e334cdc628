"""A cluster of the emulator of Redshift and a bastion in front of it, for tests of the running services."""

import contextlib
import os
import pwd
import subprocess
import time

from support.emulator import Emulator
from support.house import REPOSITORY
from support.postgres import free_port

PASSWORD = "canary-of-the-cluster Password1"


class RedshiftCluster:
    """The emulator as a process, in front of a PrivateCluster; use with `with`."""

    def __init__(self, postgres):
        self.postgres = postgres

    def __enter__(self):
        self._emulator = Emulator("redshift")
        self.facts = self._emulator.facts
        self.postgres.execute("CREATE DATABASE cloud_production")
        # It makes users, as an administrator of a cluster does.
        self.postgres.execute("CREATE ROLE admin LOGIN CREATEROLE")
        self.postgres.execute("ALTER DATABASE cloud_production OWNER TO admin")
        users = {"admin": {"password": PASSWORD}}
        self.steer("", {"name": "cloud_production", "socket": str(self.postgres.folder), "port": self.postgres.port,
                        "superuser": self.postgres.user, "users": users})
        return self

    def __exit__(self, *_):
        self._emulator.__exit__()

    def steer(self, path, value=None):
        return self._emulator.admin("/tenants" + path, value)

    def reads(self):
        """How many runs have sent their SELECT."""
        requests = self.steer("/cloud_production/journal")["requests"]
        return sum(1 for entry in requests if "ORDER BY" in entry.get("sql", "") and "LIMIT" not in entry["sql"])

    def paste(self, statements, user="admin"):
        """As an administrator does it in psql."""
        result = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-",
             f"host=localhost port={self.facts['port']} dbname=cloud_production user={user} sslmode=verify-full "
             f"sslrootcert={self.facts['caFile']}"],
            env={"PGPASSWORD": PASSWORD, "PATH": os.environ["PATH"]}, input=statements, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def settings(self):
        return {"host": "localhost", "port": str(self.facts["port"]), "database": "cloud_production",
                "caFile": self.facts["caFile"]}


class Bastion:
    """A real sshd on loopback with one line in authorized_keys; as root it runs, and lets in, as another user."""

    def __init__(self, folder, authorized):
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.authorized = authorized

    def __enter__(self):
        self.folder.mkdir()
        program = subprocess.run([REPOSITORY / "scripts/sshd-for-tests"], check=True, capture_output=True, text=True)
        host = self.folder / "host"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host], check=True)
        (self.folder / "authorized_keys").write_text(self.authorized + "\n")
        self.port = free_port()
        settings = self.folder / "sshd_config"
        settings.write_text("\n".join([
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {host}", "PidFile none", "StrictModes no",
            f"AuthorizedKeysFile {self.folder}/authorized_keys", "UsePAM no", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no"]) + "\n")
        as_user = []
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", self.user, self.folder], check=True)
            # pytest's folders are 0700.
            for parent in [self.folder, *self.folder.parents]:
                if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
                    parent.chmod(parent.stat().st_mode | 0o055)
            as_user = ["runuser", "-u", self.user, "--"]
        log = self.folder / "log"
        with open(log, "wb") as file:
            self._server = subprocess.Popen([*as_user, program.stdout.split()[-1], "-D", "-e", "-f", settings],
                                            stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        while b"Server listening" not in log.read_bytes():
            assert self._server.poll() is None, log.read_text()
            time.sleep(0.02)
        said = subprocess.run(["ssh-keygen", "-lf", f"{host}.pub"], check=True, capture_output=True, text=True)
        self.fingerprint = said.stdout.split()[1]
        return self

    def __exit__(self, *_):
        self._server.terminate()
        self._server.wait(20)

    def clients(self):
        """The `ssh` processes that go through it, whoever started them."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit():
                    with open(f"/proc/{entry}/cmdline", "rb") as file:
                        words = file.read().split(b"\0")
                    if words[0].endswith(b"/ssh") and str(self.port).encode() in words:
                        found.append(int(entry))
        return found
