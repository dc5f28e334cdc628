"""How Redshift asks for a password: in clear (3), by MD5 (5), or by its own digest over SHA-256 (13)."""

import hashlib
import hmac
import os
import struct

from .framing import message, read_message

METHODS = ("clear", "md5", "sha256")


class Account:
    def __init__(self, password, method="md5", is_digest=False):
        if method not in METHODS:
            raise ValueError(f"a login is one of {', '.join(METHODS)}, not {method}")
        self.password = password
        self.method = method
        #: Whether `password` is the MD5 of the password and the user's name already.
        self.is_digest = is_digest


def from_statement(password):
    """What `CREATE USER … PASSWORD` makes of its text: `sha256|…` is stored as SHA-256, other text as MD5."""
    if password.startswith("sha256|"):
        return Account(password.split("|")[1], "sha256")
    if password.startswith("md5") and len(password) == 35:
        return Account(password[3:], "md5", is_digest=True)
    return Account(password, "md5")


async def verify(account, user, reader, writer):
    """Asks, reads the answer, and says whether it is right. An unknown user is asked as well."""
    method = account.method if account else "md5"
    password = (account.password if account else os.urandom(16).hex()).encode()
    if method == "clear":
        writer.write(message(b"R", struct.pack(">I", 3)))
        wanted = password + b"\0"
    elif method == "md5":
        salt = os.urandom(4)
        writer.write(message(b"R", struct.pack(">I", 5) + salt))
        inner = password if account and account.is_digest else hashlib.md5(
            password + user.encode()).hexdigest().encode()
        wanted = b"md5" + hashlib.md5(inner + salt).hexdigest().encode() + b"\0"
    else:
        return await _digest(password, reader, writer)
    await writer.drain()
    kind, body = await read_message(reader)
    return kind == b"p" and account is not None and hmac.compare_digest(body, wanted)


async def _digest(password, reader, writer):
    salt, nonce = os.urandom(8), os.urandom(16).hex().encode()
    request = struct.pack(">III", 13, 0, len(salt)) + salt + struct.pack(">I", len(nonce)) + nonce
    writer.write(message(b"R", request))
    await writer.drain()
    kind, body = await read_message(reader)
    if kind != b"d" or len(body) < 4:
        return False
    (length,) = struct.unpack_from(">I", body)
    digest, rest = body[4:4 + length], body[4 + length:]
    (length,) = struct.unpack_from(">I", rest)
    client_nonce = rest[4:4 + length]
    wanted = hashlib.sha256(hashlib.sha256(password + salt).digest() + nonce + client_nonce).digest()
    return hmac.compare_digest(digest, wanted)


def refusal(user):
    """Redshift is of PostgreSQL 8.0's time: 28000, not 28P01, which came with 9.0."""
    return ("28000", f'password authentication failed for user "{user}"')


