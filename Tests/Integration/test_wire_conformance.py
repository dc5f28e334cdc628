"""TestAllTypesProto3 coded by hand against protobuf for Python, over the protocol of protobuf's
conformance test runner.

SLUICE_DIFFERENTIAL_CASES sets how many random cases are compared (10,000 unless told otherwise).
"""

import importlib
import os
import pathlib
import random
import struct
import subprocess
import sys

import pytest
from google.protobuf.message import DecodeError
from grpc_tools import protoc
from lenient_peer import FIELD_ZERO, TOO_LONG, Refused, strictly, varint
from support.house import REPOSITORY, find_binaries

CASES = int(os.environ.get("SLUICE_DIFFERENTIAL_CASES", "10000"))
# The same cases every time; another number makes others.
SEED = int(os.environ.get("SLUICE_WIRE_SEED", "20240101"))
BATCH = 5000
NAME = "protobuf_test_messages.proto3.TestAllTypesProto3"
TEXTS = ["", "a", "Zürich", "e\u0301", "é", "\0", "x" * 127, "x" * 128, "🦦" * 50, "\ufeff"]
BYTES = [b"", b"\0", b"\xff\xfe", bytes(range(256))]
INTEGERS = [0, 1, -1, 127, 128, 2**31 - 1, -2**31, 2**31, 2**32 - 1, 2**63 - 1, -2**63, 2**64 - 1]
LENIENT_REFUSALS = {TOO_LONG: "more than 64 bits", FIELD_ZERO: "field 0 in an unknown group"}
ODD_ENTRY = "odd map entry"
# What Python's protobuf alone reads; see lenient_peer.py.
LENIENCIES = [*LENIENT_REFUSALS.values(), ODD_ENTRY]
FLOATS = [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 1e-45, 5e-324, 3.4e38]


@pytest.fixture(scope="module")
def message_type(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messages")
    include = pathlib.Path(protoc.__file__).parent / "_proto"
    code = protoc.main([
        "protoc", f"--proto_path={REPOSITORY / 'Tests/Conformance'}", f"--proto_path={include}",
        f"--python_out={folder}", "test_messages_proto3.proto"])
    assert code == 0
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("test_messages_proto3_pb2").TestAllTypesProto3
    finally:
        sys.path.remove(str(folder))


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def ask(payloads):
    """What the Swift side makes of each: its bytes, or None and why it refuses them."""
    requests = bytearray()
    for payload in payloads:
        request = field(1, payload) + b"\x18\x01" + field(4, NAME.encode())
        requests += struct.pack("<I", len(request)) + request
    result = subprocess.run(
        [find_binaries() / "wire-testee", "--conformance"], input=bytes(requests),
        capture_output=True, timeout=600)
    # A trap would end the process with a signal, and say nothing for the rest.
    assert result.returncode == 0, f"wire-testee ended with {result.returncode}: {result.stderr}"
    answers, at, output = [], 0, result.stdout
    while at < len(output):
        (length,) = struct.unpack_from("<I", output, at)
        answers.append(parse_response(output[at + 4:at + 4 + length]))
        at += 4 + length
    assert len(answers) == len(payloads)
    return answers


def parse_response(response):
    assert response[0] in (0x0A, 0x1A), response
    length = shift = 0
    at = 1
    while True:
        byte = response[at]
        length |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            break
    assert at + length == len(response)
    return (response[at:], None) if response[0] == 0x1A else (None, response[at:].decode())


class Maker:
    """Random messages: some whole, some damaged, some put together from raw fields."""

    def __init__(self, message_type, dice):
        self.message_type = message_type
        self.fields = message_type.DESCRIPTOR.fields
        self.dice = dice

    def case(self):
        kind = self.dice.random()
        if kind < 0.25:
            return self.whole(3)
        if kind < 0.4:
            return self.whole(2) + self.whole(2)
        if kind < 0.65:
            return self.damaged(self.whole(2))
        if kind < 0.85:
            return b"".join(self.raw_field() for _ in range(self.dice.randrange(1, 6)))
        return self.damaged(b"".join(self.raw_field() for _ in range(self.dice.randrange(1, 4))))

    def whole(self, depth):
        return self.fill(self.message_type(), depth).SerializeToString()

    def damaged(self, data):
        dice = self.dice
        data = bytearray(data[:300])
        for _ in range(dice.randrange(1, 4)):
            if data:
                data[dice.randrange(len(data))] = dice.choice([0, 0x7F, 0x80, 0xFF, dice.randrange(256)])
        return bytes(data[:dice.randrange(len(data) + 1)] if dice.random() < 0.5 else data)

    def raw_field(self):
        """A field's number with a wire type that may be another's, and a value in an odd form. Tags and
        lengths take up to six bytes, one more than they may."""
        dice = self.dice
        known = dice.random() < 0.9
        number = dice.choice(self.fields).number if known else dice.choice([16, 17, 501, 510, 2**29 - 1])
        tag = self.wide_varint(number << 3 | (kind := dice.choice([0, 0, 1, 2, 2, 2, 5, 3])), 6)
        if kind == 0:
            return tag + self.wide_varint(self.integer(64) % 2**64, 10)
        if kind == 1:
            return tag + dice.randbytes(8)
        if kind == 5:
            return tag + dice.randbytes(4)
        if kind == 3:
            inner = b"".join(self.raw_field() for _ in range(dice.randrange(2)))
            return tag + inner + varint(number << 3 | 4)
        body = dice.choice([
            lambda: dice.choice(TEXTS).encode(), lambda: dice.randbytes(dice.choice([1, 4, 8, 16])),
            lambda: b"".join(self.wide_varint(self.integer(64) % 2**64, 10) for _ in range(3)),
            lambda: b"\x08" + self.wide_varint(self.integer(32) % 2**64, 10) + b"\x10\x01",
            lambda: field(1, dice.choice(TEXTS).encode()) + field(2, dice.choice(TEXTS).encode()),
            lambda: self.whole(1)])()
        return tag + self.wide_varint(len(body), 6) + body

    def wide_varint(self, value, longest):
        """The shortest form, or one with more bytes than it needs."""
        data = varint(value)
        if self.dice.random() < 0.1 and len(data) < longest:
            data = data[:-1] + bytes([data[-1] | 0x80])
            data += b"\x80" * self.dice.randrange(longest - len(data)) + b"\0"
        return data

    def integer(self, bits):
        return self.dice.choice([*INTEGERS, self.dice.getrandbits(bits)]) % 2**bits

    def fill(self, message, depth):
        dice = self.dice
        fields = message.DESCRIPTOR.fields
        for descriptor in dice.choices(fields, k=dice.randrange(5)):
            target = descriptor.message_type
            if target is not None and target.GetOptions().map_entry:
                entries = getattr(message, descriptor.name)
                key, value = target.fields_by_name["key"], target.fields_by_name["value"]
                for _ in range(dice.randrange(4)):
                    if value.message_type is not None:
                        entry = entries[self.scalar(key)]
                        if depth > 0:
                            self.fill(entry, depth - 1)
                    else:
                        entries[self.scalar(key)] = self.scalar(value)
            elif target is not None:
                if descriptor.is_repeated:
                    inner = [getattr(message, descriptor.name).add() for _ in range(dice.randrange(3))]
                else:
                    inner = [getattr(message, descriptor.name)]
                    inner[0].SetInParent()
                for one in inner if depth > 0 else []:
                    self.fill(one, depth - 1)
            elif descriptor.is_repeated:
                getattr(message, descriptor.name).extend(
                    self.scalar(descriptor) for _ in range(dice.randrange(4)))
            else:
                setattr(message, descriptor.name, self.scalar(descriptor))
        return message

    def scalar(self, descriptor):
        dice, kind = self.dice, descriptor.cpp_type
        if kind in (descriptor.CPPTYPE_INT32, descriptor.CPPTYPE_ENUM):
            return (self.integer(32) + 2**31) % 2**32 - 2**31
        if kind == descriptor.CPPTYPE_INT64:
            return (self.integer(64) + 2**63) % 2**64 - 2**63
        if kind == descriptor.CPPTYPE_UINT32:
            return self.integer(32)
        if kind == descriptor.CPPTYPE_UINT64:
            return self.integer(64)
        if kind in (descriptor.CPPTYPE_FLOAT, descriptor.CPPTYPE_DOUBLE):
            return dice.choice(FLOATS)
        if kind == descriptor.CPPTYPE_BOOL:
            return dice.random() < 0.5
        return dice.choice(BYTES if descriptor.type == descriptor.TYPE_BYTES else TEXTS)


def test_random_cases_are_read_and_written_as_protobuf_does(message_type):
    maker = Maker(message_type, random.Random(SEED + 3))
    counts = dict.fromkeys(["same", "refused", *LENIENCIES], 0)
    differences = []
    for start in range(0, CASES, BATCH):
        cases = [maker.case() for _ in range(min(BATCH, CASES - start))]
        for data, (written, reason) in zip(cases, ask(cases)):
            verdict = compare(message_type, data, written, reason)
            if verdict in counts:
                counts[verdict] += 1
            else:
                differences.append(f"{verdict}: {data.hex()}")
    print(f"{CASES} cases: {counts}, {len(differences)} differences")
    assert not differences, "\n".join(differences[:20])
    assert counts["same"] > CASES * 0.3 and counts["refused"] > CASES * 0.05
    assert sum(counts[leniency] for leniency in LENIENCIES) < CASES * 0.05


# Bytes that only Python reads, or reads otherwise, and what the others make of them.
ONLY_PYTHON = [
    (varint(1 << 3) + b"\xff" * 9 + b"\x02", None, TOO_LONG),
    (varint(501 << 3 | 3) + b"\x00\x01" + varint(501 << 3 | 4), None, FIELD_ZERO),
    # The same inside an entry, which Python then keeps whole.
    (field(56, b"\x08\x01\x1b\x00\x01\x1c"), None, FIELD_ZERO),
    (field(56, b"\x08\x01\x18\x07\x10\x02"), field(56, b"\x08\x01\x10\x02"), None),
]


@pytest.mark.parametrize(("data", "written", "reason"), ONLY_PYTHON)
def test_what_python_alone_reads_excuses_no_other_difference(message_type, data, written, reason):
    assert ask([data]) == [(written, reason)]
    assert compare(message_type, data, written, reason) in LENIENCIES
    reasons = {TOO_LONG, FIELD_ZERO, "message ends inside a field"} - {reason}
    for answer in [*((None, other) for other in reasons), (b"", None), (field(14, b"no"), None)]:
        assert compare(message_type, data, *answer) not in ["same", "refused", *LENIENCIES], answer
    # A sound message is not excused either.
    assert compare(message_type, b"\x08\x01", None, reason or TOO_LONG) not in LENIENCIES
    assert compare(message_type, b"\x08\x01", b"\x08\x02", None) not in LENIENCIES


def compare(message_type, data, written, reason):
    try:
        message = message_type.FromString(data)
    except DecodeError:
        return "refused" if written is None else "read, but protobuf refuses it"
    if written is not None and is_written(message, written):
        return "same"
    # Whatever is left must be what the others make of these very bytes, and nothing else.
    try:
        strict = strictly(message_type.DESCRIPTOR, data)
    except Refused as refusal:
        if written is None and reason == str(refusal):
            return LENIENT_REFUSALS[reason]
        return f"written, but refused for {refusal}" if written is not None else f"refused, {reason}"
    if written is None:
        return f"refused, {reason}"
    if strict != data and is_written(message_type.FromString(strict), written):
        return ODD_ENTRY
    return "written otherwise"


def is_written(message, written):
    expected = message.SerializeToString(deterministic=True)
    if written == expected:
        return True
    # The order of a map's entries is free, and Python's is another than that of the keys.
    return len(written) == len(expected) and (
        type(message).FromString(written).SerializeToString(deterministic=True) == expected)
