"""The hand-written coding of messages against protobuf for Python, both driven from Protos/."""

import os
import random
import subprocess

import pytest
from google.protobuf.message import DecodeError
from lenient_peer import Refused, strictly
from support.house import find_binaries

# The same messages every time; another number makes others.
SEED = int(os.environ.get("SLUICE_WIRE_SEED", "20240101"))
INTEGERS = [0, 1, 127, 128, 16383, 16384, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
TEXTS = ["", "a", "Zürich", "e\u0301", "\0", "x" * 127, "x" * 128, "🦦" * 5000, "\u2028", "\ufeff"]
BYTES = [b"", b"\0", b"\xff\xfe", b"{}", bytes(range(256)), b"x" * 20000]


class WireTestee:
    """The Swift side: one process for all messages of the test."""

    def __init__(self):
        self.program = find_binaries() / "wire-testee"

    def answers(self, questions):
        lines = "".join(f"{name} {data.hex()}\n" for name, data in questions)
        result = subprocess.run(
            [self.program], input=lines, capture_output=True, text=True, timeout=600)
        # A trap would end the process with a signal, and say nothing for the rest.
        assert result.returncode == 0, f"wire-testee ended with {result.returncode}: {result.stderr}"
        answers = result.stdout.split("\n")[:-1]
        assert len(answers) == len(questions)
        return answers


@pytest.fixture(scope="module")
def testee():
    return WireTestee()


@pytest.fixture(scope="module")
def types(stubs):
    """Every message of Protos/ by its full name. Row is read only inside a batch."""
    modules = [stubs.vault, stubs.orchestrator, stubs.writer]
    found = {
        descriptor.full_name: getattr(module, name)
        for module in modules for name, descriptor in module.DESCRIPTOR.message_types_by_name.items()}
    del found["sluice.writer.v1.Row"]
    assert len(found) == 77
    return found


def random_value(field, dice):
    if field.type in (field.TYPE_INT64, field.TYPE_SFIXED64):
        value = dice.choice(INTEGERS + [dice.getrandbits(64)]) % 2**64
        return value - 2**64 if value >= 2**63 else value
    if field.type == field.TYPE_UINT64:
        return dice.choice(INTEGERS + [dice.getrandbits(64)])
    if field.type == field.TYPE_UINT32:
        return dice.choice(INTEGERS + [dice.getrandbits(32)]) % 2**32
    if field.type == field.TYPE_BOOL:
        return dice.random() < 0.5
    if field.type == field.TYPE_ENUM:
        return dice.choice(field.enum_type.values).number
    if field.type == field.TYPE_STRING:
        return dice.choice(TEXTS)
    if field.type == field.TYPE_BYTES:
        return dice.choice(BYTES)
    raise AssertionError(f"{field.full_name}: teach this test its type")


def fill(message, dice):
    for field in message.DESCRIPTOR.fields:
        if dice.random() < 0.2:
            continue
        target = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for _ in range(dice.randrange(4)):
                target[dice.choice(TEXTS)] = dice.choice(TEXTS)
        elif field.is_repeated and field.message_type is not None:
            for _ in range(dice.randrange(4)):
                fill(target.add(), dice)
        elif field.is_repeated:
            target.extend(random_value(field, dice) for _ in range(dice.randrange(4)))
        elif field.message_type is not None:
            target.SetInParent()
            fill(target, dice)
        else:
            setattr(message, field.name, random_value(field, dice))
    return message


def has_wide_map(message):
    return any(
        len(value) > 1 if field.message_type.GetOptions().map_entry else has_wide_map(value)
        for field, value in message.ListFields()
        if field.message_type is not None and (
            not field.is_repeated or field.message_type.GetOptions().map_entry))


def test_random_messages_come_back_the_same_with_the_same_bytes(types, testee):
    dice = random.Random(SEED)
    messages = [
        (name, fill(kind(), dice)) for name, kind in types.items() for _ in range(60)]
    answers = testee.answers(
        [(name, message.SerializeToString(deterministic=True)) for name, message in messages])
    for (name, message), answer in zip(messages, answers):
        assert not answer.startswith(("refused", "unknown")), f"{name}: {answer}"
        assert types[name].FromString(bytes.fromhex(answer)) == message, name
        # The order of a map's entries is free; of everything else it is the field numbers'.
        if not has_wide_map(message):
            assert bytes.fromhex(answer) == message.SerializeToString(deterministic=True), name


def test_messages_in_two_halves_are_merged_alike(types, testee):
    dice = random.Random(SEED + 1)
    cases = []
    for name, kind in types.items():
        for _ in range(20):
            data = fill(kind(), dice).SerializeToString() + fill(kind(), dice).SerializeToString()
            cases.append((name, data))
    for (name, data), answer in zip(cases, testee.answers(cases)):
        assert types[name].FromString(bytes.fromhex(answer)) == types[name].FromString(data), name


def test_damaged_messages_are_refused_or_read_alike_and_trap_nothing(types, testee):
    dice = random.Random(SEED + 2)
    cases = []
    for name, kind in types.items():
        for _ in range(150):
            data = bytearray(fill(kind(), dice).SerializeToString(deterministic=True)[:400])
            for _ in range(dice.randrange(1, 4)):
                if data:
                    data[dice.randrange(len(data))] = dice.choice([0, 0x7F, 0x80, 0xFF, dice.randrange(256)])
            cases.append((name, bytes(data[:dice.randrange(len(data) + 1)] if dice.random() < 0.5 else data)))
    read = refused = apart = 0
    for (name, data), answer in zip(cases, testee.answers(cases)):
        try:
            message = types[name].FromString(data)
        except DecodeError:
            assert answer.startswith("refused"), f"{name} {data.hex()}: read, but it is damaged"
            refused += 1
            continue
        message.DiscardUnknownFields()
        ours = None if answer.startswith("refused") else types[name].FromString(bytes.fromhex(answer))
        if ours is None or ours != known(message):
            # Only what Python reads and the others do not may be told apart: see lenient_peer.py.
            try:
                strict = types[name].FromString(strictly(types[name].DESCRIPTOR, data))
                strict.DiscardUnknownFields()
                assert ours == known(strict), f"{name} {data.hex()}: {answer}"
            except Refused as reason:
                assert answer == f"refused {reason}", f"{name} {data.hex()}: {answer}"
            apart += 1
            continue
        read += 1
    assert read > 500 and refused > 500 and apart < 100


def known(message):
    """Sets enums of numbers that Protos/ does not know to unspecified, as the Swift side reads them."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_ENUM and value not in field.enum_type.values_by_number:
            message.ClearField(field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for inner in value if field.is_repeated else [value]:
                known(inner)
    return message
