#!/usr/bin/env python3
"""Mail servers that keep what they get (aiosmtpd), read by Python's own parser.

    mail_server.py CERTIFICATE KEY

`ports`, `mails` and `texts` on standard input are answered by a line of JSON each. The user is `sluice`, the
password `pass word`. Recipients that begin with `refused` get 550, with `later` 451; a subject that
holds `too much` gets 552, one that holds `silence` no answer.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

mails = []
# Of each text that the slow server got: `begun`, then `whole` or `cut`.
texts = []


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 nobody of that name"
        if address.startswith("later"):
            return "451 4.2.1 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        subject = str(message["subject"])
        if "too much" in subject:
            return "552 5.3.4 too much"
        mails.append({
            "sender": envelope.mail_from, "recipients": envelope.rcpt_tos,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "login": server.session.auth_data.decode() if server.session.auth_data else "",
            "host_name": session.host_name, "subject": subject,
            "from": [[a.display_name, a.addr_spec] for a in message["from"].addresses],
            "to": [[a.display_name, a.addr_spec] for a in message["to"].addresses],
            "date": message["date"].datetime.isoformat(), "message_id": str(message["message-id"]),
            "names": list(message.keys()), "text": message.get_content().replace("\r\n", "\n"),
            "defects": [str(d) for d in message.defects],
            "longest": max(len(line) for line in envelope.content.split(b"\r\n")),
            "ascii": envelope.content.isascii(),
        })
        if "silence" in subject:
            await asyncio.sleep(3600)
        return "250 kept"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"sluice", b"pass word")
    return AuthResult(success=right, auth_data=data.login if right else None, handled=False)


async def slow(reader, writer):
    """Takes its time over a text, and does not answer QUIT."""
    writer.write(b"220 slow\r\n")
    while line := await reader.readline():
        if line.startswith(b"QUIT"):
            await asyncio.sleep(3600)
        writer.write(b"354 go on\r\n" if line.startswith(b"DATA") else b"250 yes\r\n")
        if line.startswith(b"DATA"):
            texts.append("begun")
            await asyncio.sleep(2)
            text = b""
            while not text.endswith(b"\r\n.\r\n") and (more := await reader.read(65536)):
                text += more
            texts[-1] = "whole" if text.endswith(b"\r\n.\r\n") else "cut"
            writer.write(b"250 kept\r\n")


async def main():
    # Its output is read as JSON, and aiosmtpd warns of what is meant here.
    sys.stderr = open(os.devnull, "w")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()

    async def serve(tls=None, **options):
        def make():
            return SMTP(Sink(), loop=loop, hostname="sink.example", **options)

        server = await loop.create_server(make, "127.0.0.1", 0, ssl=tls)
        return server, server.sockets[0].getsockname()[1]

    async def silent(reader, writer):
        await reader.read(-1)

    # Little room, so that a sender is held up in the middle.
    tired = await asyncio.start_server(slow, "127.0.0.1", 0, limit=4096)
    quiet = await asyncio.start_server(silent, "127.0.0.1", 0)
    servers = {
        "starttls": await serve(
            tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate),
        "login only": await serve(
            tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate,
            auth_exclude_mechanism=["PLAIN"]),
        "tls": await serve(
            tls=context, auth_required=True, auth_require_tls=False, authenticator=authenticate),
        "plain": await serve(),
        "no login": await serve(tls_context=context, auth_exclude_mechanism=["PLAIN", "LOGIN"]),
        "slow": (tired, tired.sockets[0].getsockname()[1]),
        "silent": (quiet, quiet.sockets[0].getsockname()[1]),
    }
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ports = {name: port for name, (_, port) in servers.items()}
        reply = {"ports": ports, "mails": mails, "texts": texts}[line.strip()]
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


asyncio.run(main())
