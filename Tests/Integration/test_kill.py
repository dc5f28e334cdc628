"""A process that dies in the middle of a run loses nothing and doubles nothing (decisions 2 and 3).

SLUICE_KILL_ROWS says how many rows (default 200,000; the baseline in docs/ was taken with 1,000,000).
"""

import os
import time

from support import crash, events
from support.house import House
from support.postgres import PrivateCluster

ROWS = int(os.environ.get("SLUICE_KILL_ROWS", "200000"))
PROFILES = max(ROWS // 20, 1)


def test_rows_are_applied_once_though_writer_and_orchestrator_are_killed(tmp_path, capsys):
    def say(text):
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    with PrivateCluster() as postgres, House(tmp_path) as house:
        events.make_table(postgres, ROWS, PROFILES)
        events.configure(house, postgres)
        run = crash.CrashRun(house, ROWS, say)
        began = time.monotonic()
        run.start()
        run.kill_in_the_middle("writer", ROWS // 10)
        left = run.wait_for(lambda run: int(run["rows_read"]) >= ROWS // 4)
        if left["status"] != "running":
            # The run did not outlive the writer; the next one goes on from what the writer knows.
            run.start()
        run.kill_in_the_middle("orchestrator", ROWS // 4)
        last = run.finish()
        elapsed = time.monotonic() - began
        run.note_memory()
        events.prove(house, ROWS, PROFILES)

        again = house.run_sync(events.SYNC)
        assert int(again["applied"]) == 0
        assert int(again["rows_read"]) == int(again["already_applied"])
        run.note_memory()

    say(f"{ROWS:,} rows through two kills in {elapsed:.1f} s: {ROWS / elapsed:,.0f} rows/s")
    for service, peak in run.peaks.items():
        say(f"peak memory of the {service}: {peak / 2**20:.1f} MiB")
    assert last["status"] == "success"
