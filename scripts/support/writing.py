"""Batches straight to a house's writer over gRPC, as the orchestrator would send them."""

import contextlib
import importlib
import pathlib
import shutil
import sys
import tempfile
import types

import grpc
import yaml
from grpc_tools import protoc

from support.house import REPOSITORY

# Everything that was ever applied stays in the ledger.
OVERLAP = 300_000_000_000_000_000
COLUMNS = ["external_id", "alias_name", "alias_label", "braze_id", "email", "phone"]


def make_stubs(folder):
    """The writer's modules that grpcio-tools makes from Protos/, for scripts outside of pytest."""
    protos = REPOSITORY / "Protos"
    code = protoc.main([
        "protoc", f"--proto_path={protos}", f"--python_out={folder}", f"--grpc_python_out={folder}",
        str(protos / "sluice/writer/v1/writer.proto")])
    if code != 0:
        sys.exit(f"protoc ended with {code}")
    sys.path.insert(0, str(folder))
    return types.SimpleNamespace(
        writer=importlib.import_module("sluice.writer.v1.writer_pb2"),
        writer_grpc=importlib.import_module("sluice.writer.v1.writer_pb2_grpc"))


@contextlib.contextmanager
def memory_folder(otherwise):
    """A folder in memory where the system has such a place."""
    memory = pathlib.Path("/dev/shm")
    if not memory.is_dir():
        yield otherwise
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-", dir=memory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Writer:
    """A channel to the writer of `sluice dev`, with the orchestrator's certificate."""

    def __init__(self, house, stubs):
        self.messages = stubs.writer
        contexts = yaml.safe_load((house.folder / "config/sluice/contexts.yaml").read_text())
        context = contexts["contexts"][contexts["current"]]
        folder = pathlib.Path(context["authority"]).parent
        credentials = grpc.ssl_channel_credentials(
            pathlib.Path(context["authority"]).read_bytes(), (folder / "orchestrator.key").read_bytes(),
            (folder / "orchestrator.pem").read_bytes())
        self.channel = grpc.secure_channel(
            context["writer"], credentials,
            [("grpc.max_receive_message_length", 32 << 20), ("grpc.max_send_message_length", 32 << 20)])
        self.stub = stubs.writer_grpc.WriterStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()


class Sync:
    """One run of a sync: opened with the epoch after that of the run before."""

    def __init__(self, writer, workspace, data, existing_only=False, after=None):
        self.writer, self.workspace, self.data = writer, workspace, data
        self.epoch = after.epoch + 1 if after else 1
        messages = writer.messages
        opened = writer.stub.OpenSync(messages.OpenSyncRequest(
            workspace=workspace, sync=data, epoch=self.epoch, run_id=f"run-{self.epoch}", destination="profiles",
            data=messages.DataType.Value("DATA_TYPE_" + data.upper()), overlap_ns=OVERLAP,
            update_existing_only=existing_only))
        self.next = opened.next_batch_number
        self.last = None

    def apply(self, rows):
        self.last = self.writer.messages.ApplyBatchRequest(
            workspace=self.workspace, sync=self.data, epoch=self.epoch, batch_number=self.next,
            batch_id=f"{self.epoch}-{self.next}", run_id=f"run-{self.epoch}", position_limit=(1 << 63) - 1,
            rows=[self.row(row) for row in rows])
        receipt = self.writer.stub.ApplyBatch(self.last)
        self.next += 1
        return receipt

    def repeat(self):
        return self.writer.stub.ApplyBatch(self.last)

    def row(self, row):
        message = self.writer.messages.Row(updated_at=row.at)
        for name in COLUMNS:
            if name in row.columns:
                value = row.columns[name]
                setattr(message, name, value if isinstance(value, bytes) else value.encode())
        if row.payload is not None:
            message.payload = row.payload if isinstance(row.payload, bytes) else row.payload.encode()
        return message

    def log(self):
        return self.writer.stub.ListRejectedRows(self.writer.messages.ListRejectedRowsRequest(
            workspace=self.workspace, sync=self.data, warnings=True))


def export(writer, workspace):
    request = writer.messages.ExportProfilesRequest(workspace=workspace, events=True)
    return [profile.json.decode() for profile in writer.stub.ExportProfiles(request)]
