"""`kill -9` in the middle of a run, and what the store holds after it."""

import json
import os
import signal
import time

from . import events
from .house import CommandFailed, OK

SERVICES = ["vault", "orchestrator", "writer"]


class CrashRun:
    """Syncs a table of events while services are killed; ends when every row is in the store."""

    def __init__(self, house, rows, say=lambda text: None):
        self.house = house
        self.rows = rows
        self.say = say
        self.peaks = dict.fromkeys(SERVICES, 0)

    def note_memory(self):
        for service in SERVICES:
            try:
                self.peaks[service] = max(self.peaks[service], self.house.peak_memory(service))
            except OSError:
                continue

    def latest(self):
        """The newest run's record, or None while the orchestrator cannot say."""
        result = self.house.run("run", "list", "-o", "jsonl")
        lines = result.stdout.splitlines()
        return json.loads(lines[0]) if result.returncode == OK and lines else None

    def start(self, patience=60):
        """Starts a run; a service that was killed may still be coming back."""
        deadline = time.monotonic() + patience
        while True:
            result = self.house.run("sync", "run", events.SYNC, "-o", "json")
            if result.returncode == OK:
                return
            if time.monotonic() > deadline:
                raise CommandFailed(f"no run could be started: {result.stderr}{self.house.log_tail()}")
            time.sleep(0.1)

    def wait_for(self, reached, patience=600):
        """Polls the newest run until `reached` or its end; answers it."""
        deadline = time.monotonic() + patience
        while True:
            self.note_memory()
            run = self.latest()
            if run is not None and (reached(run) or run["status"] != "running"):
                return run
            if time.monotonic() > deadline:
                raise CommandFailed(f"the run did not get there: {run}\n{self.house.log_tail()}")
            time.sleep(0.02)

    def kill_in_the_middle(self, service, rows):
        """Kills a service once the newest run has read this many rows; it must still be running."""
        run = self.wait_for(lambda run: int(run["rows_read"]) >= rows)
        if run["status"] != "running":
            raise CommandFailed(f"the run ended before {service} could be killed: {run}")
        pid = self.house.pid(service)
        self.note_memory()
        os.kill(pid, signal.SIGKILL)
        self.say(f"kill -9 of the {service} after {int(run['rows_read']):,} rows of run {run['run_id']}")
        deadline = time.monotonic() + 60
        while self.house.pid(service) in (None, pid):
            if time.monotonic() > deadline:
                raise CommandFailed(f"sluice dev did not start the {service} again\n{self.house.log_tail()}")
            time.sleep(0.02)
        self.house.wait_until_healthy()

    def finish(self):
        """Waits for the run under way, if there is one, and runs until one succeeds."""
        for _ in range(5):
            run = self.wait_for(lambda run: False)
            self.say(f"run {run['run_id']}: {run['status']}, read {int(run['rows_read']):,}, "
                     f"applied {int(run['applied']):,}, already applied {int(run['already_applied']):,}"
                     + (f" ({run['error_code']})" if run.get("error_code") else ""))
            if run["status"] == "success":
                return run
            self.start()
        raise CommandFailed("five runs did not do it")
