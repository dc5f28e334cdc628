"""A large table for measurements: its result is rendered and packed once and then sent as it is, so that what is measured is the
reader. Every row differs, in order: UPDATED_AT a second apart, EXTERNAL_ID, and a PAYLOAD of 200 bytes with a small JSON object.

Packed, a row costs about 15 bytes of memory; making it takes two microseconds or so.
"""

import gzip
import json
import re

from .results import TEXT, Partition, Result, row_type
from .types import ColumnType

#: As the service does, a small beginning that comes with the answer itself, and then large pieces.
FIRST_ROWS, ROWS = 1_000, 50_000
START = 1_704_067_200
PAYLOAD = 200


class Rendered:
    """Answers a SELECT of the table's three columns in their order, without a LIMIT, whatever its bounds."""

    def __init__(self, name, rows):
        self.tables = [("CDI", "INGESTION", name)]
        quoted = re.escape('"' + name.replace('"', '""') + '"')
        self._pattern = re.compile(
            rf'SELECT\s+(?:\w+\.)?"?UPDATED_AT"?, *(?:\w+\.)?"?EXTERNAL_ID"?, *(?:\w+\.)?"?PAYLOAD"? FROM .*{quoted}.*ORDER BY '
            r'(?!.*LIMIT)', re.DOTALL | re.IGNORECASE)
        columns = [row_type("UPDATED_AT", ColumnType("timestamp_ntz", 0, 9), nullable=False),
                   row_type("EXTERNAL_ID", TEXT), row_type("PAYLOAD", TEXT)]
        pieces, done = [], 0
        while done < rows or not pieces:
            count = min(ROWS if pieces else FIRST_ROWS, rows - done)
            plain = ("[" + ",".join(map(_row, range(done, done + count))) + "]").encode()
            if pieces:
                packed = gzip.compress(b'{"data":' + plain + b"}", 1)
                pieces.append(Partition(count, len(plain), packed, len(packed)))
            else:
                pieces.append(Partition(count, len(plain), plain))
            done += count
        self._result = Result(columns, rows, pieces)

    def matches(self, statement):
        return self._pattern.search(statement) is not None

    def result(self):
        return self._result

    @property
    def packed_bytes(self):
        return sum(len(piece.body) for piece in self._result.partitions)


def payload(number):
    start = f'{{"n":{number},"text":"'
    return start + "x" * (PAYLOAD - len(start) - 2) + '"}'


def _row(number):
    # What JSON's encoder would write, which takes five times as long.
    start = f'{{\\"n\\":{number},\\"text\\":\\"'
    return f'["{START + number}.000000000","user-{number}","{start}{_PAD[:PAYLOAD - len(start) + 3]}\\"}}"]'


_PAD = "x" * PAYLOAD
assert json.loads(_row(12_345))[2] == payload(12_345) and len(payload(12_345)) == PAYLOAD
