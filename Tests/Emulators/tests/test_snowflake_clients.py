"""Tokens of Snowflake's own connector, and a client of the SQL API that others wrote, against the emulator."""

import httpx
import jwt
import pytest
import requests
from .conftest import pem, public_text
from cryptography.hazmat.primitives.asymmetric import ec
from snowflake.connector.auth.keypair import AuthByKeyPair
from snowflake_sql_api import SnowflakeClient
from snowflake_sql_api.exceptions import SnowflakeAuthError, SnowflakeProgrammingError


def detail(account, answer):
    """What an administrator finds under the number in the message."""
    assert answer.status_code == 401 and answer.json()["code"] == "390144"
    number = answer.json()["message"].split("[")[1].rstrip("]")
    return account.admin("login-failure", {"number": number})["errorCode"]


def login(account, token, **more):
    return account.request("POST", body={"statement": "SELECT CURRENT_USER()"}, token=token, **more)


@pytest.mark.parametrize("suffix", ["", ".eu-west-1", ".eu-west-1.aws"])
def test_the_connectors_tokens_log_in(account, suffix):
    token = account.token(account=account.name.lower() + suffix)
    answer = login(account, token)
    assert answer.status_code == 200 and answer.json()["data"] == [["SLUICE"]]


def test_both_public_keys_of_a_user_log_in(account):
    assert detail(account, login(account, account.token(key=1))) == 394304
    account.sql(f"ALTER USER SLUICE SET RSA_PUBLIC_KEY_2='{public_text(account.keys[1])}'")
    assert login(account, account.token(key=0)).status_code == 200
    assert login(account, account.token(key=1)).status_code == 200
    account.sql("ALTER USER SLUICE UNSET RSA_PUBLIC_KEY")
    assert detail(account, login(account, account.token(key=0))) == 394304


def test_each_reason_to_refuse_a_token_has_its_code(account):
    good = jwt.decode(account.token(), options={"verify_signature": False})
    key = account.keys[0]

    def made(algorithm="RS256", key=key, **claims):
        return jwt.encode({k: v for k, v in {**good, **claims}.items() if v is not None}, key, algorithm)

    now = good["iat"]
    fingerprint = good["iss"].split(".")[2]
    cases = [
        (account.token(user="nobody"), 394300), (made(sub="OTHER.USER"), 394300), (made(exp=None), 394301),
        (made(iat=None), 394301), (made(iat=now + 600), 394302), (made(exp=now - 1), 394303),
        (made(iat=now - 7200, exp=now + 86_400), 394303), (account.token(key=1), 394304),
        (made("RS512"), 394305), (account.token()[:-8] + "AAAAAAAA", 394306),
        (AuthByKeyPair(ec.generate_private_key(ec.SECP256R1())).prepare(account=account.name, user="sluice"), 394305),
        (made(iss=f"OTHER.SLUICE.{fingerprint}", sub="OTHER.SLUICE"), 394307)]
    assert [detail(account, login(account, token)) for token, _ in cases] == [code for _, code in cases]
    # Milliseconds count as well.
    assert login(account, made(iat=now * 1000, exp=(now + 600) * 1000)).status_code == 200


def test_a_token_type_that_does_not_fit_is_refused(account):
    answer = login(account, account.token(), headers={"X-Snowflake-Authorization-Token-Type": "OAUTH"})
    assert (answer.status_code, answer.json()["code"]) == (401, "390303")
    absent = login(account, account.token(), headers={"X-Snowflake-Authorization-Token-Type": None})
    assert absent.status_code == 200


def test_another_account_is_reached_by_its_own_host(account):
    answer = login(account, account.token(), headers={"Host": "elsewhere.snowflakecomputing.com"})
    assert answer.status_code == 404


@pytest.fixture
def client(account):
    """snowflake-sql-api, over TLS with the emulator's authority only."""
    import ssl
    facts = account.process.facts
    with httpx.Client(verify=ssl.create_default_context(cafile=facts["caFile"])) as http:
        yield SnowflakeClient(
            account.name, "sluice", private_key=pem(account.keys[0]), host=facts["address"].removeprefix("https://"),
            role="LOADER", warehouse="WH", database="CDI", schema="INGESTION", http_client=http, poll_interval=0.05)


def test_the_other_client_reads_all_partitions(account, client):
    account.admin("set", {"partition_bytes": 5000})
    account.sql("INSERT INTO CDI.INGESTION.USERS SELECT DATEADD(SECOND, SEQ4(), '2024-01-01'::TIMESTAMP_NTZ), "
                "'user-' || SEQ4(), '{}' FROM TABLE(GENERATOR(ROWCOUNT => 1000))")
    rows = client.query("SELECT EXTERNAL_ID, UPDATED_AT FROM USERS WHERE EXTERNAL_ID <> ? ORDER BY UPDATED_AT",
                        ["user-5"])
    assert len(rows) == 999 and rows[0]["EXTERNAL_ID"] == "user-0"
    assert rows[1]["UPDATED_AT"].isoformat().startswith("2024-01-01T00:00:01")
    assert len([r for r in account.journal()["requests"] if r["point"] == "partition"]) > 3


def test_the_other_client_polls_and_cancels(account, client):
    account.admin("set", {"run_seconds": 0.3})
    handle = client.submit("SELECT COUNT(*) AS N FROM USERS")
    assert handle.status() == "RUNNING"
    assert handle.result(poll=True, timeout=10)[0]["N"] == 0
    account.admin("set", {"run_seconds": 100})
    handle = client.submit("SELECT 1")
    handle.cancel()
    assert account.journal()["counters"]["canceled"] == 1


def test_the_other_client_reports_errors_and_retries_what_may_pass(account, client):
    with pytest.raises(SnowflakeProgrammingError, match="does not exist or not authorized"):
        client.query("SELECT * FROM NOWHERE")
    account.fault("submit", {"status": 503})
    assert client.query_scalar("SELECT COUNT(*) FROM USERS") == 0
    retried = [r["query"] for r in account.journal()["requests"] if r["point"] == "submit"][-1]
    assert retried.get("retry") == "true"
    account.sql("ALTER USER SLUICE UNSET RSA_PUBLIC_KEY")
    with pytest.raises(SnowflakeAuthError):
        client.query("SELECT 1")


def test_a_client_that_trusts_another_authority_refuses(account):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(account.process.facts["address"], verify=account.process.facts["wrongCaFile"], timeout=10)
