"""A warehouse that stands still (SIGSTOP of PostgreSQL): the services answer, the run says what it waits
for and can be cancelled, and the next one brings everything.

Times are limits of the calls (`--timeout`), as the issue has them; what was seen is printed.
"""

import contextlib
import os
import signal
import time

import pytest
from support import crash, events
from support.house import OK, House, children_of
from support.postgres import PrivateCluster

# More than the kernel's socket buffers and the batches under way can hold together.
ROWS = 250_000
PROFILES = 5_000


@contextlib.contextmanager
def standing_still(postgres):
    """Every process of the server stopped, the postmaster first: it starts no others."""
    postmaster = int((postgres.folder / "data/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)
    stopped = [postmaster, *children_of(postmaster)]
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(stopped):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def timed(house, *arguments):
    began = time.monotonic()
    result = house.run(*arguments)
    return result, time.monotonic() - began


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with PrivateCluster() as postgres, House(tmp_path_factory.mktemp("house")) as house:
        events.make_table(postgres, ROWS, PROFILES)
        events.configure(house, postgres)
        yield house, postgres


def stands(house, run):
    """The run once it has stopped moving: two looks a second apart that say the same."""
    before = None
    while True:
        now = house.json("run", "show", run["run_id"])
        if before and [now[k] for k in ["phase", "progress_at", "rows_read", "applied", "status"]] == \
                [before[k] for k in ["phase", "progress_at", "rows_read", "applied", "status"]]:
            return now
        before = now
        time.sleep(1)


def answers(house, run, say):
    """Health while nothing moves, and the cancel."""
    health, seconds = timed(house, "health", "--timeout", "1s")
    assert health.returncode == OK, health
    say(f"health answered in {seconds:.2f} s")
    cancelled, seconds = timed(house, "run", "cancel", run["run_id"], "--timeout", "10s")
    assert cancelled.returncode == OK, cancelled
    say(f"run cancel returned in {seconds:.2f} s")
    ended = house.json("run", "show", run["run_id"])
    assert ended["status"] == "cancelled", ended
    again = house.run("run", "cancel", run["run_id"])
    assert again.returncode != OK and "has ended already" in again.stderr
    return ended


def test_a_source_that_stands_still_before_the_first_row(place, capsys):
    house, postgres = place

    def say(text):
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    with standing_still(postgres):
        house.cli("sync", "run", events.SYNC)
        run = crash.CrashRun(house, ROWS).latest()
        standing = stands(house, run)
        assert (standing["status"], standing["phase"]) == ("running", "connecting"), standing
        ended = answers(house, run, say)
        assert int(ended["rows_read"]) == 0


@pytest.mark.parametrize("service", ["writer", "vault"])
def test_cancel_ends_a_run_that_waits_for_another_service(place, service):
    house, _ = place
    crashes = crash.CrashRun(house, ROWS)
    pid = house.pid(service)
    # The writer is to stand still in the middle; the vault is asked at the start only.
    if service == "vault":
        os.kill(pid, signal.SIGSTOP)
    try:
        house.cli("sync", "run", events.SYNC)
        if service == "writer":
            crashes.wait_for(lambda run: int(run["rows_read"]) >= ROWS // 20)
            os.kill(pid, signal.SIGSTOP)
        run = stands(house, crashes.latest())
        assert run["status"] == "running", run
        house.cli("run", "cancel", run["run_id"], "--timeout", "10s")
        assert house.json("run", "show", run["run_id"])["status"] == "cancelled"
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_source_that_stands_still_in_the_middle(place, capsys):
    house, postgres = place

    def say(text):
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    crashes = crash.CrashRun(house, ROWS)
    crashes.start()
    run = crashes.wait_for(lambda run: run["phase"] == "reading" and int(run["rows_read"]) >= ROWS // 20)
    with standing_still(postgres):
        standing = stands(house, run)
        assert (standing["status"], standing["phase"]) == ("running", "reading"), standing
        assert standing["progress_at"] and 0 < int(standing["rows_read"]) < ROWS
        say(f"phase {standing['phase']}, progress at {standing['progress_at']}, {standing['rows_read']} rows read")
        refused = house.run("sync", "run", events.SYNC)
        assert refused.returncode != OK and "another job is in progress" in refused.stderr.lower()
        ended = answers(house, run, say)
        assert int(ended["applied"]) >= int(standing["applied"])
        # As long as the source stands still, a next one can be tried, and cancelled.
        house.cli("sync", "run", events.SYNC)
        answers(house, crashes.latest(), say)
    stored = int(house.json("profile", "count")["events"])
    crashes.start()
    last = crashes.wait_for(lambda run: False)
    assert last["status"] == "success", last
    assert int(last["applied"]) == ROWS - stored
    events.prove(house, ROWS, PROFILES)


def test_the_orchestrator_stops_in_order_though_the_source_stands_still(place):
    house, postgres = place
    crashes = crash.CrashRun(house, ROWS)
    with standing_still(postgres):
        house.cli("sync", "run", events.SYNC)
        run = stands(house, crashes.latest())
        orchestrator = house.pid("orchestrator")
        os.kill(orchestrator, signal.SIGTERM)
        while house.pid("orchestrator") in (None, orchestrator):
            time.sleep(0.05)
        house.wait_until_healthy()
        ended = house.json("run", "show", run["run_id"])
        # Killed, it would be an error: "interrupted" by itself is what an orderly stop says.
        assert (ended["status"], ended["error_code"]) == ("cancelled", "interrupted"), ended
    assert house.run_sync(events.SYNC)["status"] == "success"
