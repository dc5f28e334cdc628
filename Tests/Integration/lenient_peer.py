"""What protobuf for Python reads and other implementations, ours among them, do not: three things,
each told from the bytes alone, so that a difference of any other kind is not excused.

- A varint of ten bytes may hold more than 64 bits: Python drops the rest.
- A field inside an unknown group may have the number 0: Python keeps it.
- A map's entry may hold a field besides its key and value: Python keeps the whole entry as an
  unknown field, where others take its key and value and drop the rest.
"""

# The reasons in the words of our own reader.
TOO_LONG = "varint longer than 64 bits"
FIELD_ZERO = "invalid field tag"

VARINT, FIXED64, DELIMITED, START_GROUP, END_GROUP, FIXED32 = range(6)


class Refused(Exception):
    """Only Python reads these bytes; the message is the first reason to refuse them."""


def strictly(descriptor, data):
    """The bytes that say to Python what `data` says to the others; equal unless a map's entry is odd.

    `data` must be what Python accepts: what it refuses itself is not looked for."""
    return Walk(data).message(descriptor)


class Walk:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def message(self, descriptor):
        out = bytearray()
        for start, number, wire_type in self.tags():
            field = descriptor.fields_by_number.get(number)
            value = self.value(field, number, wire_type)
            if value is None:
                out += self.data[start:self.at]
            else:
                out += varint(number << 3 | DELIMITED) + varint(len(value)) + value
        return bytes(out)

    def entry(self, descriptor):
        """A map's entry without what is neither its key nor its value."""
        out = bytearray()
        for start, number, wire_type in self.tags():
            field = descriptor.fields_by_number.get(number)
            value = self.value(field, number, wire_type)
            if value is not None:
                out += varint(number << 3 | DELIMITED) + varint(len(value)) + value
            elif field is not None and wire_type == declared(field):
                out += self.data[start:self.at]
        return bytes(out)

    def tags(self):
        while self.at < len(self.data):
            start, tag = self.at, self.varint()
            yield start, tag >> 3, tag & 7

    def value(self, field, number, wire_type):
        """Passes over a value; answers what stands for it if it is a message, otherwise None."""
        if wire_type == VARINT:
            self.varint()
        elif wire_type == FIXED64:
            self.at += 8
        elif wire_type == FIXED32:
            self.at += 4
        elif wire_type == START_GROUP:
            self.group(number)
        else:
            assert wire_type == DELIMITED, "Python reads no such thing"
            length = self.varint()
            inner = Walk(self.data[self.at:self.at + length])
            self.at += length
            if field is None:
                return None
            if field.message_type is not None:
                is_entry = field.message_type.GetOptions().map_entry
                return (inner.entry if is_entry else inner.message)(field.message_type)
            if field.is_repeated and declared(field) == VARINT:
                while inner.at < length:
                    inner.varint()
        return None

    def group(self, number):
        """An unknown group; the messages here have no other."""
        for _, inner, wire_type in self.tags():
            if inner == 0:
                raise Refused(FIELD_ZERO)
            if wire_type == END_GROUP:
                assert inner == number, "Python reads no such thing"
                return
            self.value(None, inner, wire_type)
        raise AssertionError("Python reads no such thing")

    def varint(self):
        value = 0
        for place in range(10):
            byte = self.data[self.at]
            self.at += 1
            if place == 9 and byte > 1:
                raise Refused(TOO_LONG)
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value
        raise AssertionError("Python reads no such thing")


def declared(field):
    """The wire type of one value of the field."""
    if field.type in (field.TYPE_DOUBLE, field.TYPE_FIXED64, field.TYPE_SFIXED64):
        return FIXED64
    if field.type in (field.TYPE_FLOAT, field.TYPE_FIXED32, field.TYPE_SFIXED32):
        return FIXED32
    return DELIMITED if field.type in (field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_MESSAGE) else VARINT


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])
