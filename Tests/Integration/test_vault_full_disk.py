"""A vault whose disk is full gives nothing away that it cannot write down, and loses nothing."""

import grpc
import jwt
import pytest
from support.faults import fill, small_disk
from support.vault import VaultCalls, VaultProcess, make_certificates, make_master_key


def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def test_no_secret_leaves_while_the_audit_log_cannot_be_written(tmp_path, stubs):
    certificates = make_certificates(tmp_path / "certificates")
    with small_disk(tmp_path / "disk") as disk:
        process = VaultProcess(tmp_path / "vault", certificates, data=disk / "data")
        make_master_key(process.key_file)
        with process:
            calls = VaultCalls(process, stubs)
            calls.put("shop-db", b"canary-of-a-full-disk")
            pair = calls.put("snow", kind="KEY_PAIR").credential
            calls.sign()
            calls.prove(1)
            ballast = fill(disk)
            # What room there is in the last pages of the write-ahead log is used up first.
            answered = 0
            for _ in range(2000):
                try:
                    calls.release("shop-db")
                    answered += 1
                except grpc.RpcError:
                    break
            before = len(calls.audit()) if answered else None
            for call in [lambda: calls.release("shop-db"), calls.sign, lambda: calls.put("new", b"x"),
                         calls.rotate, calls.backup]:
                code, text = refused(call)
                assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, (code, text)
                assert "disk is full" in text and "canary" not in text
            # What needs no room still is answered, and is right.
            assert calls.get("shop-db").version == 1
            seen = calls.status()
            entries = calls.audit()
            assert before is None or len(entries) == before
            assert sum(entry.action == "release" for entry in entries) == answered
            assert calls.problems() == []

            ballast.unlink()
            assert calls.release("shop-db").secret == b"canary-of-a-full-disk"
            jwt.decode(calls.sign().token, pair.public_key, algorithms=["RS256"])
            calls.put("new", b"x")
            assert calls.status().generation >= seen.generation + 3
            assert [entry.seq for entry in calls.audit()] == list(range(1, len(entries) + 4))
            assert calls.problems() == []
            fill(disk)
        # Without any room at all it starts, and signs nothing; with some it is whole.
        (disk / "ballast").unlink()
        with process:
            calls = VaultCalls(process, stubs)
            assert calls.problems() == []
            assert calls.release("shop-db").secret == b"canary-of-a-full-disk"
            assert len(calls.get("snow").keys) == 1
