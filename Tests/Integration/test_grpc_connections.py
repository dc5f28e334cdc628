"""Who may connect, what health says, and what becomes of calls that make no sense."""

import subprocess

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVICES = {
    "vault": "sluice.vault.v1.Vault",
    "orchestrator": "sluice.orchestrator.v1.Orchestrator",
    "writer": "sluice.writer.v1.Writer",
}
SERVING = health_pb2.HealthCheckResponse.SERVING

each_service = pytest.mark.parametrize("service", SERVICES)


def code_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code()


def check(channel, name=""):
    return health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service=name), timeout=10).status


@each_service
def test_health_answers_for_the_process_and_for_its_service(clients, service):
    channel = clients.channel(service)
    assert check(channel) == SERVING
    assert check(channel, SERVICES[service]) == SERVING
    assert code_of(lambda: check(channel, "sluice.none.v1.None")) == grpc.StatusCode.NOT_FOUND


@each_service
def test_health_can_be_watched(clients, service):
    call = health_pb2_grpc.HealthStub(clients.channel(service)).Watch(
        health_pb2.HealthCheckRequest(service=SERVICES[service]), timeout=30)
    assert next(call).status == SERVING
    call.cancel()


@each_service
def test_without_a_certificate_nobody_gets_in(clients, service):
    with grpc.secure_channel(clients.context[service], clients.credentials(None)) as channel:
        assert code_of(lambda: check(channel)) == grpc.StatusCode.UNAVAILABLE


@each_service
def test_without_tls_nobody_gets_in(clients, service):
    with grpc.insecure_channel(clients.context[service]) as channel:
        assert code_of(lambda: check(channel)) == grpc.StatusCode.UNAVAILABLE


def test_a_certificate_of_another_authority_does_not_help(clients, tmp_path):
    # It says all the right things; only nobody whom we trust said them.
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "1", "-subj", "/CN=operator", "-addext", "subjectAltName=URI:urn:sluice:role:operator:local",
        "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"], check=True, capture_output=True)
    credentials = grpc.ssl_channel_credentials(
        (clients.certificates / "ca.pem").read_bytes(), (tmp_path / "key").read_bytes(),
        (tmp_path / "certificate").read_bytes())
    with grpc.secure_channel(clients.context["vault"], credentials) as channel:
        assert code_of(lambda: check(channel)) == grpc.StatusCode.UNAVAILABLE


def raw(channel, path):
    return channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)


@each_service
def test_an_unknown_method_is_unimplemented(clients, service):
    for path in [f"/{SERVICES[service]}/Nothing", "/sluice.none.v1.None/Get"]:
        assert code_of(lambda: raw(clients.channel(service), path)(b"", timeout=10)) == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("damaged", [
    pytest.param(b"\x0a\x7f", id="cut"), pytest.param(b"\x00\x00", id="field-0"),
    pytest.param(b"\x0a\x01\xff", id="not-utf-8"), pytest.param(b"\x08" + b"\xff" * 10, id="long-varint"),
    pytest.param(b"\x0b", id="open-group")])
def test_bytes_that_are_no_message_are_the_callers_fault(clients, damaged):
    for service, method in [("vault", "PutCredential"), ("orchestrator", "GetSync"), ("writer", "GetProfile")]:
        call = raw(clients.channel(service), f"/{SERVICES[service]}/{method}")
        assert code_of(lambda: call(damaged, timeout=10)) == grpc.StatusCode.INVALID_ARGUMENT
        assert check(clients.channel(service)) == SERVING


def test_a_deadline_ends_a_stream(clients):
    watch = health_pb2_grpc.HealthStub(clients.channel("vault")).Watch(
        health_pb2.HealthCheckRequest(), timeout=0.5)
    assert code_of(lambda: list(watch)) == grpc.StatusCode.DEADLINE_EXCEEDED
    assert check(clients.channel("vault")) == SERVING


def test_a_message_beyond_the_limit_is_refused_and_the_rest_goes_on(clients):
    call = raw(clients.channel("vault"), f"/{SERVICES['vault']}/PutCredential")
    assert code_of(lambda: call(bytes(64 << 20), timeout=60)) == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert check(clients.channel("vault")) == SERVING
