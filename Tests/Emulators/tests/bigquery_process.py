"""The BigQuery emulator as a process, as Swift's tests start it, and a project of it."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request


class BigQueryProcess:
    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "emulators.bigquery", "--until-stdin-ends"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=os.path.dirname(os.path.dirname(__file__)))
        self.says = json.loads(self._process.stdout.readline())
        self._made = 0

    def project(self, **options):
        self._made += 1
        return ProjectAdmin(self, f"project-{self._made}", options)

    def stop(self):
        self._process.stdin.close()
        self._process.wait(10)


class ProjectAdmin:
    """What a test may do to one project from outside."""

    email = "sluice@example.iam.gserviceaccount.com"

    def __init__(self, process, name, options):
        self.process, self.name = process, name
        self._send("/tenants", {"name": name, **options})
        self.post("dataset", name="ingestion")
        self.key_file = self.post("account", email=self.email, tokenUri=f"{process.says['address']}/{name}/token")

    def _send(self, path, value=None, method="POST"):
        request = urllib.request.Request(
            self.process.says["admin"] + path, json.dumps(value or {}).encode() if method == "POST" else None,
            {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None

    def post(self, verb, **arguments):
        return self._send(f"/tenants/{self.name}/{verb}", arguments)

    def sql(self, *statements):
        return self.post("sql", statements=[s.replace("{p}", self.name) for s in statements])

    def fault(self, point, action, **rest):
        return self._send(f"/tenants/{self.name}/faults", {"point": point, "action": action, **rest})

    def journal(self, point=None):
        found = self._send(f"/tenants/{self.name}/journal", method="GET")
        requests = [r for r in found["requests"] if point is None or r["point"] == point]
        return requests, found["counters"]
