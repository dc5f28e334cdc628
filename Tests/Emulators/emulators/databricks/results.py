"""A finished result: its schema, and its rows cut into chunks as JSON_ARRAY, ARROW_STREAM or CSV."""

import csv
import dataclasses
import io
import json

import lz4.frame
import pyarrow as pa

from . import types


@dataclasses.dataclass
class Chunk:
    row_offset: int
    row_count: int
    body: bytes
    #: INLINE's rows; the others are fetched as `body`.
    rows: list | None = None

    @property
    def size(self):
        return len(self.body)


@dataclasses.dataclass
class Result:
    columns: list
    chunks: list
    truncated: bool = False

    @property
    def row_count(self):
        return sum(chunk.row_count for chunk in self.chunks)

    @property
    def byte_count(self):
        return sum(chunk.size for chunk in self.chunks)


class Rendering:
    """How a statement wants its rows."""

    def __init__(self, form, settings, row_limit, byte_limit, compression, inline, is_abandoned):
        self.form, self.zone_name = form, settings["time_zone"]
        self.zone = types.zone(self.zone_name)
        self.chunk_bytes = settings["chunk_bytes"]
        self.row_limit, self.byte_limit = row_limit, byte_limit
        self.compression, self.inline = compression, inline
        self.is_abandoned = is_abandoned

    def render(self, cursor, query):
        """Runs a query of DuckDB's and cuts what comes."""
        result = Result(self.columns(cursor, query), [])
        cursor.execute(query)
        if self.form == "ARROW_STREAM":
            self._arrow(cursor.to_arrow_table(), result)
        else:
            self._rows(cursor.to_arrow_reader(10_000), result)
        return result

    def columns(self, cursor, query):
        """Of a query; the cursor has the session's zone afterwards."""
        cursor.execute(f"SET TimeZone = '{types.duck_zone(self.zone_name)}'")
        columns = []
        for position, (name, kind, *_) in enumerate(cursor.execute(f"DESCRIBE {query}").fetchall()):
            text, type_name = types.described(kind)
            columns.append({"name": name, "type_text": text, "type_name": type_name, "position": position})
        return columns

    def _rows(self, reader, result):
        pieces, rows, size, total = [], [], 0, 0
        render = self._csv if self.form == "CSV" else self._json
        for batch in reader:
            if self.is_abandoned():
                raise InterruptedError("nobody wants the result any more")
            columns = [[types.cell(value, self.zone) for value in column.to_pylist()] for column in batch.columns]
            for row in zip(*columns, strict=True):
                piece = render(row)
                if (self.row_limit and total == self.row_limit) or (
                        self.byte_limit and result.byte_count + size + len(piece) > self.byte_limit):
                    result.truncated = True
                    self._cut(result, pieces, rows)
                    return
                pieces.append(piece)
                if self.inline:
                    rows.append(list(row))
                size, total = size + len(piece) + 1, total + 1
                if size >= self.chunk_bytes:
                    self._cut(result, pieces, rows)
                    pieces, rows, size = [], [], 0
        self._cut(result, pieces, rows)

    def _cut(self, result, pieces, rows):
        if not pieces and result.chunks:
            return
        if self.form == "CSV":
            head = [] if result.chunks else [self._csv([column["name"] for column in result.columns])]
            body = b"".join(head + pieces)
        else:
            body = b"[" + b",".join(pieces) + b"]"
        result.chunks.append(Chunk(result.row_count, len(pieces), self._packed(body), rows if self.inline else None))

    @staticmethod
    def _json(row):
        return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()

    @staticmethod
    def _csv(row):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(["null" if value is None else value for value in row])
        return text.getvalue().encode()

    def _arrow(self, table, result):
        if self.row_limit and table.num_rows > self.row_limit:
            table, result.truncated = table.slice(0, self.row_limit), True
        rows = max(1, int(table.num_rows * self.chunk_bytes / max(1, table.nbytes)))
        for start in range(0, max(1, table.num_rows), rows):
            part, sink = table.slice(start, rows), io.BytesIO()
            with pa.ipc.new_stream(sink, part.schema) as writer:
                writer.write_table(part)
            result.chunks.append(Chunk(start, part.num_rows, self._packed(sink.getvalue())))

    def _packed(self, body):
        return lz4.frame.compress(body) if self.compression == "LZ4_FRAME" else body
