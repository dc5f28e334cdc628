"""Reads a rendered table of the Redshift emulator.

`connector` is AWS's redshift_connector, which holds the whole result before it hands out a row. `psql` prints to /dev/null;
it holds the whole result too, but for `psql-cursor`: that is FETCH_COUNT, 1,000 rows at a time, as a cluster of one node
allows. Bytes are those of the values as the reader gets them.
"""

import json
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import peer  # noqa: E402

READ = "SELECT updated_at, external_id, payload FROM large WHERE updated_at IS NOT NULL ORDER BY updated_at"


def connector(announcement, source):
    import redshift_connector
    user, password = source["credential"]["username"], source["credential"]["secret"]
    # It takes its authorities from a file of its own.
    original = ssl.SSLContext.load_verify_locations
    ssl.SSLContext.load_verify_locations = lambda self, *_, **__: original(self, cafile=announcement["caFile"])
    connection = redshift_connector.connect(
        host="localhost", port=announcement["port"], user=user, password=password,
        database=source["settings"]["database"],
        ssl=True, sslmode="verify-full")
    cursor = connection.cursor()
    begin = time.perf_counter()
    cursor.execute(READ)
    count = size = 0
    while found := cursor.fetchmany(10_000):
        count += len(found)
        size += sum(8 + len(row[1]) + len(row[2]) for row in found)
    return count, size, time.perf_counter() - begin


def psql(announcement, source, *more):
    credential, tenant = source["credential"], source["settings"]["database"]

    def sent():
        with urllib.request.urlopen(f"{announcement['admin']}/tenants/{tenant}/journal") as answer:
            return json.load(answer)["counters"].get(source["table"], 0)
    place = (f"host=localhost port={announcement['port']} user={credential['username']} dbname={tenant} sslmode=verify-full "
             f"sslrootcert={announcement['caFile']}")
    before, begin = sent(), time.perf_counter()
    subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *more, "-c", READ, place], check=True,
        env={"PGPASSWORD": credential["secret"], "PATH": "/usr/bin:/bin"}, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begin
    # psql does not say how many it printed: the emulator says how many it sent. A row's text is of one length.
    count = sent() - before
    return count, count * (22 + 15 + 200), seconds


def psql_cursor(announcement, source):
    return psql(announcement, source, "-v", "FETCH_COUNT=1000")


peer.main(__doc__, {"psql": psql, "psql-cursor": psql_cursor, "connector": connector})
