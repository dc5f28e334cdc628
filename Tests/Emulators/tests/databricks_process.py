"""The Databricks emulator as a process, as Swift's tests start it, and a workspace of it."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request


class DatabricksProcess:
    def __init__(self, python=sys.executable):
        self._process = subprocess.Popen(
            [str(python), "-m", "emulators.databricks", "--until-stdin-ends"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=os.path.dirname(os.path.dirname(__file__)))
        self.says = json.loads(self._process.stdout.readline())
        self._made = 0

    def workspace(self, **options):
        self._made += 1
        return WorkspaceAdmin(self, f"w{self._made}", options)

    def stop(self):
        self._process.stdin.close()
        self._process.wait(10)


class WorkspaceAdmin:
    """What a test may do to one workspace from outside."""

    def __init__(self, process, name, options):
        self.process, self.name = process, name
        self._post("/tenants", {"name": name, **options})
        self.warehouse_id = self.post("warehouse")["id"]
        self.token = f"dapi.{name}.owner"
        self.http_path = f"/sql/1.0/warehouses/{self.warehouse_id}"

    @property
    def says(self):
        return self.process.says

    def _post(self, path, value, method="POST"):
        request = urllib.request.Request(
            self.says["admin"] + path, json.dumps(value or {}).encode(), {"Content-Type": "application/json"},
            method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            # The emulator says what was wrong.
            raise ValueError(error.read().decode()) from None

    def post(self, verb, **arguments):
        return self._post(f"/tenants/{self.name}/{verb}", arguments)

    def sql(self, script):
        return self.post("sql", script=script)

    def fault(self, point, action, **rest):
        return self._post(f"/tenants/{self.name}/faults", {"point": point, "action": action, **rest})

    def advance(self, seconds):
        return self.post("clock", advance=seconds)

    def journal(self, point=None):
        with urllib.request.urlopen(f"{self.says['admin']}/tenants/{self.name}/journal") as answer:
            journal = json.loads(answer.read())
        entries = journal["requests"]
        return [entry for entry in entries if point in (None, entry["point"])], journal["counters"]
