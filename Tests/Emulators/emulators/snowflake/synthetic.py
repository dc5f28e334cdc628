"""Large results that are made once and sent as they are: what is measured then is the reader, not Python.

Every partition after the first has the same bytes, so that a result of gigabytes costs the emulator one of them.
"""

import gzip
import json
import re

from .results import TEXT, Partition, Result, row_type
from .types import ColumnType


class Synthetic:
    """Answers every statement that `pattern` finds with rows of UPDATED_AT, EXTERNAL_ID and PAYLOAD."""

    #: Those that the role must be allowed to read: whatever stands in the statement.
    tables = ()

    def __init__(self, pattern, partitions, rows, payload_bytes, first=1_704_067_200):
        self._pattern = re.compile(pattern)
        columns = [row_type("UPDATED_AT", ColumnType("timestamp_ntz", 0, 9), nullable=False),
                   row_type("EXTERNAL_ID", TEXT), row_type("PAYLOAD", TEXT)]
        lines = []
        for number in range(rows):
            start = f'{{"n":{number},"text":"'
            payload = start + "x" * max(0, payload_bytes - len(start) - 2) + '"}'
            lines.append([f"{first + number}.{number:09d}", f"user-{number}", payload])
        plain = json.dumps(lines, separators=(",", ":")).encode()
        packed = gzip.compress(b'{"data":' + plain + b"}", 1)
        pieces = [Partition(rows, len(plain), plain)]
        pieces += [Partition(rows, len(plain), packed, len(packed)) for _ in range(partitions - 1)]
        self._result = Result(columns, rows * partitions, pieces)

    def matches(self, statement):
        return self._pattern.search(statement) is not None

    def result(self):
        return self._result
