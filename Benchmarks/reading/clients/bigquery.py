"""Reads a rendered table of the BigQuery emulator with google-cloud-bigquery, and prints one line of JSON.

    python bigquery.py --announcement FILE --tenant NAME --rows N [--client query|list]

`query` is `query_and_wait`, rows iterated: a sorted SELECT, as ours. `list` is `list_rows`: the table's pages without a
job. Both are the REST API, with gzip, a page at a time. Bytes are those of the values, as UTF-8. The tenant is made if it
is not there.
"""

import argparse
import json
import os
import pathlib
import sys
import time
import urllib.error

HERE = pathlib.Path(__file__).resolve().parent


def facts(announcement, tenant, rows):
    """The key file of the source's account; of a tenant that is there, a new one."""
    source = {}
    exec((HERE.parent / "sources/bigquery.py").read_text(), source)
    try:
        return source["prepare"](announcement, tenant, rows)["credential"]["key_file"]
    except urllib.error.HTTPError as error:
        if error.code != 400:
            raise
    return source["key_file"](announcement, tenant)


def read(announcement, tenant, key, way):
    from google.cloud import bigquery
    from google.oauth2 import service_account
    credentials = service_account.Credentials.from_service_account_info(
        key, scopes=["https://www.googleapis.com/auth/bigquery"])
    client = bigquery.Client(
        project=tenant, credentials=credentials, client_options={"api_endpoint": announcement["address"]})
    table = f"{tenant}.ingestion.large"
    if way == "query":
        found = client.query_and_wait(
            f"SELECT updated_at, external_id, payload FROM `{table}` WHERE updated_at IS NOT NULL ORDER BY updated_at")
    else:
        found = client.list_rows(client.get_table(table))
    count = size = 0
    for _, name, payload in found:
        count += 1
        size += 8 + len(name) + len(payload)
    return count, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--announcement", required=True, help="a file with the emulator's line of JSON")
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--client", choices=["query", "list"], default="query")
    options = parser.parse_args()
    announcement = json.loads(pathlib.Path(options.announcement).read_text())
    os.environ["REQUESTS_CA_BUNDLE"] = announcement["caFile"]
    key = facts(announcement, options.tenant, options.rows)
    begin = time.perf_counter()
    count, size = read(announcement, options.tenant, key, options.client)
    seconds = time.perf_counter() - begin
    if count != options.rows:
        sys.exit(f"{count} rows were read, not {options.rows}")
    print(json.dumps({"rows": count, "seconds": round(seconds, 3), "bytes": size}))


main()
