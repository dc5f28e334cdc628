"""What every test of the running services stands on. See scripts/support for what it starts."""

import importlib
import pathlib
import sys
import types

import pytest
from grpc_tools import protoc
from support.house import REPOSITORY, House
from support.postgres import PrivateCluster


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """The modules that grpcio-tools makes from Protos/, as any client in another language would.

    `stubs.vault`, `stubs.orchestrator` and `stubs.writer` hold the messages, `stubs.vault_grpc` and
    so on the stubs.
    """
    folder = tmp_path_factory.mktemp("stubs")
    protos = REPOSITORY / "Protos"
    files = [str(path) for path in sorted(protos.rglob("*.proto"))]
    include = pathlib.Path(protoc.__file__).parent / "_proto"
    code = protoc.main([
        "protoc", f"--proto_path={protos}", f"--proto_path={include}", f"--python_out={folder}",
        f"--grpc_python_out={folder}", *files])
    assert code == 0, f"protoc ended with {code}"
    sys.path.insert(0, str(folder))
    try:
        yield types.SimpleNamespace(**{
            service + suffix: importlib.import_module(f"sluice.{service}.v1.{service}_pb2{suffix}")
            for service in ["vault", "orchestrator", "writer"] for suffix in ["", "_grpc"]})
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    """The three services under `sluice dev`, healthy; one house a test file."""
    with House(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="module")
def postgres():
    """An empty PostgreSQL server of the test file's own."""
    with PrivateCluster() as cluster:
        yield cluster
