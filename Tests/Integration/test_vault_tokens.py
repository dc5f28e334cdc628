"""Tokens that the vault signs, beside those that other people's code makes of the same key."""

import base64
import json
import time

import google.auth.crypt
import google.auth.jwt
import grpc
import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from snowflake.connector.auth.keypair import AuthByKeyPair
from support.vault import VaultCalls, VaultProcess, make_certificates, make_master_key

# As users have them (docs of Snowflake, "Account identifiers").
ACCOUNTS = [
    "xy12345", "xy12345.eu-west-1", "xy12345.eu-west-1.aws", "xy12345.us-gov-west-1.privatelink", "myorg-my_acct",
    "MyOrg-My_Acct", "myorg-my_acct.privatelink", "xy12345-abc.global", "XY12345.US-EAST-2"]
USERS = ["loader", "LOADER", "loader@corp.example", "Läufer", "straße", "o'brien"]


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def calls(tmp_path_factory, stubs):
    folder = tmp_path_factory.mktemp("vault")
    process = VaultProcess(folder, make_certificates(folder / "certificates"))
    make_master_key(process.key_file)
    with process:
        yield VaultCalls(process, stubs)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def parts(token):
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("user", USERS)
def test_a_snowflake_token_is_what_snowflakes_own_connector_makes(calls, key, user):
    name = f"user-{USERS.index(user)}"
    calls.put(name, pem(key), kind="KEY_PAIR", username=user)
    for account in ACCOUNTS:
        before = int(time.time())
        signed = calls.sign(name, account=account, lifetime_seconds=60)
        after = int(time.time())
        connector = AuthByKeyPair(private_key=key, lifetime_in_seconds=60)
        theirs_header, theirs = parts(connector.prepare(account=account, user=user))
        ours_header, ours = parts(signed.token)
        assert ours_header == theirs_header
        assert list(ours) == list(theirs), "the claims are in the connector's order"
        assert (ours["iss"], ours["sub"]) == (theirs["iss"], theirs["sub"]), account
        assert before <= ours["iat"] <= after and ours["exp"] - ours["iat"] == 60 == theirs["exp"] - theirs["iat"]
        assert (signed.issued_at, signed.expires_at) == (ours["iat"] * 10**9, ours["exp"] * 10**9)
        jwt.decode(signed.token, key.public_key(), algorithms=["RS256"])
        # The very bytes: PKCS#1 v1.5 has no randomness.
        text, _, signature = signed.token.rpartition(".")
        assert base64.urlsafe_b64decode(signature + "==") == key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_fingerprint_is_the_connectors(calls, key):
    shown = calls.put("fingerprint", pem(key), kind="KEY_PAIR").credential
    assert shown.fingerprint == AuthByKeyPair.calculate_public_key_fingerprint(key)


def test_googles_own_code_verifies_an_assertion(calls):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    email = "loader@project-1.iam.gserviceaccount.com"
    account = {
        "type": "service_account", "project_id": "project-1", "private_key_id": "abc123",
        "private_key": pem(key).decode(), "client_email": email, "token_uri": "https://oauth2.googleapis.com/token"}
    shown = calls.put("bq", json.dumps(account).encode(), kind="SERVICE_ACCOUNT", username="").credential
    assert (shown.username, shown.details["project_id"]) == (email, "project-1")
    v = calls.v
    use = {"workspace": "default", "name": "bq", "purpose": "test"}
    vault = calls.vault("orchestrator")
    scope = "https://www.googleapis.com/auth/bigquery"
    signed = vault.SignGoogleAssertion(v.SignGoogleAssertionRequest(scope=scope, **use))
    certificates = {"abc123": shown.public_key}
    claims = google.auth.jwt.decode(signed.token, certs=certificates, audience="https://oauth2.googleapis.com/token")
    assert (claims["iss"], claims["scope"]) == (email, scope)
    assert claims["exp"] - claims["iat"] == 3600
    assert (signed.token_uri, signed.project_id) == ("https://oauth2.googleapis.com/token", "project-1")
    # What google-auth itself would have signed with the key, claim by claim and byte by byte.
    signer = google.auth.crypt.RSASigner.from_service_account_info(account)
    theirs = google.auth.jwt.encode(signer, claims).decode().rstrip("=")
    header, _ = parts(signed.token)
    assert header == {"typ": "JWT", "alg": "RS256", "kid": "abc123"}
    assert parts(theirs) == (header, claims)

    own = vault.SignGoogleAssertion(v.SignGoogleAssertionRequest(audience="https://bigquery.googleapis.com/", **use))
    claims = google.auth.jwt.decode(own.token, certs=certificates, audience="https://bigquery.googleapis.com/")
    assert claims["iss"] == claims["sub"] == email and "scope" not in claims
    with pytest.raises(grpc.RpcError) as caught:
        calls.release("bq")
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
