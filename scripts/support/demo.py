"""What the demo does once services run, whoever started them. Every number is checked."""

import datetime

from . import sample
from .house import REPOSITORY, CommandFailed

SYNC = "demo-customers"
OVERLAP = datetime.timedelta(minutes=10)
CHANGED = ["customer-0007", "customer-0042", "customer-0998"]
POINTS = 31415
COUNTS = ["rows_read", "applied", "unchanged", "already_applied", "superseded", "skipped", "rejected"]


def step(text):
    print(f"\n== {text}", flush=True)


def show(text):
    for line in text.rstrip().splitlines():
        print(f"   {line}".rstrip(), flush=True)


def must_be(what, found, expected):
    if found != expected:
        raise CommandFailed(f"{what} is {found!r} and must be {expected!r}")


def check_run(run, **expected):
    show(f"{run['status']}: " + ", ".join(f"{name} {int(run[name]):,}" for name in COUNTS))
    must_be("the run's status", run["status"], "success")
    for name in COUNTS:
        must_be(f"the run's {name}", int(run[name]), expected.get(name, 0))


def make_warehouse(path):
    """Answers the stamp of the newest row."""
    step(f"A warehouse with {sample.ROWS:,} customers: the SQLite file {path}")
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    newest = now - datetime.timedelta(hours=1)
    sample.make_warehouse(path, newest)
    return newest


def sync_twice(house, warehouse, newest, seen_as=None):
    """Configures, runs, changes three rows, runs again; answers how many rows the second run read.

    `seen_as` is the warehouse's path where the orchestrator runs, if it is another there.
    """
    step("Its configuration: sluice apply -f examples/demo.yaml")
    text = (REPOSITORY / "examples/demo.yaml").read_text()
    show(house.apply(text.replace("file: warehouse.db", f"file: {seen_as or warehouse}")))

    step(f"Does it work? sluice sync test {SYNC}")
    show(house.cli("sync", "test", SYNC))

    step(f"sluice sync activate {SYNC}")
    show(house.cli("sync", "activate", SYNC))

    step(f"The first run reads every row: sluice sync run {SYNC} --wait")
    check_run(house.run_sync(SYNC), rows_read=sample.ROWS, applied=sample.ROWS)
    must_be("the number of profiles", int(house.json("profile", "count")["profiles"]), sample.ROWS)

    step(f"One profile: sluice profile show --external-id {CHANGED[0]}")
    show(house.cli("profile", "show", "--external-id", CHANGED[0]))

    step(f"Three customers change: {', '.join(CHANGED)} now have {POINTS:,} points")
    sample.change(warehouse, CHANGED, datetime.datetime.now(datetime.timezone.utc), POINTS)
    again = sample.count_since(warehouse, newest - OVERLAP)
    show(f"The next run reads the {again} rows from ten minutes before the newest that it knows:")
    show("a late row is not lost, and a row that was applied is known and not applied twice.")

    step(f"The second run: sluice sync run {SYNC} --wait")
    changed = len(CHANGED)
    check_run(house.run_sync(SYNC), rows_read=again, applied=changed, already_applied=again - changed)
    for customer in CHANGED:
        profile = house.json("profile", "show", "--external-id", customer)
        must_be(f"the points of {customer}", profile["custom_attributes"]["loyalty_points"], POINTS)
    must_be("the number of profiles", int(house.json("profile", "count")["profiles"]), sample.ROWS)
    return again


def summary(again, seconds):
    return f"{sample.ROWS:,} rows applied, then {len(CHANGED)} of {again} read; {seconds:.1f} s"
