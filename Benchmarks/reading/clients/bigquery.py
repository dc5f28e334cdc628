"""Reads a rendered table of the BigQuery emulator with google-cloud-bigquery.

`query` is `query_and_wait`, rows iterated: a sorted SELECT, as ours. `list` is `list_rows`: the table's pages without a
job. Both are the REST API, with gzip, a page at a time. Bytes are those of the values, as UTF-8.
"""

import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import peer  # noqa: E402


def client(announcement, source):
    from google.cloud import bigquery
    from google.oauth2 import service_account
    os.environ["REQUESTS_CA_BUNDLE"] = announcement["caFile"]
    credentials = service_account.Credentials.from_service_account_info(
        source["credential"]["key_file"], scopes=["https://www.googleapis.com/auth/bigquery"])
    settings = source["settings"]
    found = bigquery.Client(
        project=settings["project"], credentials=credentials, client_options={"api_endpoint": announcement["address"]})
    return found, f"{settings['project']}.{settings['dataset']}.{source['table']}"


def count(found):
    rows = size = 0
    for _, name, payload in found:
        rows += 1
        size += 8 + len(name) + len(payload)
    return rows, size


def query(announcement, source):
    google, table = client(announcement, source)
    return count(google.query_and_wait(
        f"SELECT updated_at, external_id, payload FROM `{table}` WHERE updated_at IS NOT NULL ORDER BY updated_at"))


def pages(announcement, source):
    google, table = client(announcement, source)
    return count(google.list_rows(google.get_table(table)))


peer.main(__doc__, {"query": query, "list": pages})
