"""Who may call what: every method of the running services with certificates of every role."""

import re
import subprocess

import grpc
import pytest
from support.house import REPOSITORY
from test_grpc_connections import each_service

# Methods beside a service's own; a watch of health would go on for ever.
STANDARD = ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"]


def documented(service):
    """The roles of each method's path, as docs/architecture.md has them."""
    text = (REPOSITORY / "docs/architecture.md").read_text()
    return {
        f"/sluice.{service}.v1.{name}/{method}": set(roles.split(", "))
        for name, methods, roles in re.findall(
            rf"^\| ({service.title()}\w*) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
        for method in methods.split(", ")}


def certificate(clients, folder, name, alternative):
    """Credentials from the house's own authority that say `alternative`."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    key, request, signed, extension = (folder / f"{name}.{end}" for end in ["key", "csr", "pem", "ext"])
    extension.write_text(f"subjectAltName={alternative}\nextendedKeyUsage=clientAuth\n")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-days", "1", "-extfile", extension, "-out", signed,
            "-CA", clients.certificates / "ca.pem", "-CAkey", clients.certificates / "ca.key", "-CAcreateserial",
            "-CAserial", folder / f"{name}.serial")
    return grpc.ssl_channel_credentials(
        (clients.certificates / "ca.pem").read_bytes(), key.read_bytes(), signed.read_bytes())


@pytest.fixture(scope="module")
def callers(clients, tmp_path_factory):
    """Credentials by role; None is a certificate that names no role."""
    folder = tmp_path_factory.mktemp("callers")
    return {
        **{role: clients.credentials(role) for role in ["operator", "orchestrator", "writer", "vault"]},
        "auditor": certificate(clients, folder, "auditor", "URI:urn:sluice:role:auditor:1"),
        None: certificate(clients, folder, "nobody", "DNS:localhost"),
    }


def code_of(channel, path):
    """What a call with one empty message ends with; every shape of a call takes one."""
    call = channel.stream_stream(path, request_serializer=bytes, response_deserializer=bytes)(iter([b""]), timeout=30)
    try:
        for _ in call:
            pass
    except grpc.RpcError:
        pass
    return call.code()


@each_service
def test_exactly_the_documented_roles_may_call(clients, callers, service):
    roles = documented(service)
    assert roles
    for role, credentials in callers.items():
        with grpc.secure_channel(clients.context[service], credentials) as channel:
            for path in [*roles, *STANDARD]:
                code = code_of(channel, path)
                if role is None:
                    assert code == grpc.StatusCode.UNAUTHENTICATED, path
                elif path in STANDARD:
                    assert code == grpc.StatusCode.OK, (path, role)
                else:
                    denied = code in [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED]
                    assert denied == (role not in roles[path]), (path, role, code)
