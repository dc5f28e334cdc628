"""What else can happen in the middle of a run: a second trigger, a writer that hangs, a lost source."""

import os
import signal
import time

from support import crash, events
from support.house import CONFLICT

# More than the kernel's socket buffers and the batches under way can hold together.
ROWS = 250_000
PROFILES = 5_000


def test_a_run_in_the_way_a_writer_that_hangs_and_a_lost_source_cost_no_row(dev, postgres):
    events.make_table(postgres, ROWS, PROFILES)
    events.configure(dev, postgres)
    run = crash.CrashRun(dev, ROWS)
    run.start()

    # One run a sync (decision 8): the second trigger is refused and changes nothing.
    first = run.wait_for(lambda run: int(run["rows_read"]) >= ROWS // 20)
    assert first["status"] == "running"
    refused = dev.run("sync", "run", events.SYNC)
    assert refused.returncode == CONFLICT
    assert "another job is in progress" in refused.stderr.lower()

    # A writer that stands still for a while is waited for. The source goes away meanwhile, so that it
    # cannot have been read to its end: the run says so, and the next one goes on.
    writer = dev.pid("writer")
    os.kill(writer, signal.SIGSTOP)
    try:
        time.sleep(3)
        assert run.latest()["status"] == "running"
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                         "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    finally:
        os.kill(writer, signal.SIGCONT)
    lost = run.wait_for(lambda run: False)
    assert (lost["run_id"], lost["status"]) == (first["run_id"], "error")
    assert lost["error_code"] == "connection_lost"
    assert int(first["applied"]) < int(lost["applied"]) < ROWS
    # What was read before the connection went is applied all the same.
    assert int(lost["applied"]) == int(lost["rows_read"])
    assert dev.pid("writer") == writer

    run.start()
    last = run.finish()
    assert int(last["applied"]) == ROWS - int(lost["applied"])
    events.prove(dev, ROWS, PROFILES)
