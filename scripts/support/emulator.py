"""An emulator of a warehouse (Tests/Emulators) as a process, for tests of the running services."""

import json
import subprocess
import urllib.error
import urllib.request

from support.house import REPOSITORY

PYTHON = REPOSITORY / ".build/emulators-venv/bin/python"


class Emulator:
    """Use with `with`. `facts` has the port, the authority's file and the admin endpoint."""

    def __init__(self, service):
        if not PYTHON.exists():
            raise FileNotFoundError(f"{PYTHON} is not there: run `make emulators`")
        self._child = subprocess.Popen(
            [PYTHON, "-m", f"emulators.{service}", "--until-stdin-ends"], cwd=REPOSITORY / "Tests/Emulators",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self._child.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.stdin.close()
        self._child.wait(timeout=20)

    def admin(self, path, value=None, method=None):
        request = urllib.request.Request(
            self.facts["admin"] + path, method=method or ("GET" if value is None else "POST"),
            data=None if value is None else json.dumps(value).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None


class SnowflakeAccount:
    """An account of the emulator; statements run as its administrator."""

    def __init__(self, emulator, name, **options):
        self.emulator, self.name = emulator, name
        emulator.admin("/tenants", {"name": name, **options})

    def ask(self, verb, value):
        return self.emulator.admin(f"/tenants/{self.name}/{verb}", value)

    def paste(self, text):
        """Runs statements as somebody who pastes them into a worksheet."""
        pieces = [piece.strip() for piece in text.split(";\n")]
        statements = [p for p in pieces if any(line and not line.startswith("--") for line in p.splitlines())]
        return self.ask("sql", {"statements": statements})

    def journal(self):
        return self.emulator.admin(f"/tenants/{self.name}/journal")

    def settings(self):
        return {
            "account": self.name, "host": f"{self.name.lower()}.snowflakecomputing.localhost",
            "port": self.emulator.facts["port"], "caFile": self.emulator.facts["caFile"],
            "database": "CDI", "schema": "INGESTION", "warehouse": "SLUICE_WH", "role": "SLUICE_ROLE"}
