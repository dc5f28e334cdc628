"""The purchases of the CD shop CDNOW, 1997 and 1998, through one sync.

The CSV has customer_id, date, cds and amount_usd. It has the traps of real data: several purchases of
one customer on one day, amounts of 0, one date on many rows.
"""

import decimal
import json

from .house import CommandFailed

SYNC = "cdnow-purchases"

TABLE = """
CREATE TABLE orders (customer_id text, date date, cds integer, amount_usd numeric);
CREATE TABLE purchases ("UPDATED_AT" timestamptz NOT NULL, "EXTERNAL_ID" text NOT NULL, "PAYLOAD" jsonb NOT NULL);
"""

# One order is one purchase of the whole amount; what it does not say is not made up.
FILL = """
INSERT INTO purchases SELECT date::timestamp AT TIME ZONE 'UTC', customer_id, jsonb_build_object(
  'product_id', 'order', 'currency', 'USD', 'price', amount_usd, 'quantity', 1,
  'time', to_char(date, 'YYYY-MM-DD"T00:00:00Z"'), 'properties', jsonb_build_object('cds', cds))
FROM orders
"""

# A row that is there already, two times more: three equal purchases are three purchases.
ADD_TWO = """
INSERT INTO purchases SELECT newest.* FROM
  (SELECT * FROM purchases ORDER BY "UPDATED_AT" DESC, "EXTERNAL_ID" LIMIT 1) AS newest, generate_series(1, 2)
"""

# The rows that a run reads again: those within the overlap before the newest, itself included.
OVERLAP = """
SELECT count(*) FROM purchases
WHERE "UPDATED_AT" >= (SELECT max("UPDATED_AT") FROM purchases) - interval '10 minutes'
"""

BY_CUSTOMER = """
SELECT "EXTERNAL_ID", count(*), sum(("PAYLOAD"->>'price')::numeric) FROM purchases GROUP BY 1
"""

CONFIGURATION = """
kind: Credential
name: cdnow-db
type: password
username: {user}
secretFile: {secret}
---
kind: Source
name: cdnow
type: postgresql
settings: {settings}
credential: cdnow-db
---
kind: Sync
name: {sync}
source: cdnow
table: public.purchases
data: purchases
destination: profiles
schedule: manual
contacts: [ops@example.com]
"""


def must_be(what, found, expected):
    if found != expected:
        raise CommandFailed(f"{what} is {found} and must be {expected}")


def check_run(run, **expected):
    must_be("the run's status", run["status"], "success")
    for name in ["rows_read", "applied", "unchanged", "already_applied", "superseded", "skipped", "rejected"]:
        must_be(f"the run's {name}", int(run[name]), expected.get(name, 0))


def check_store(house, postgres):
    """Every customer's count and revenue in the store are those of the table, to the cent."""
    table = {}
    for line in postgres.execute(BY_CUSTOMER).splitlines():
        customer, count, revenue = line.split("\t")
        table[customer] = (int(count), decimal.Decimal(revenue))
    store = {}
    for line in house.cli("profile", "export", "-o", "jsonl").splitlines():
        profile = json.loads(line, parse_float=decimal.Decimal)
        counted = sum(purchase["count"] for purchase in profile["purchases"])
        store[profile["external_id"]] = (counted, decimal.Decimal(profile["total_revenue"]))
    must_be("the number of exported profiles", len(store), len(table))
    for customer, expected in table.items():
        must_be(f"customer {customer} in the store", store.get(customer), expected)


def sync_purchases(house, postgres, csv, say=lambda text: None):
    """Loads the CSV, runs three times, and checks every number; answers the first run's record."""
    postgres.execute(TABLE)
    postgres.execute("COPY orders FROM STDIN WITH (FORMAT csv, HEADER)", stdin=csv.read_text())
    postgres.execute(FILL)
    rows, customers, total = postgres.execute(
        "SELECT count(*), count(DISTINCT customer_id), sum(amount_usd) FROM orders").split("\t")
    say(f"{rows} purchases of {customers} customers, {total} USD, in a table of PostgreSQL")

    secret = house.folder / "cdnow-password"
    secret.write_text(postgres.password)
    secret.chmod(0o600)
    house.apply(CONFIGURATION.format(
        user=postgres.user, secret=secret, sync=SYNC, settings=json.dumps(postgres.source_settings())))
    house.cli("sync", "test", SYNC)
    house.cli("sync", "activate", SYNC)

    first = house.run_sync(SYNC)
    check_run(first, rows_read=int(rows), applied=int(rows))
    counts = house.json("profile", "count")
    must_be("the number of profiles", int(counts["profiles"]), int(customers))
    must_be("the number of purchases", int(counts["purchases"]), int(rows))
    must_be("the revenue", decimal.Decimal(counts["revenue"]), decimal.Decimal(total))
    check_store(house, postgres)
    say(f"first run: {first['applied']} applied; {counts['profiles']} profiles, "
        f"{counts['purchases']} purchases, revenue {counts['revenue']}")

    again = int(postgres.execute(OVERLAP))
    second = house.run_sync(SYNC)
    check_run(second, rows_read=again, already_applied=again)
    say(f"second run: {second['applied']} applied, {again} read again and known")

    postgres.execute(ADD_TWO)
    third = house.run_sync(SYNC)
    check_run(third, rows_read=again + 2, applied=2, already_applied=again)
    check_store(house, postgres)
    counts = house.json("profile", "count")
    must_be("the number of purchases", int(counts["purchases"]), int(rows) + 2)
    say(f"third run, after a row was added twice more: {third['applied']} applied, {again} known")
    return {"rows": int(rows), "profiles": int(customers), "revenue": decimal.Decimal(total)}
