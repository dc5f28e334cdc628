"""The emulators of warehouses (Tests/Emulators) as processes, and what a test does to them."""

import json
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

from .house import REPOSITORY


class Emulator:
    """One emulator; starts with `with`, in the Python that `make emulators` prepared."""

    def __init__(self, service):
        python = REPOSITORY / ".build/emulators-venv/bin/python"
        if not python.exists():
            sys.exit(f"{python} is not there: run `make emulators`")
        self.command = [str(python), "-m", f"emulators.{service}", "--until-stdin-ends"]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=REPOSITORY / "Tests/Emulators", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.facts = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    @property
    def authority(self):
        return pathlib.Path(self.facts["caFile"])

    def send(self, path, value=None, method="POST"):
        request = urllib.request.Request(
            self.facts["admin"] + path, method=method,
            data=json.dumps(value or {}).encode() if method == "POST" else None)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None

    def tenant(self, name, **options):
        self.send("/tenants", {"name": name, **options})
        return Tenant(self, name)


class Tenant:
    def __init__(self, emulator, name):
        self.emulator, self.name = emulator, name

    def steer(self, verb, **arguments):
        return self.emulator.send(f"/tenants/{self.name}/{verb}", arguments)

    def sql(self, *statements):
        return self.steer("sql", statements=list(statements))

    def requests(self, point):
        journal = self.emulator.send(f"/tenants/{self.name}/journal", method="GET")
        return [request for request in journal["requests"] if request["point"] == point]
