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
import test_wire
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from grpc_tools import protoc
from support.house import REPOSITORY, find_binaries

CASES = int(os.environ.get("SLUICE_DIFFERENTIAL_CASES", "10000"))
# The same cases every time; another number makes others.
SEED = int(os.environ.get("SLUICE_WIRE_SEED", "20240101"))
BATCH = 5000
NAME = "protobuf_test_messages.proto3.TestAllTypesProto3"
TEXTS = ["", "a", "Zürich", "e\u0301", "é", "\0", "x" * 127, "x" * 128, "🦦" * 50, "\ufeff"]
BYTES = [b"", b"\0", b"\xff\xfe", bytes(range(256))]
INTEGERS = [0, 1, -1, 127, 128, 2**31 - 1, -2**31, 2**31, 2**32 - 1, 2**63 - 1, -2**63, 2**64 - 1]
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


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


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
        """A field's number with a wire type that may be another's, and a value in an odd form."""
        dice = self.dice
        known = dice.random() < 0.9
        number = dice.choice(self.fields).number if known else dice.choice([16, 17, 501, 510, 2**29 - 1])
        tag = self.wide_varint(number << 3 | (kind := dice.choice([0, 0, 1, 2, 2, 2, 5, 3])), 5)
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
        return tag + self.wide_varint(len(body), 5) + body

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
    counts = {"same": 0, "refused": 0, "known difference": 0}
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
    assert counts["known difference"] < CASES * 0.05


def compare(message_type, data, written, reason):
    try:
        message = message_type.FromString(data)
    except DecodeError:
        return "refused" if written is None else "read, but protobuf refuses it"
    if written is None:
        # More than 64 bits in ten bytes: Python's protobuf drops them, Go's and ours refuse.
        if reason == "varint longer than 64 bits":
            return "known difference"
        # Field 0: everybody refuses it, only Python's protobuf lets it pass in an unknown group.
        if reason == "invalid field tag" and any(
                has_field_zero(UnknownFieldSet(one)) for one in every_message(message)):
            return "known difference"
        return f"refused, {reason}"
    expected = message.SerializeToString(deterministic=True)
    if written == expected:
        return "same"
    # The order of a map's entries is free, and Python's is another than that of the keys.
    if len(written) == len(expected):
        if message_type.FromString(written).SerializeToString(deterministic=True) == expected:
            return "same"
    if test_wire.has_odd_map_entry(message):
        return "known difference"
    return "written otherwise"


def has_field_zero(unknown_fields):
    return any(
        field.field_number == 0 or (field.wire_type == 3 and has_field_zero(field.data))
        for field in unknown_fields)


def every_message(message):
    yield message
    for descriptor, value in message.ListFields():
        target = descriptor.message_type
        if target is None:
            continue
        if target.GetOptions().map_entry:
            inner = value.values() if target.fields_by_name["value"].message_type else []
        else:
            inner = value if descriptor.is_repeated else [value]
        for one in inner:
            yield from every_message(one)
