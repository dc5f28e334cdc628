"""Events by the million in a PostgreSQL table, and the proof that each arrived exactly once."""

import collections
import json

from .house import CommandFailed

SYNC = "clicks"

# Every row is one event with a number of its own. Seven rows share each stamp, so that a batch's edge
# falls between equal ones; the rows lie 50 ms apart, so that a run reads some thousands again.
TABLE = """
CREATE TABLE clicks ("UPDATED_AT" timestamptz NOT NULL, "EXTERNAL_ID" text NOT NULL, "PAYLOAD" text NOT NULL);
INSERT INTO clicks SELECT
  timestamptz '2024-01-01 00:00:00Z' + interval '350 milliseconds' * (i / 7),
  'user-' || (i * 48271 % {profiles}),
  json_build_object('name', 'clicked', 'properties', json_build_object(
    'number', i, 'page', '/shop/' || md5(i::text), 'referrer', 'https://example.com/' || md5((i / 3)::text)))
FROM generate_series(0::bigint, {rows} - 1) AS i;
CREATE INDEX ON clicks ("UPDATED_AT");
ANALYZE clicks
"""

CONFIGURATION = """
kind: Credential
name: clicks-db
type: password
username: {user}
secretFile: {secret}
---
kind: Source
name: clicks
type: postgresql
settings: {settings}
credential: clicks-db
---
kind: Sync
name: {sync}
source: clicks
table: clicks
data: events
destination: profiles
schedule: manual
contacts: [ops@example.com]
"""


def make_table(postgres, rows, profiles):
    postgres.execute(TABLE.format(rows=rows, profiles=profiles))


def configure(house, postgres):
    secret = house.folder / "clicks-password"
    secret.write_text(postgres.password)
    secret.chmod(0o600)
    house.apply(CONFIGURATION.format(
        user=postgres.user, secret=secret, sync=SYNC, settings=json.dumps(postgres.source_settings())))
    house.cli("sync", "test", SYNC)
    house.cli("sync", "activate", SYNC)


def prove(house, rows, profiles):
    """Counts what is in the store, event by event: every number once, with its own user."""
    counts = house.json("profile", "count")
    found = (int(counts["profiles"]), int(counts["events"]))
    if found != (profiles, rows):
        raise CommandFailed(f"the store has {found} profiles and events and must have {(profiles, rows)}")
    seen = bytearray(rows)
    users = collections.Counter()
    for line in house.lines("profile", "export", "--events", "-o", "jsonl"):
        profile = json.loads(line)
        user = profile["external_id"]
        for event in profile["events"]:
            number = event["properties"]["number"]
            if f"user-{number * 48271 % profiles}" != user:
                raise CommandFailed(f"event {number} is with {user}")
            seen[number] += 1
            users[user] += 1
    wrong = [number for number, times in enumerate(seen) if times != 1]
    if wrong:
        number = wrong[0]
        raise CommandFailed(f"{len(wrong)} of {rows} events were not applied once, e.g. {number}: {seen[number]} times")
    expected = collections.Counter(f"user-{number * 48271 % profiles}" for number in range(rows))
    if users != expected:
        raise CommandFailed("the number of events of some profile is wrong")
