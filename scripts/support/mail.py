"""A mail server that keeps what it gets: STARTTLS by a test authority, and AUTH."""

import datetime
import email
import email.policy
import ipaddress
import ssl
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .postgres import free_port

USER = "sluice"
PASSWORD = "the postman's password"


class MailSink:
    """Starts with `with`; may be stopped and started again, on the same port.

    `mails` are parsed; each has `recipients`, `login` and `encrypted` besides, as the envelope said.
    `refusals` says what is answered to a recipient instead of 250.
    """

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.mails = []
        self.refusals = {}
        self.controller = None
        self.authority = folder / "mail-authority.pem"
        make_certificate(folder)

    @property
    def settings(self):
        """What the orchestrator must be told, but the credential's name."""
        return {"SLUICE_MAIL_SERVER": f"127.0.0.1:{self.port}", "SLUICE_MAIL_FROM": "sluice@example.com",
                "SLUICE_MAIL_CA": str(self.authority)}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.folder / "mail.pem", self.folder / "mail.key")
        self.controller = Controller(
            self, "127.0.0.1", self.port, tls_context=tls, require_starttls=True, auth_required=True,
            authenticator=authenticate)
        self.controller.start()

    def stop(self):
        controller, self.controller = self.controller, None
        if controller is not None:
            controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail.recipients = envelope.rcpt_tos
        mail.login = session.auth_data
        mail.encrypted = session.ssl is not None
        self.mails.append(mail)
        return "250 kept"

    def about(self, sync):
        """The subjects of the mails about a sync, in the order in which they came."""
        return [mail["subject"] for mail in self.mails if f'sync "{sync}"' in mail["subject"]]

    def wait_for(self, arrived, patience=90):
        deadline = time.monotonic() + patience
        while not arrived():
            if time.monotonic() > deadline:
                raise AssertionError(f"the mail did not come; those that came: {[m['subject'] for m in self.mails]}")
            time.sleep(0.05)


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, auth_data=USER if right else None, handled=False)


def make_certificate(folder):
    """`mail-authority.pem`, and `mail.pem` and `mail.key` that it answers for, below `folder`."""
    began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)

    def certificate(name, key, issuer, issuer_key, *extensions):
        builder = x509.CertificateBuilder(
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]),
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
            key.public_key(), x509.random_serial_number(), began, began + datetime.timedelta(days=2))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (folder / "mail-authority.pem").write_bytes(certificate(
        "test authority", authority, "test authority", authority, x509.BasicConstraints(True, 0)))
    (folder / "mail.pem").write_bytes(certificate(
        "mail", key, "test authority", authority, x509.BasicConstraints(False, None),
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])))
    (folder / "mail.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
