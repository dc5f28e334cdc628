"""What every test of the running services stands on. See scripts/support for what it starts."""

import importlib
import pathlib
import sys
import types

import grpc
import pytest
import yaml
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
    files = [str(path) for path in sorted((protos / "sluice").rglob("*.proto"))]
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


class Clients:
    """gRPC channels to a house's services, with the certificates that `sluice dev` made."""

    def __init__(self, house, stubs):
        self.stubs = stubs
        contexts = yaml.safe_load((house.folder / "config/sluice/contexts.yaml").read_text())
        self.context = contexts["contexts"][contexts["current"]]
        self.certificates = pathlib.Path(self.context["authority"]).parent
        self.channels = {}

    def credentials(self, role):
        """`role` None: no certificate of our own, as of somebody who only knows the address."""
        authority = pathlib.Path(self.context["authority"]).read_bytes()
        if role is None:
            return grpc.ssl_channel_credentials(authority)
        return grpc.ssl_channel_credentials(
            authority, (self.certificates / f"{role}.key").read_bytes(),
            (self.certificates / f"{role}.pem").read_bytes())

    def channel(self, service, role="operator"):
        if (service, role) not in self.channels:
            self.channels[service, role] = grpc.secure_channel(
                self.context[service], self.credentials(role),
                # No second try behind our back: a test wants to see the first answer.
                [("grpc.enable_retries", 0)])
        return self.channels[service, role]

    def vault(self, role="operator"):
        return self.stubs.vault_grpc.VaultStub(self.channel("vault", role))

    def orchestrator(self, role="operator"):
        return self.stubs.orchestrator_grpc.OrchestratorStub(self.channel("orchestrator", role))

    def writer(self, role="operator"):
        return self.stubs.writer_grpc.WriterStub(self.channel("writer", role))

    def close(self):
        for channel in self.channels.values():
            channel.close()


@pytest.fixture(scope="module")
def clients(dev, stubs):
    clients = Clients(dev, stubs)
    yield clients
    clients.close()
