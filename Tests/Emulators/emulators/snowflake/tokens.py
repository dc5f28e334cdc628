"""Key-pair logins, checked as Snowflake's page on key-pair authentication says."""

import base64
import hashlib
import uuid

import jwt
from cryptography.hazmat.primitives import serialization

NAMES = {
    394300: "JWT_TOKEN_INVALID_USER_IN_ISSUER", 394301: "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME",
    394302: "JWT_TOKEN_INVALID_ISSUE_TIME", 394303: "JWT_TOKEN_INVALID_EXPIRATION_TIME",
    394304: "JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH", 394305: "JWT_TOKEN_INVALID_ALGORITHM",
    394306: "JWT_TOKEN_INVALID_SIGNATURE", 394307: "JWT_TOKEN_ACCOUNT_MISMATCH"}

LONGEST_LIFE = 3600
#: How far ahead of the server's clock a token may say that it was made.
SKEW = 60


class InvalidToken(Exception):
    def __init__(self, code):
        super().__init__(NAMES[code])
        self.code = code


class PublicKey:
    """What RSA_PUBLIC_KEY holds: the PEM's body without its first and last line."""

    def __init__(self, text):
        self.text = "".join(text.split())
        der = base64.b64decode(self.text, validate=True)
        self.key = serialization.load_der_public_key(der)
        self.fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def account_name(text):
    """The part of an account identifier that a token names, by the rule of Snowflake's own connector."""
    end = text.find("-" if ".global" in text else ".")
    return (text if end < 0 else text[:end]).upper()


def seconds(value):
    """A claim of seconds or of milliseconds."""
    return value / 1000 if value > 1e11 else value


def issuer_account(token):
    """The account that an unchecked token names, or None."""
    try:
        return jwt.decode(token, options={"verify_signature": False})["iss"].split(".")[0]
    except (jwt.PyJWTError, KeyError, AttributeError):
        return None


def check(token, account, users, now):
    """The user that `token` proves to be.

    `users` is by LOGIN_NAME, each with `keys`. Raises InvalidToken.
    """
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise InvalidToken(394306) from None
    if header.get("alg") != "RS256":
        raise InvalidToken(394305)
    if not all(isinstance(claims.get(name), int | float) for name in ("iat", "exp")):
        raise InvalidToken(394301)
    parts = str(claims.get("iss", "")).split(".", 2)
    if len(parts) != 3 or claims.get("sub") != f"{parts[0]}.{parts[1]}":
        raise InvalidToken(394300)
    if parts[0] != account:
        raise InvalidToken(394307)
    user = users.get(parts[1])
    if user is None or user.disabled:
        raise InvalidToken(394300)
    key = next((key for key in user.keys if key.fingerprint == parts[2]), None)
    if key is None:
        raise InvalidToken(394304)
    try:
        jwt.decode(token, key.key, algorithms=["RS256"], options={
            "verify_exp": False, "verify_iat": False, "verify_aud": False, "verify_nbf": False})
    except jwt.PyJWTError:
        raise InvalidToken(394306) from None
    issued, expires = seconds(claims["iat"]), seconds(claims["exp"])
    if issued > now + SKEW:
        raise InvalidToken(394302)
    if min(expires, issued + LONGEST_LIFE) <= now:
        raise InvalidToken(394303)
    return user


class LoginFailures:
    """What SYSTEM$GET_LOGIN_FAILURE_DETAILS tells an administrator by the number in the message."""

    def __init__(self):
        self._details = {}

    def note(self, error, user, address):
        number = str(uuid.uuid4())
        self._details[number] = {
            "clientIP": address, "clientType": "SQL_API", "username": user, "errorCode": error.code,
            "errorMessage": NAMES[error.code]}
        return number

    def get(self, number):
        return self._details.get(number)
