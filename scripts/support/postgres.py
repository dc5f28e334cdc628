"""A PostgreSQL server of one's own: a new cluster in a temporary directory, on loopback."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile


def server_binaries():
    """The folder with initdb and pg_ctl: Debian keeps them out of PATH."""
    versions = pathlib.Path("/usr/lib/postgresql")
    if versions.is_dir():
        for folder in sorted(versions.iterdir(), key=lambda p: float(p.name), reverse=True):
            if (folder / "bin/initdb").exists():
                return folder / "bin"
    found = shutil.which("initdb")
    if found is None:
        raise RuntimeError("PostgreSQL's server is not installed: run `make deps`")
    return pathlib.Path(found).resolve().parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PrivateCluster:
    """Starts with `with`; the server and its files are gone afterwards.

    Over TCP it asks for the password, over its own Unix socket it does not.
    """

    user = "sluice"
    password = "open sesame, said the sluice"

    def __init__(self, durable=False):
        # A source needs no durability: it is only read from.
        self.settings = [] if durable else ["fsync=off", "full_page_writes=off"]
        self.host = "127.0.0.1"
        self.port = free_port()
        self.binaries = server_binaries()

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-pg-"))
        self.account = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            account = next(a for a in pwd.getpwall() if a.pw_name in ("postgres", "nobody"))
            self.account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        data = self.folder / "data"
        self._run("initdb", "--pgdata", data, "--username", self.user, "--pwfile", secret,
                  "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8",
                  "--locale=C", "--no-sync")
        settings = self.settings + [
            f"port={self.port}", f"listen_addresses={self.host}", "max_wal_size=4GB",
            f"unix_socket_directories={self.folder}", "timezone=UTC",
        ]
        options = " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "start", "--pgdata", data, "--wait", "--silent",
                  "--log", self.folder / "log", "--options", options)
        return self

    def __exit__(self, *_):
        self._run("pg_ctl", "stop", "--pgdata", self.folder / "data", "--mode=immediate", "--silent")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program, *arguments):
        result = subprocess.run(
            [str(self.binaries / program), *map(str, arguments)], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            **self.account)
        if result.returncode != 0:
            log = self.folder / "log"
            detail = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program}: {result.stderr}{detail}")

    def execute(self, sql, database="postgres", stdin=None):
        """Runs SQL as psql does and answers its output: one row a line, columns parted by tabs."""
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                   "--field-separator=\t", "--set=ON_ERROR_STOP=1", "--host", str(self.folder),
                   "--port", str(self.port), "--username", self.user, "--dbname", database,
                   "--command", sql]
        result = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"psql: {result.stderr}")
        return result.stdout.strip("\n")

    def source_settings(self, database="postgres"):
        """The settings of a `kind: Source` that reads from here."""
        return {"host": self.host, "port": self.port, "database": database, "tls": "disable"}
