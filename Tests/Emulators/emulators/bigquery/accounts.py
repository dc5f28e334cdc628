"""Service accounts: their keys, the exchange of assertions (RFC 7523), and access tokens."""

import base64
import functools
import json
import secrets
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ..common import Answer

AUDIENCE = "https://oauth2.googleapis.com/token"
API = "https://bigquery.googleapis.com/"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = {"https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform",
          "https://www.googleapis.com/auth/cloud-platform.read-only"}


@functools.cache
def shared_key():
    """One key for the accounts that need none of their own: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class GrantError(Exception):
    """The token endpoint's refusal (RFC 6749, section 5.2)."""

    def __init__(self, code, description, status=400):
        super().__init__(description)
        self.code, self.status = code, status

    def answer(self):
        return Answer.json({"error": self.code, "error_description": str(self)}, self.status)


class Accounts:
    def __init__(self, project, clock, journal):
        self.project, self.clock, self.journal = project, clock, journal
        self.keys = {}
        self.tokens = {}
        self.disabled = set()
        #: Seconds that an access token lives.
        self.lifetime = 3599

    def make(self, email, token_uri, own_key=False):
        """A new key; its JSON file as the console hands it out."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048) if own_key else shared_key()
        key_id = secrets.token_hex(20)
        self.keys[key_id] = (email, key.public_key())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        return {
            "type": "service_account", "project_id": self.project, "private_key_id": key_id, "private_key": pem,
            "client_email": email, "client_id": "1" * 21, "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri, "universe_domain": "googleapis.com",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{email.replace('@', '%40')}"}

    def exchange(self, body, token_uri):
        """The answer of the token endpoint."""
        try:
            form = urllib.parse.parse_qs(body.decode())
            if form.get("grant_type") != [GRANT]:
                raise GrantError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
            email, claims = self._verified(form.get("assertion", [""])[0])
            if claims.get("aud") not in (AUDIENCE, token_uri):
                raise GrantError("invalid_grant", "Invalid JWT: Failed audience check.")
            if not set(claims.get("scope", "").split()) & SCOPES:
                raise GrantError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        except GrantError as error:
            return error.answer()
        token = "ya29.c." + secrets.token_urlsafe(48)
        self.tokens[token] = (email, self.clock.seconds + self.lifetime)
        self.journal.count("tokens")
        return Answer.json({"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"})

    def _verified(self, assertion):
        """Who signed, and the claims; checks signature, key and times."""
        try:
            head, claims, signature = assertion.split(".")
            header, content = (json.loads(_decoded(part)) for part in (head, claims))
            if header.get("alg") != "RS256":
                raise GrantError("invalid_grant", "Invalid JWT: Only RS256 is supported.")
            email, key = self.keys.get(header.get("kid"), (None, None))
            if key is None or content.get("iss") != email or email in self.disabled:
                raise GrantError("invalid_grant", "Invalid grant: account not found")
            key.verify(_decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
            issued, expires = content["iat"], content["exp"]
        except InvalidSignature:
            raise GrantError("invalid_grant", "Invalid JWT Signature.") from None
        except (ValueError, KeyError, TypeError):
            raise GrantError("invalid_grant", "Bad JWT") from None
        now = self.clock.seconds
        if not (isinstance(issued, int) and isinstance(expires, int)) or expires - issued > 3600 or (
                expires < now or issued > now + 300 or issued < now - 3600):
            raise GrantError(
                "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.")
        return email, content

    def of_request(self, request):
        """The account's address, or None where the token is no good."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        email, expires = self.tokens.get(token, (None, 0))
        if email is not None:
            return email if expires > self.clock.seconds and email not in self.disabled else None
        # A JWT that the account signed for the API itself (AIP-4111).
        try:
            email, claims = self._verified(token)
        except GrantError:
            return None
        good = claims.get("sub") == email and (
            claims.get("aud") == API or set(claims.get("scope", "").split()) & SCOPES)
        return email if good else None

    def revoke(self, email):
        """Every key and token of the account."""
        self.keys = {k: v for k, v in self.keys.items() if v[0] != email}
        self.tokens = {k: v for k, v in self.tokens.items() if v[0] != email}


def _decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
