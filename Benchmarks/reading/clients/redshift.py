"""Reads a rendered table of the Redshift emulator, and prints one line of JSON.

    python redshift.py --announcement FILE --tenant NAME --rows N [--client connector|psql|psql-cursor]

`connector` is AWS's redshift_connector, which holds the whole result before it hands out a row. `psql` prints to /dev/null;
it holds the whole result too, but for `psql-cursor`: that is FETCH_COUNT, 1,000 rows at a time, as a cluster of one node
allows. Bytes are those of the values as the reader gets them. The tenant is made if it is not there; one that is there has
to have the table.
"""

import argparse
import json
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = {"__file__": str(HERE.parent / "sources/redshift.py")}
exec((HERE.parent / "sources/redshift.py").read_text(), SOURCE)
READ = "SELECT updated_at, external_id, payload FROM large WHERE updated_at IS NOT NULL ORDER BY updated_at"


def exists(announcement, tenant):
    try:
        with urllib.request.urlopen(f"{announcement['admin']}/tenants/{tenant}/journal"):
            return True
    except urllib.error.HTTPError:
        return False


def with_connector(announcement, tenant):
    import redshift_connector
    # It takes its authorities from a file of its own.
    original = ssl.SSLContext.load_verify_locations
    ssl.SSLContext.load_verify_locations = lambda self, *_, **__: original(self, cafile=announcement["caFile"])
    connection = redshift_connector.connect(
        host="localhost", port=announcement["port"], user=SOURCE["USER"], password=SOURCE["PASSWORD"], database=tenant,
        ssl=True, sslmode="verify-full")
    cursor = connection.cursor()
    begin = time.perf_counter()
    cursor.execute(READ)
    count = size = 0
    while found := cursor.fetchmany(10_000):
        count += len(found)
        size += sum(8 + len(row[1]) + len(row[2]) for row in found)
    return count, size, time.perf_counter() - begin


def with_psql(announcement, tenant, more):
    def sent():
        with urllib.request.urlopen(f"{announcement['admin']}/tenants/{tenant}/journal") as answer:
            return json.load(answer)["counters"].get(SOURCE["TABLE"], 0)
    place = (f"host=localhost port={announcement['port']} user={SOURCE['USER']} dbname={tenant} sslmode=verify-full "
             f"sslrootcert={announcement['caFile']}")
    before, begin = sent(), time.perf_counter()
    subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *more, "-c", READ, place], check=True,
        env={"PGPASSWORD": SOURCE["PASSWORD"], "PATH": "/usr/bin:/bin"}, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begin
    # psql does not say how many it printed: the emulator says how many it sent. A row's text is of one length.
    count = sent() - before
    return count, count * (22 + 15 + 200), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--announcement", required=True, help="a file with the emulator's line of JSON")
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--client", choices=["connector", "psql", "psql-cursor"], default="connector")
    options = parser.parse_args()
    announcement = json.loads(pathlib.Path(options.announcement).read_text())
    if not exists(announcement, options.tenant):
        SOURCE["prepare"](announcement, options.tenant, options.rows)
    if options.client == "connector":
        count, size, seconds = with_connector(announcement, options.tenant)
    else:
        more = ["-v", "FETCH_COUNT=1000"] if options.client == "psql-cursor" else []
        count, size, seconds = with_psql(announcement, options.tenant, more)
    if count != options.rows:
        sys.exit(f"{count} rows were read, not {options.rows}")
    print(json.dumps({"rows": count, "seconds": round(seconds, 3), "bytes": size}))


main()
