"""Large results for benchmarks: what is measured then is the reader, not Python.

A rendered table is a view over a range of numbers, UPDATED_AT a second apart. A statement that reads all of its rows in
their order is not run: its chunks are made when they are fetched, from one row's bytes with other digits in it, some
milliseconds of CPU each. Every row is right and in its place. All other statements are run by DuckDB.
"""

import collections
import json
import threading

import lz4.frame
import numpy as np
import pyarrow as pa
from sqlglot import exp

from . import types
from .results import Result

FIRST_SECOND = 1_700_000_000
#: So that every number has the same digits.
FIRST_NUMBER = 10_000_000
SAMPLE = 64
#: What pages that were made last may hold, in bytes.
KEPT = 48 << 20
SAMPLE_SUFFIX = "__sample"


def payload(digits, size):
    text = f'{{"n":{digits},"pad":"'
    return text + "x" * max(0, size - len(text) - 2) + '"}'


class RenderedTable:
    def __init__(self, rows, size=200):
        if not 0 < rows < FIRST_NUMBER * 8:
            raise ValueError("a rendered table has from 1 to 80,000,000 rows")
        self.rows = rows
        head = payload("N" * 8, size)
        #: Pages that were made last, of all results, and their bytes.
        self.kept, self.kept_size, self.lock = collections.OrderedDict(), 0, threading.Lock()
        self.texts = {"id": "user-" + "N" * 8, "payload": head, "micros": "M" * 16, "iso": "T" * 24}

    def view(self, rows):
        """A SELECT of DuckDB's that has the table's rows, or the first of them."""
        before, after = self.texts["payload"].split("N" * 8)
        return (f"SELECT make_timestamp(({FIRST_SECOND} + i) * 1000000) AT TIME ZONE 'UTC' AS updated_at, "
                f"'user-' || CAST({FIRST_NUMBER} + i AS VARCHAR) AS external_id, "
                f"'{before}' || CAST({FIRST_NUMBER} + i AS VARCHAR) || '{after}' AS payload "
                f"FROM range(1, {rows + 1}) AS r(i)")

    # One value of row `i`, from 1, as JSON_ARRAY has it.

    def value(self, kind, i):
        if kind == "micros":
            return str((FIRST_SECOND + i) * 1_000_000)
        if kind == "iso":
            stamp = np.datetime64(FIRST_SECOND + i, "s")
            return np.datetime_as_string(stamp, unit="ms").item() + "Z"
        return None if kind == "null" else self.texts[kind].replace("N" * 8, str(FIRST_NUMBER + i))

    def kind_of(self, cells):
        """What a column's first rows are; None where they are nothing of ours."""
        for kind in ("micros", "iso", "id", "payload", "null"):
            if all(cell == self.value(kind, i) for i, cell in enumerate(cells, 1)):
                return kind
        return None


def rendering(table, tree, name, translate, cursor, render):
    """The result of a statement over a rendered table, if it reads all rows in order; otherwise None.

    `translate` turns a tree into DuckDB's SQL, `render` is a `Rendering` of the request's.
    """
    counted = tree.copy()
    counted.set("order", None)
    if cursor.execute(f"SELECT count(*) FROM ({translate(counted)}) AS q").fetchone()[0] != table.rows:
        return None
    sample = tree.copy()
    for node in sample.find_all(exp.Table):
        if node.name.lower() == name:
            node.set("this", exp.to_identifier(name + SAMPLE_SUFFIX, quoted=True))
    query = translate(sample)
    columns = render.columns(cursor, query)
    arrow = cursor.execute(query).to_arrow_table()
    cells = [[types.cell(value, render.zone) for value in column.to_pylist()] for column in arrow.columns]
    kinds = [table.kind_of(column) for column in cells]
    if arrow.num_rows != min(SAMPLE, table.rows) or None in kinds or render.form == "CSV" or render.inline:
        return None
    if render.row_limit or render.byte_limit:
        return None
    pages = JSONPages(table, kinds) if render.form == "JSON_ARRAY" else ArrowPages(table, kinds, arrow.schema)
    return RenderedResult(table, columns, pages, render.chunk_bytes, render.compression == "LZ4_FRAME")


class RenderedResult(Result):
    def __init__(self, table, columns, pages, chunk_bytes, packs):
        super().__init__(columns, [])
        self.table, self.pages, self.packs = table, pages, packs
        # Alive as long as a page of it is kept, unlike its `id`.
        self.key = object()
        each = max(1, chunk_bytes // pages.row_bytes)
        self.chunks = [
            RenderedChunk(self, start, min(each, table.rows - start)) for start in range(0, table.rows, each)]

    def body(self, chunk):
        table, key = self.table, (self.key, chunk.row_offset)
        with table.lock:
            if key not in table.kept:
                body = self.pages.page(chunk.row_offset, chunk.row_count)
                table.kept[key] = lz4.frame.compress(body) if self.packs else body
                table.kept_size += len(table.kept[key])
                while table.kept_size > KEPT and len(table.kept) > 1:
                    table.kept_size -= len(table.kept.popitem(last=False)[1])
            table.kept.move_to_end(key)
            return table.kept[key]


class RenderedChunk:
    rows = None

    def __init__(self, result, row_offset, row_count):
        self.result, self.row_offset, self.row_count = result, row_offset, row_count

    @property
    def body(self):
        return self.result.body(self)

    @property
    def size(self):
        return self.row_count * self.result.pages.row_bytes


def digits(numbers, width):
    """Decimal digits of numbers, a row each."""
    rest, result = numbers.copy(), np.empty((len(numbers), width), np.uint8)
    for place in range(width - 1, -1, -1):
        rest, result[:, place] = np.divmod(rest, 10)
    return result + 48


def fields(numbers):
    """What stands for each letter of `RenderedTable.texts`, for rows by their numbers from 1."""
    seconds = numbers + FIRST_SECOND
    stamps = np.char.encode(np.datetime_as_string(seconds.astype("datetime64[s]"), unit="ms"))
    return {
        "N" * 8: lambda: digits(numbers + FIRST_NUMBER, 8),
        "M" * 16: lambda: digits(seconds * 1_000_000, 16),
        "T" * 24: lambda: np.char.add(stamps, b"Z").astype("S24").view(np.uint8).reshape(len(numbers), 24)}


def filled(template, numbers):
    """The template once for each number, its letters replaced."""
    rows = np.tile(np.frombuffer(template, np.uint8), (len(numbers), 1))
    for letters, make in fields(numbers).items():
        values, at = None, template.find(letters.encode())
        while at >= 0:
            values = make() if values is None else values
            rows[:, at:at + len(letters)] = values
            at = template.find(letters.encode(), at + len(letters))
    return rows


class JSONPages:
    def __init__(self, table, kinds):
        row = [None if kind == "null" else table.texts[kind] for kind in kinds]
        self._template = json.dumps(row, separators=(",", ":")).encode() + b","
        self.row_bytes = len(self._template)

    def page(self, start, count):
        rows = filled(self._template, np.arange(start + 1, start + count + 1, dtype=np.int64))
        rows[-1, -1] = ord("]")
        return b"".join([b"[", rows.data])


class ArrowPages:
    def __init__(self, table, kinds, schema):
        self._table, self._kinds, self._schema = table, kinds, schema
        self.row_bytes = sum(
            len(table.texts[kind]) + 4 if kind in ("id", "payload") else 8 for kind in kinds)

    def page(self, start, count):
        numbers = np.arange(start + 1, start + count + 1, dtype=np.int64)
        columns = [self._column(kind, field.type, numbers)
                   for kind, field in zip(self._kinds, self._schema, strict=True)]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema) as writer:
            writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        return sink.getvalue().to_pybytes()

    def _column(self, kind, form, numbers):
        if kind == "null":
            return pa.nulls(len(numbers), form)
        if kind in ("micros", "iso"):
            micros = pa.array((numbers + FIRST_SECOND) * 1_000_000)
            return micros.cast(form) if kind == "micros" else micros.view(form)
        template = self._table.texts[kind].encode()
        offsets = np.arange(len(numbers) + 1, dtype=np.int32) * len(template)
        data = filled(template, numbers)
        return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(data.tobytes())).cast(form)
