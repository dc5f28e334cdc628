"""A schedule end to end: the sync runs by itself, once a slot, whatever else happens in that slot."""

import datetime
import json
import os
import signal
import time

from support.house import OK, House


def test_a_cron_sync_runs_by_itself_once_a_slot(tmp_path, postgres):
    with House(tmp_path, settings={"SLUICE_SHORTEST_INTERVAL": "5"}) as house:
        configure(house, postgres)
        assert house.json("sync", "show", "often")["schedule"] == "every 5m"
        # A run by hand moves no slot.
        by_hand = house.run_sync("ticks")
        assert (by_hand["trigger"], by_hand["scheduled_for"]) == ("manual", None)

        run = wait_for_slot(house)
        slot = datetime.datetime.fromisoformat(run["scheduled_for"])
        assert (run["sync"], slot.second, slot.microsecond) == ("ticks", 0, 0)
        assert datetime.datetime.fromisoformat(run["started_at"]) >= slot
        # Nor is the slot used again by an orchestrator that starts anew within it.
        killed = house.pid("orchestrator")
        os.kill(killed, signal.SIGKILL)
        while house.pid("orchestrator") in (None, killed):
            time.sleep(0.05)
        house.wait_until_healthy()
        while house.run("sync", "run", "ticks", "--wait").returncode != OK:
            time.sleep(0.2)
        slots = [run["scheduled_for"] for run in scheduled(house)]
        assert len(slots) == len(set(slots)) and run["scheduled_for"] in slots


def configure(house, postgres):
    secret = house.folder / "password"
    secret.write_text(postgres.password)
    secret.chmod(0o600)
    text = (f"kind: Credential\nname: db\ntype: password\nusername: {postgres.user}\nsecretFile: {secret}\n---\n"
            f"kind: Source\nname: db\ntype: postgresql\ncredential: db\n"
            f"settings: {json.dumps(postgres.source_settings())}\n")
    for name, schedule in [("ticks", {"cron": "* * * * *"}), ("often", {"every": "5m"})]:
        postgres.execute(f'CREATE TABLE {name} ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text);'
                         f"""INSERT INTO {name} VALUES (now(), '{name}', '{{"a": 1}}')""")
        text += (f"---\nkind: Sync\nname: {name}\nsource: db\ntable: {name}\ndata: attributes\n"
                 f"schedule: {json.dumps(schedule)}\ncontacts: [ops@example.com]\n")
    house.apply(text)
    house.cli("sync", "test", "ticks")
    house.cli("sync", "activate", "ticks")


def scheduled(house):
    runs = map(json.loads, house.cli("run", "list", "ticks", "-o", "jsonl").splitlines())
    return [run for run in runs if run["trigger"] == "schedule"]


def wait_for_slot(house, patience=70):
    deadline = time.monotonic() + patience
    while True:
        ended = [run for run in scheduled(house) if run["status"] != "running"]
        if ended:
            assert ended[0]["status"] == "success", ended
            return ended[0]
        assert time.monotonic() < deadline, house.log_tail()
        time.sleep(0.2)
