"""A vault's backup: restored into an empty directory it signs as before, and nothing else is restored."""

import hashlib

import grpc
import jwt
import pytest
from support.vault import VaultCalls, VaultEnded, VaultProcess, make_certificates, make_master_key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def lost(tmp_path_factory, certificates, stubs):
    """A vault that is gone: its master key, its backup, and what the world outside knows of it."""
    folder = tmp_path_factory.mktemp("lost")
    process = VaultProcess(folder, certificates)
    make_master_key(process.key_file)
    with process:
        calls = VaultCalls(process, stubs)
        calls.put("shop-db", "pässword".encode())
        pair = calls.put("snow", kind="KEY_PAIR").credential
        calls.sign()
        calls.prove(1)
        calls.rotate()
        backup = calls.backup()
        after = calls.status()
    return process.key_file, backup, pair, after


def empty_vault(folder, certificates, key_file):
    process = VaultProcess(folder, certificates)
    process.key_file.write_bytes(key_file.read_bytes())
    process.key_file.chmod(0o600)
    return process


def code_and_text(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def test_a_restored_vault_signs_for_the_old_public_key(tmp_path, certificates, stubs, lost):
    key_file, backup, pair, after = lost
    with empty_vault(tmp_path, certificates, key_file) as process:
        calls = VaultCalls(process, stubs)
        before = calls.status()
        assert before.vault_id != after.vault_id
        restored = calls.restore(backup)
        assert (restored.vault_id, restored.credentials) == (after.vault_id, 2)
        # Nobody who knew the lost vault takes this one for a roll-back.
        assert restored.generation > after.generation + 1000
        assert calls.problems() == []
        token = calls.sign().token
        claims = jwt.decode(token, pair.public_key, algorithms=["RS256"])
        assert claims["sub"] == "MYORG-ACCOUNT.LOADER"
        assert calls.release("shop-db").secret == "pässword".encode()
        keys = {key.version: key for key in calls.get("snow").keys}
        assert sorted(keys) == [1, 2]
        jwt.decode(calls.sign(version=2).token, keys[2].public_key, algorithms=["RS256"])
        actions = [entry.action for entry in calls.audit()]
        assert actions[0] == "vault created" and "vault restored" in actions
        code, text = code_and_text(lambda: calls.restore(backup))
        assert code == grpc.StatusCode.FAILED_PRECONDITION and "empty" in text
    with process:
        assert calls.problems() == []
        jwt.decode(calls.sign().token, pair.public_key, algorithms=["RS256"])


def test_another_master_key_restores_nothing(tmp_path, certificates, stubs, lost):
    _, backup, _, _ = lost
    process = VaultProcess(tmp_path, certificates)
    make_master_key(process.key_file)
    with process:
        calls = VaultCalls(process, stubs)
        before = calls.status()
        code, text = code_and_text(lambda: calls.restore(backup))
        assert code == grpc.StatusCode.FAILED_PRECONDITION and "master key" in text
        assert calls.status() == before
        calls.put("still-works", b"x")
        assert calls.problems() == []


def test_what_is_no_whole_backup_restores_nothing(tmp_path, certificates, stubs, lost):
    key_file, backup, _, _ = lost

    def changed(place):
        return backup[:place] + bytes([backup[place] ^ 1]) + backup[place + 1:]

    with empty_vault(tmp_path, certificates, key_file) as process:
        calls = VaultCalls(process, stubs)
        before = calls.status()
        wrong = {
            "nothing": b"", "no backup": b"SQLite format 3\0" + bytes(1000), "only its name": backup[:22],
            "cut short": backup[:-1], "cut in the middle": backup[:len(backup) // 2], "without its end": backup[:-37],
            "more after it": backup + b"\0", "twice": backup + backup,
            **{f"byte {place}": changed(place) for place in range(0, len(backup), max(1, len(backup) // 60))}}
        for name, data in wrong.items():
            code, text = code_and_text(lambda: calls.restore(data))
            assert code == grpc.StatusCode.INVALID_ARGUMENT, (name, code, text)
            assert "backup" in text, (name, text)
        assert calls.status() == before
        # After all of these the right one still is.
        assert calls.restore(backup).credentials == 2


def test_a_changed_backup_with_a_right_digest_is_found_out(tmp_path, certificates, stubs, lost):
    """The digest at the end is nobody's signature: whoever changes rows can make it anew."""
    key_file, backup, _, _ = lost
    body = backup[:-37]
    with empty_vault(tmp_path, certificates, key_file) as process:
        calls = VaultCalls(process, stubs)
        before = calls.status()
        changes = {
            "another user": body.replace(b"loader", b"mallor", 1), "another name": body.replace(b"shop-db", b"shop-dc", 1),
            "another public key": body.replace(b"-----BEGIN PUBLIC KEY-----\nMIIB", b"-----BEGIN PUBLIC KEY-----\nMIIC", 1),
            "another audit entry": body.replace(b"put created", b"put updated", 1)}
        for name, changed in changes.items():
            assert changed != body, name
            forged = changed + backup[-37:-32] + hashlib.sha256(changed).digest()
            code, text = code_and_text(lambda: calls.restore(forged))
            assert code in [grpc.StatusCode.DATA_LOSS, grpc.StatusCode.INVALID_ARGUMENT], (name, code, text)
        assert calls.status() == before
        honest = body + backup[-37:-32] + hashlib.sha256(body).digest()
        assert honest == backup and calls.restore(honest).credentials == 2


def test_a_vault_without_its_master_key_does_not_start(tmp_path, certificates, stubs, lost):
    key_file, backup, _, _ = lost
    process = empty_vault(tmp_path, certificates, key_file)
    with process:
        VaultCalls(process, stubs).restore(backup)
    make_master_key(process.key_file)
    with pytest.raises(VaultEnded) as caught:
        process.start()
    assert "master key does not belong" in str(caught.value)
