"""gRPC's interoperability cases, both ways: our client and server with those of grpcio.

The cases: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
"""

import contextlib
import pathlib
import subprocess
import sys

import pytest
from grpc_tools import protoc
from support.house import find_binaries
from support.interop import end
from support.standstill import describe

HERE = pathlib.Path(__file__).parent
CASES = [
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response",
    "status_code_and_message", "special_status_message", "custom_metadata", "unimplemented_method",
    "unimplemented_service", "server_compressed_unary", "server_compressed_streaming",
]
# They begin with a probe: a message that says it is compressed and is not. A server on Python's grpcio sees
# that only if grpcio leaves decompression to it, so both kinds are called: one without the probe.
PROBED = ["client_compressed_unary", "client_compressed_streaming"]
DEBIANS = "/usr/bin/python3"


def has_grpcio(python):
    found = subprocess.run([python, "-c", "import grpc, google.protobuf"], capture_output=True)
    return found.returncode == 0


@pytest.fixture(scope="module", params=["grpcio", "grpcio-of-Debian"])
def peer(request, tmp_path_factory):
    """How to run interop_peer.py on one of the two versions of grpcio."""
    python = sys.executable if request.param == "grpcio" else DEBIANS
    if not has_grpcio(python):
        pytest.skip(f"{python} has no grpcio: on Debian, install python3-grpcio and python3-protobuf")
    descriptors = tmp_path_factory.mktemp("interop") / "descriptors"
    assert protoc.main([
        "protoc", f"--proto_path={HERE / 'protos'}", f"--descriptor_set_out={descriptors}",
        "grpc/testing/test.proto"]) == 0
    return [python, HERE / "interop_peer.py", descriptors]


@pytest.fixture(scope="module", params=["plaintext", "tls"])
def files(request, tmp_path_factory):
    """Certificate, key and authority for both sides, or nothing."""
    if request.param == "plaintext":
        return []
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "1", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1,URI:urn:sluice:role:operator:interop",
        "-keyout", folder / "key", "-out", folder / "certificate"], check=True, capture_output=True)
    return [folder / "certificate", folder / "key", folder / "certificate"]


@contextlib.contextmanager
def serving(command, files, mode="server"):
    """The port of a server that runs as long as the block."""
    process = subprocess.Popen(
        [*command, mode, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        end(process)


def ours():
    return [find_binaries() / "interop"]


@pytest.fixture(scope="module")
def our_server(files):
    with serving(ours(), files) as port:
        yield port


@pytest.fixture(scope="module")
def their_server(peer, files):
    with serving(peer, files) as port:
        yield port


@pytest.fixture(scope="module")
def their_raw_server(peer, files):
    with serving(peer, files, "raw-server") as port:
        yield port


def run(command, port, case, files):
    process = subprocess.Popen(
        [*command, "client", port, case, *files], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{command[0]}: {case} stood still for 30 s\n{describe(process, port)}")
    assert process.returncode == 0, output + errors


@pytest.mark.parametrize("case", CASES + PROBED)
def test_their_client_calls_our_server(peer, files, our_server, case):
    run(peer, our_server, case, files)


@pytest.mark.parametrize("case", CASES + [f"{case}_without_probe" for case in PROBED])
def test_our_client_calls_their_server(peer, files, their_server, case):
    run(ours(), their_server, case, files)


@pytest.mark.parametrize("case", PROBED)
def test_our_client_calls_their_server_that_sees_what_is_compressed(peer, files, their_raw_server, case):
    run(ours(), their_raw_server, case, files)


@pytest.mark.parametrize("case", [case for case in CASES + PROBED if "compressed" in case])
def test_our_client_calls_our_server(files, our_server, case):
    run(ours(), our_server, case, files)
