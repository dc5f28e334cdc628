"""A payload's rules through the CLI: operators add up over runs, warnings are listed beside rejections, and what set an
attribute is explained."""

import json
import sqlite3

from support.house import NOT_FOUND, OK, REJECTED

SYNC = "members"


def write(path, rows):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS members (UPDATED_AT TEXT, EXTERNAL_ID TEXT, PAYLOAD TEXT)")
        database.executemany("INSERT INTO members VALUES (?, ?, ?)", [
            (f"2024-05-28 10:00:{second:02}", user, payload if isinstance(payload, str) else json.dumps(payload))
            for second, user, payload in rows])
    database.close()


def show(house, *arguments):
    return json.loads(house.cli("profile", "show", "--external-id", "1", *arguments, "-o", "json"))


def test_operators_warnings_and_explanations(dev):
    path = dev.folder / "members.db"
    write(path, [
        (1, "1", {"points": 10, "tags": ["a", "b"], "home": {"city": "Delft"}, "joined": "05/28/2020"}),
        (2, "1", {"points": {"inc": 5}, "tags": {"add": ["a"], "remove": ["x"]}}),
        (3, "1", {"_merge_objects": "true", "home": {"street": "Oude Delft"}, "plan": "x" * 256}),
        (4, "2", {"points": "many", "gender": "female", "plan": "plus"}),
    ])
    dev.apply(f"""
kind: Source
name: {SYNC}
type: sqlite
settings: {{ file: {path} }}
---
kind: Sync
name: {SYNC}
source: {SYNC}
table: members
data: attributes
schedule: manual
contacts: [ops@example.com]
""")
    dev.cli("sync", "test", SYNC)
    dev.cli("sync", "activate", SYNC)
    first = dev.run_sync(SYNC)
    assert first["status"] == "success"
    assert show(dev)["custom_attributes"] == {
        "points": 15, "tags": ["b", "a"], "home": {"city": "Delft", "street": "Oude Delft"},
        "joined": "2020-05-28T00:00:00Z"}

    # Nothing was rejected; three values were left out, and the log says of which rows and why.
    assert dev.cli("run", "rows", first["run_id"], "-o", "name").strip() == ""
    warnings = json.loads(dev.cli("run", "rows", first["run_id"], "--warnings", "-o", "json"))
    assert [(w["identifier"], w["code"], w["warning"]) for w in warnings] == [
        ("external_id=1", "string_too_long", True), ("external_id=2", "attribute_not_valid", True),
        ("external_id=2", "type_mismatch", True)]
    assert all(w["message"].startswith("Attribute '") for w in warnings)

    # A second run reads the overlap again: operators do not apply twice.
    write(path, [(5, "1", {"points": {"inc": 1}}), (6, "1", '{"points":1,}')])
    second = dev.run_sync(SYNC, expect=REJECTED)
    assert (second["status"], int(second["already_applied"])) == ("partial", 4)
    assert show(dev)["custom_attributes"]["points"] == 16

    [points] = show(dev, "--explain", "points")
    assert (points["value"], points["type"], points["sync"], points["run_id"]) == (
        16, "number", SYNC, second["run_id"])
    assert points["updated_at"] == "2024-05-28T10:00:05Z"
    assert points["assigned_at"] == "2024-05-28T10:00:01Z"
    [joined] = show(dev, "--explain", "joined")
    assert (joined["type"], joined["run_id"]) == ("time", first["run_id"])
    assert show(dev, "--explain", "never") == []
    assert dev.run("profile", "show", "--external-id", "nobody", "--explain", "points").returncode == NOT_FOUND
    assert dev.run("profile", "show", "--external-id", "1", "--explain", "points").returncode == OK
