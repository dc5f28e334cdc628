"""Reads a rendered table of the Snowflake emulator through the SQL API.

Snowflake's own connector for Python does not speak the SQL API, so the peer is what its documentation has a user write:
requests for the calls (it unpacks gzip), json for the rows, PyJWT for the token. Four partitions are fetched at once, ahead of
the reading, as Sluice does; rows are taken in order. Bytes are those of the values, as UTF-8.
"""

import base64
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import sys
import time
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import peer  # noqa: E402

STATEMENT = "SELECT UPDATED_AT, EXTERNAL_ID, PAYLOAD FROM CDI.INGESTION.\"LARGE\" ORDER BY UPDATED_AT"
AHEAD = 4


def token(private, tenant, user):
    import jwt
    from cryptography.hazmat.primitives import serialization
    key = serialization.load_pem_private_key(private.encode(), None)
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    now = int(time.time())
    subject = f"{tenant.upper()}.{user}"
    return jwt.encode({"iss": f"{subject}.{fingerprint}", "sub": subject, "iat": now, "exp": now + 3540}, key, "RS256")


def read(announcement, source):
    import requests
    settings, credential = source["settings"], source["credential"]
    address = f"https://localhost:{announcement['port']}/api/v2/statements"
    session = requests.Session()
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=AHEAD))
    # Neither a proxy nor another bundle of authorities: requests would take the environment's before ours.
    session.trust_env = False
    session.verify = announcement["caFile"]
    session.headers.update({
        "Authorization": f"Bearer {token(credential['private_key'], settings['account'], credential['username'])}", "Accept": "application/json",
        "X-Snowflake-Authorization-Token-Type": "KEYPAIR_JWT", "User-Agent": "peer/1.0", "Host": settings["host"]})

    def answered(response):
        if response.status_code not in (200, 202):
            raise SystemExit(f"HTTP {response.status_code}: {response.text[:500]}")
        return response

    body = {"statement": STATEMENT, "timeout": 3600, **{name: settings[name] for name in ["database", "schema", "warehouse", "role"]}, "parameters": {"timezone": "UTC"}}
    response = answered(session.post(address, params={"requestId": str(uuid.uuid4()), "async": "true"}, json=body))
    handle = response.json()["statementHandle"]
    while response.status_code == 202:
        response = answered(session.get(f"{address}/{handle}"))
    first = response.json()
    partitions = first["resultSetMetaData"]["partitionInfo"]

    def fetch(number):
        return answered(session.get(f"{address}/{handle}", params={"partition": number})).content

    count = size = 0
    with concurrent.futures.ThreadPoolExecutor(AHEAD) as pool:
        opened, following = collections.deque(), 1
        for number, partition in enumerate(partitions):
            while following < len(partitions) and len(opened) < AHEAD:
                opened.append(pool.submit(fetch, following))
                following += 1
            rows = first["data"] if number == 0 else json.loads(opened.popleft().result())["data"]
            if len(rows) != partition["rowCount"]:
                raise SystemExit(f"partition {number} has {len(rows)} rows")
            for updated_at, name, payload in rows:
                # To the nanosecond, as integers.
                seconds, _, fraction = updated_at.partition(".")
                int(seconds) * 1_000_000_000 + int(fraction)
                count += 1
                size += 8 + len(name) + len(payload)
    return count, size


peer.main(__doc__, {"requests": read})
