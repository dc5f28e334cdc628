"""Any gRPC client can use the services: here Python's, with stubs made from Protos/ at test time.

Every value is compared with what the CLI prints.
"""

import datetime
import json
import re
import threading

import grpc
import pytest
from support import sample
from support.house import NOT_FOUND

SYNC = "grpc-customers"
REASON = "sluice-reason"


def nanoseconds(text):
    """RFC 3339 in UTC, as the CLI prints it, as the protocol's integer; exact."""
    if text is None:
        return 0
    parts = re.fullmatch(r"(.{19})(?:\.(\d{1,9}))?Z", text)
    if parts is None:
        return text
    whole, fraction = parts.groups()
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    return int(moment.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))


def enum_name(value, enum):
    """CREDENTIAL_KIND_KEY_PAIR of CredentialKind is `key_pair` to users."""
    prefix = re.sub(r"(?<!^)([A-Z])", r"_\1", enum.name).upper() + "_"
    return enum.values_by_number[value].name.removeprefix(prefix).lower()


def differences(message, printed):
    """Which of a message's fields the CLI's JSON does not print with the same value."""
    found = []
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        shown = printed.get(field.name, "not printed")
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = dict(value)
        elif field.message_type is not None and field.is_repeated:
            for index, one in enumerate(value):
                found += [f"{field.name}[{index}].{name}" for name in differences(one, shown[index])]
            found += [f"{field.name}: {len(value)} over gRPC"] if len(value) != len(shown) else []
            continue
        elif field.message_type is not None:
            found += [f"{field.name}.{name}" for name in differences(value, shown)]
            continue
        elif field.is_repeated:
            value = list(value)
        elif field.enum_type is not None:
            value = enum_name(value, field.enum_type)
        elif field.has_presence:
            value = value if message.HasField(field.name) else None
        if field.name.endswith("_at") or field.name in ("cursor", "scheduled_for"):
            shown = nanoseconds(shown)
            value = value or 0
        elif value == "" and shown is None or field.name == "time_zone" and value == "" and shown == "UTC":
            continue
        if value != shown:
            found.append(f"{field.name}: {value!r} over gRPC, {shown!r} from the CLI")
    return found


def refused(call):
    """Runs a call that must fail; answers its status code and the service's stable reason."""
    with pytest.raises(grpc.RpcError) as caught:
        answer = call()
        if hasattr(answer, "__iter__"):
            list(answer)
    trailers = dict(caught.value.trailing_metadata() or ())
    return caught.value.code(), trailers.get(REASON)


@pytest.fixture(scope="module")
def synced(dev, clients, stubs):
    """A sync that was made, tested, activated and run once, all of it over gRPC."""
    o = stubs.orchestrator
    warehouse = dev.folder / "warehouse.db"
    newest = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.timezone.utc)
    sample.make_warehouse(warehouse, newest)
    orchestrator = clients.orchestrator()
    put = orchestrator.PutSource(o.PutSourceRequest(source=o.Source(
        workspace="default", name="grpc-warehouse", type="sqlite", settings={"file": str(warehouse)})))
    assert put.change == o.CHANGE_CREATED
    put = orchestrator.PutSync(o.PutSyncRequest(sync=o.Sync(
        workspace="default", name=SYNC, source="grpc-warehouse", table="customers",
        data=o.DATA_TYPE_ATTRIBUTES, destination="profiles", schedule="manual",
        contacts=["ops@example.com"])))
    assert put.change == o.CHANGE_CREATED
    assert put.sync.state == o.SYNC_STATE_DRAFT

    events = list(orchestrator.TestSync(o.TestSyncRequest(workspace="default", name=SYNC)))
    report = events[-1].report
    assert report.ok, report
    assert not any(event.HasField("report") for event in events[:-1])
    assert {column.name for column in report.columns} == {"UPDATED_AT", "EXTERNAL_ID", "PAYLOAD"}
    assert len(report.preview) == 10
    assert all(len(row.values) == len(report.columns) for row in report.preview)

    sync = orchestrator.ActivateSync(o.ActivateSyncRequest(workspace="default", name=SYNC))
    assert sync.state == o.SYNC_STATE_ACTIVE
    started = orchestrator.RunSync(o.RunSyncRequest(workspace="default", name=SYNC))
    states = list(orchestrator.WatchRun(o.WatchRunRequest(workspace="default", run_id=started.run_id)))
    assert states, "a watch says at least how the run is now"
    run = states[-1]
    assert run.run_id == started.run_id
    assert run.status == o.RUN_STATUS_SUCCESS, run
    assert run.rows_read == run.applied == sample.ROWS
    # It never goes back.
    assert [state.rows_read for state in states] == sorted(state.rows_read for state in states)
    return run


def test_the_vault_unary_and_streaming(dev, clients, stubs):
    v = stubs.vault
    vault = clients.vault()
    request = v.PutCredentialRequest(
        workspace="default", name="grpc-password", type=v.CREDENTIAL_KIND_PASSWORD,
        username="reader", secret="pässword".encode())
    first = vault.PutCredential(request)
    assert (first.change, first.credential.version) == (v.CHANGE_CREATED, 1)
    assert vault.PutCredential(request).change == v.CHANGE_UNCHANGED
    pair = vault.PutCredential(v.PutCredentialRequest(
        workspace="default", name="grpc-pair", type=v.CREDENTIAL_KIND_KEY_PAIR, username="loader"))
    assert pair.credential.public_key.startswith("-----BEGIN PUBLIC KEY-----")
    assert pair.credential.fingerprint.startswith("SHA256:")

    for name in ["grpc-password", "grpc-pair"]:
        shown = dev.json("credential", "show", name)
        message = vault.GetCredential(v.GetCredentialRequest(workspace="default", name=name))
        assert differences(message, shown) == []
        assert "pässword" not in json.dumps(shown, ensure_ascii=False)
    listed = list(vault.ListCredentials(v.ListCredentialsRequest(workspace="default")))
    printed = dev.json("credential", "list")
    assert [message.name for message in listed] == [entry["name"] for entry in printed]
    assert {"grpc-pair", "grpc-password"} <= {message.name for message in listed}
    for message, entry in zip(listed, printed):
        assert differences(message, entry) == []


def test_a_secret_is_released_to_the_orchestrator_alone(clients, stubs):
    v = stubs.vault
    clients.vault().PutCredential(v.PutCredentialRequest(
        workspace="default", name="grpc-secret", type=v.CREDENTIAL_KIND_PASSWORD,
        username="reader", secret=b"s3cret"))
    request = v.ReleaseSecretRequest(workspace="default", name="grpc-secret", purpose="test", run_id="r")
    released = clients.vault("orchestrator").ReleaseSecret(request)
    assert (released.secret, released.username, released.version) == (b"s3cret", "reader", 1)
    assert refused(lambda: clients.vault("operator").ReleaseSecret(request))[0] == grpc.StatusCode.PERMISSION_DENIED
    clients.vault().PutCredential(v.PutCredentialRequest(
        workspace="default", name="grpc-kept", type=v.CREDENTIAL_KIND_KEY_PAIR))
    # A key pair never leaves (design, decision 15).
    kept = v.ReleaseSecretRequest(workspace="default", name="grpc-kept", purpose="test")
    assert refused(lambda: clients.vault("orchestrator").ReleaseSecret(kept))[0] == grpc.StatusCode.FAILED_PRECONDITION


def test_what_is_not_there_is_not_found_with_a_stable_reason(dev, clients, stubs):
    code, reason = refused(lambda: clients.vault().GetCredential(
        stubs.vault.GetCredentialRequest(workspace="default", name="none")))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "credential_not_found")
    dev.cli("credential", "show", "none", expect=NOT_FOUND)
    code, reason = refused(lambda: clients.orchestrator().GetSync(
        stubs.orchestrator.GetSyncRequest(workspace="default", name="none")))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "sync_not_found")
    code, reason = refused(lambda: clients.writer().GetProfile(
        stubs.writer.GetProfileRequest(workspace="default", external_id="none")))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "profile_not_found")


def test_the_orchestrator_unary_and_streaming(dev, clients, stubs, synced):
    o = stubs.orchestrator
    orchestrator = clients.orchestrator()
    source = orchestrator.GetSource(o.GetSourceRequest(workspace="default", name="grpc-warehouse"))
    assert differences(source, dev.json("source", "show", "grpc-warehouse")) == []
    sync = orchestrator.GetSync(o.GetSyncRequest(workspace="default", name=SYNC))
    assert sync.tested
    printed = dev.json("sync", "show", SYNC)
    assert differences(sync, printed) == []

    for call, request, command in [
        (orchestrator.ListSources, o.ListSourcesRequest(workspace="default"), ["source", "list"]),
        (orchestrator.ListSyncs, o.ListSyncsRequest(workspace="default"), ["sync", "list"]),
    ]:
        assert [message.name for message in call(request)] == [entry["name"] for entry in dev.json(*command)]

    run = orchestrator.GetRun(o.GetRunRequest(workspace="default", run_id=synced.run_id))
    assert run == synced
    assert differences(run, dev.json("run", "show", synced.run_id)) == []
    runs = list(orchestrator.ListRuns(o.ListRunsRequest(workspace="default", sync=SYNC)))
    assert [run.run_id for run in runs] == [entry["run_id"] for entry in dev.json("run", "list", SYNC)]
    cursor = orchestrator.GetCursor(o.GetCursorRequest(workspace="default", sync=SYNC))
    assert cursor.position == run.cursor
    # The newest row's UPDATED_AT, exactly (design, decision 1).
    assert cursor.position == nanoseconds("2024-05-01T12:00:00Z")


def test_the_writer_unary_and_streaming(dev, clients, stubs, synced):
    w = stubs.writer
    writer = clients.writer()
    profile = writer.GetProfile(w.GetProfileRequest(workspace="default", external_id="customer-0007"))
    assert profile.external_id == "customer-0007"
    assert json.loads(profile.json) == dev.json("profile", "show", "--external-id", "customer-0007")
    exported = {
        message.braze_id: json.loads(message.json)
        for message in writer.ExportProfiles(w.ExportProfilesRequest(workspace="default"))}
    printed = [json.loads(line) for line in dev.cli("profile", "export", "-o", "jsonl").splitlines()]
    assert {entry["braze_id"]: entry for entry in printed} == exported
    assert len(exported) >= sample.ROWS
    counts = writer.CountProfiles(w.CountProfilesRequest(workspace="default"))
    assert differences(counts, dev.json("profile", "count")) == []
    assert counts.profiles == len(exported)
    rows = w.ListRejectedRowsRequest(workspace="default", sync=SYNC, run_id=synced.run_id)
    assert list(writer.ListRejectedRows(rows)) == []


class Batches:
    """Sends batches to one sync of its own as an orchestrator would, by hand."""

    def __init__(self, stubs, writer, sync):
        self.w = stubs.writer
        self.writer = writer
        self.sync = sync
        self.workspace = "by-hand"

    def open(self, epoch):
        return self.writer.OpenSync(self.w.OpenSyncRequest(
            workspace=self.workspace, sync=self.sync, epoch=epoch, run_id=f"run-{epoch}",
            destination="profiles", data=self.w.DATA_TYPE_ATTRIBUTES, overlap_ns=600 * 10**9))

    def batch(self, epoch, number, rows, batch_id=None):
        return self.w.ApplyBatchRequest(
            workspace=self.workspace, sync=self.sync, epoch=epoch, batch_number=number,
            batch_id=batch_id or f"batch-{number}", run_id=f"run-{epoch}",
            position_limit=2 * 10**18, rows=rows)

    def row(self, updated_at, external_id, payload):
        return self.w.Row(updated_at=updated_at, external_id=external_id, payload=payload)


def test_batches_stream_both_ways_and_are_applied_once(dev, clients, stubs):
    batches = Batches(stubs, clients.writer("orchestrator"), "both-ways")
    number = batches.open(1).next_batch_number
    # The first receipt is read before the second batch is written: both directions are open at once.
    waiting = [
        batches.batch(1, number, [batches.row(10**18 + i, f"user-{i}".encode(), b'{"a": %d}' % i) for i in range(5)]),
        batches.batch(1, number + 1, [
            batches.row(10**18 + 10, b"user-1", b'{"a": 77, "b": true}'),
            batches.row(10**18 + 11, b"user-2", b"not JSON"),
            batches.row(10**18 + 12, b"\xff\xfe", b"{}"),
        ]),
    ]
    seen, received = [], threading.Semaphore(0)

    def requests():
        for index, batch in enumerate(waiting):
            assert len(seen) == index, "the receipt of every earlier batch is here"
            yield batch
            received.acquire(timeout=60)

    for receipt in batches.writer.ApplyBatches(requests(), timeout=60):
        seen.append(receipt)
        received.release()
    assert [(receipt.batch_number, receipt.batch_id) for receipt in seen] == [
        (number, f"batch-{number}"), (number + 1, f"batch-{number + 1}")]
    assert (seen[0].applied, seen[0].rejected) == (5, 0)
    assert (seen[1].applied, seen[1].rejected) == (1, 2)

    # A repeated batch is answered with its stored receipt (design, decision 3).
    assert batches.writer.ApplyBatch(waiting[1]) == seen[1]
    profile = clients.writer().GetProfile(
        stubs.writer.GetProfileRequest(workspace="by-hand", external_id="user-1"))
    assert json.loads(profile.json)["custom_attributes"] == {"a": 77, "b": True}
    rejected = list(clients.writer().ListRejectedRows(
        stubs.writer.ListRejectedRowsRequest(workspace="by-hand", sync="both-ways")))
    assert [(row.batch_number, row.row_index) for row in rejected] == [(number + 1, 1), (number + 1, 2)]


def test_the_fence_and_the_batch_number_hold(clients, stubs):
    batches = Batches(stubs, clients.writer("orchestrator"), "fenced")
    number = batches.open(5).next_batch_number
    row = batches.row(10**18, b"fenced-user", b'{"a": 1}')
    assert batches.writer.ApplyBatch(batches.batch(5, number, [row])).applied == 1
    assert refused(lambda: batches.writer.ApplyBatch(batches.batch(5, number + 7, [row]))) == (
        grpc.StatusCode.FAILED_PRECONDITION, "unexpected_batch")
    opened = batches.open(6)
    assert opened.next_batch_number == number + 1
    assert refused(lambda: batches.open(5)) == (grpc.StatusCode.FAILED_PRECONDITION, "stale_epoch")
    late = batches.batch(5, number + 1, [row], "late")
    assert refused(lambda: batches.writer.ApplyBatch(late)) == (
        grpc.StatusCode.FAILED_PRECONDITION, "stale_epoch")
    assert refused(lambda: batches.writer.ApplyBatches(iter([late]))) == (
        grpc.StatusCode.FAILED_PRECONDITION, "stale_epoch")
    # The same row again, in a new run: known, not applied twice (design, decision 2).
    receipt = batches.writer.ApplyBatch(batches.batch(6, number + 1, [row]))
    assert (receipt.applied, receipt.already_applied) == (0, 1)


def test_only_the_orchestrator_applies(clients, stubs):
    for role in ["operator", "vault"]:
        batches = Batches(stubs, clients.writer(role), "not-mine")
        assert refused(lambda: batches.open(1))[0] == grpc.StatusCode.PERMISSION_DENIED
        assert refused(lambda: batches.writer.ApplyBatches(iter([])))[0] == grpc.StatusCode.PERMISSION_DENIED
