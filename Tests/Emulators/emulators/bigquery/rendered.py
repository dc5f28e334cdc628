"""Large results that cost the emulator little: what is measured then is the reader, not Python.

The table holds its first row only. A statement runs over that one, for real; the row that comes of it is a template,
in which the digits that differ from row to row are set for a whole page at once. So every row differs, UPDATED_AT grows
by a second a row, and a page is made in milliseconds and kept by nobody.
"""

import struct
import zlib

import numpy as np

from ..common import Answer

#: Row 0's second, and its number; row i's is i more. All have ten digits, so that rows have one length.
FIRST = 1_700_000_000
DIGITS = 10
_POWERS = 10 ** np.arange(DIGITS - 1, -1, -1)


def first_row(payload_bytes):
    """Row 0, as `Catalog.load` takes it."""
    start = f'{{"n": {FIRST}, "pad": "'
    return [FIRST * 10**6, f"user-{FIRST}", start + "x" * max(0, payload_bytes - len(start) - 2) + '"}']


class Rendered:
    """In place of `results.Rows`: the template, so many times."""

    def __init__(self, template, count):
        self.fields = template.fields
        self.rows = range(count)
        self._text = template.encoded(0, True)
        # A comma stands before each row.
        self._row = np.frombuffer(f",{self._text}".encode(), np.uint8)
        line, digits = self._row.tobytes(), str(FIRST).encode()
        self._places = [at for at in range(len(line)) if line.startswith(digits, at)]
        #: Whether the statement handed the row on, and did not count it, say.
        self.is_table = str(FIRST * 10**6) in self._text
        #: What never differs is at the end, and compressed once.
        self._end = max(self._places, default=0) + DIGITS

    @property
    def row_size(self):
        return len(self._row)

    def encoded(self, index, integers):
        """One row, slowly: for pages of a scripted size."""
        if not integers:
            raise ValueError("a rendered table has no timestamps as doubles")
        return self._rows(index, index + 1)[0, 1:].tobytes().decode()

    def _rows(self, start, end):
        """Rows as lines of an array."""
        lines = np.tile(self._row, (end - start, 1))
        self._number(lines, start)
        return lines

    def _number(self, lines, start, shift=0):
        """Sets the digits of rows from `start` on, which begin at byte `shift` of each line."""
        numbers = np.arange(start + FIRST, start + FIRST + len(lines), dtype=np.int64)
        digits = (numbers[:, None] // _POWERS % 10 + 48).astype(np.uint8)
        for place in self._places:
            lines[:, shift + place:shift + place + DIGITS] = digits

    def answer(self, head, start, count):
        """A page: `head` is the text of its other members, without the last brace."""
        return Page(self, f"{head}{',' if len(head) > 1 else ''}\"rows\":[".encode(), start, count)


class Page(Answer):
    def __init__(self, rendered, head, start, count):
        self._rendered, self._head, self._start, self._count = rendered, head, start, count
        lines = rendered._rows(start, start + count)
        super().__init__(200, head + lines.tobytes()[1:] + b"]}", {"Content-Type": "application/json; charset=UTF-8"})

    def compressed(self):
        """gzip (RFC 1952) put together: of each row what differs as a stored block, the rest compressed once."""
        rendered = self._rendered
        end = rendered._end
        deflate = zlib.compressobj(6, wbits=-15)
        rest = deflate.compress(rendered._row[end:].tobytes()) + deflate.flush(zlib.Z_FULL_FLUSH)
        frame = np.frombuffer(_stored(rendered._row[:end].tobytes()) + rest, np.uint8)
        lines = np.tile(frame, (self._count, 1))
        rendered._number(lines, self._start, 5)
        rows = lines.tobytes()
        # The first row has no comma.
        first = _stored(rows[6:5 + end]) + rest
        body = b"".join([
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03", _stored(self._head), first, rows[len(frame):], _stored(b"]}", last=True),
            struct.pack("<II", zlib.crc32(self.body), len(self.body) & 0xffffffff)])
        return Answer(200, body, {**self.headers, "Content-Encoding": "gzip"})


def _stored(data, last=False):
    """RFC 1951, section 3.2.4."""
    return struct.pack("<BHH", last, len(data), len(data) ^ 0xffff) + data
