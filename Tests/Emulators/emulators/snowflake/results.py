"""A finished result: its columns, and its rows as text in partitions."""

import dataclasses
import datetime
import gzip
import json
import zoneinfo

from ..common.duck import quoted
from . import names, types

BILLION = 10**9


@dataclasses.dataclass
class Partition:
    rows: int
    size: int
    #: The first: the JSON array. A further one: the object around it, in gzip, as it is sent.
    body: bytes
    compressed: int | None = None

    def plain(self):
        """The JSON array."""
        return gzip.decompress(self.body)[len(b'{"data":'):-1] if self.compressed is not None else self.body


@dataclasses.dataclass
class Result:
    #: `rowType`.
    columns: list
    rows: int
    partitions: list


@dataclasses.dataclass
class Encoding:
    """How cells are written: only a request's own parameters change it."""

    formats: dict = dataclasses.field(default_factory=dict)
    timezone: str = "UTC"
    nullable: bool = True

    def cell(self, kind, value):
        if value is None:
            return None if self.nullable else "null"
        match kind.name:
            case "timestamp_ntz": return self._instant("timestamp_ntz", value, 0)
            case "timestamp_ltz": return self._instant("timestamp_ltz", value, None)
            case "timestamp_tz":
                nanoseconds, offset = value.split(" ")
                return self._instant("timestamp_tz", int(nanoseconds), int(offset))
            case "boolean": return "true" if value else "false"
            case "real": return {"inf": "inf", "-inf": "-inf", "nan": "NaN"}.get(value, value)
            case "date":
                if "date_output_format" in self.formats:
                    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=value)
                    return formatted(self.formats["date_output_format"], day, 0, 0)
                return str(value)
            case _: return value if isinstance(value, str) else str(value)

    def _instant(self, kind, nanoseconds, offset):
        form = self.formats.get(f"{kind}_output_format") or self.formats.get("timestamp_output_format")
        if form is None:
            sign, value = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
            text = f"{sign}{value // BILLION}.{value % BILLION:09d}"
            return f"{text} {offset}" if kind == "timestamp_tz" else text
        moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(
            seconds=nanoseconds // BILLION)
        if kind == "timestamp_ltz":
            moment = moment.astimezone(zoneinfo.ZoneInfo(self.timezone))
        elif kind == "timestamp_tz":
            moment = moment.astimezone(datetime.timezone(datetime.timedelta(minutes=offset - 1440)))
        east = int(moment.utcoffset().total_seconds()) // 60
        return formatted(form, moment, nanoseconds % BILLION, east)


def formatted(form, moment, nanoseconds, east):
    """A date or time by Snowflake's format elements, as far as tests use them."""
    sign = "-" if east < 0 else "+"
    pieces = [
        ("YYYY", f"{moment.year:04d}"), ("MM", f"{moment.month:02d}"), ("DD", f"{moment.day:02d}"),
        ("TZHTZM", f"{sign}{abs(east) // 60:02d}{abs(east) % 60:02d}"),
        ("TZH:TZM", f"{sign}{abs(east) // 60:02d}:{abs(east) % 60:02d}")]
    if isinstance(moment, datetime.datetime):
        pieces += [("HH24", f"{moment.hour:02d}"), ("MI", f"{moment.minute:02d}"), ("SS", f"{moment.second:02d}")]
        pieces += [(f"FF{n}", f"{nanoseconds:09d}"[:n]) for n in range(1, 10)] + [("FF", f"{nanoseconds:09d}")]
    text, position = "", 0
    pieces.sort(key=lambda piece: -len(piece[0]))
    while position < len(form):
        found = next((p for p in pieces if form.upper().startswith(p[0], position)), None)
        text += found[1] if found else form[position]
        position += len(found[0]) if found else 1
    return text


#: How DuckDB hands a cell over, by the name of its Snowflake type: nothing that Python would round.
FETCHED = {
    "fixed": "CAST({0} AS VARCHAR)", "real": "CAST({0} AS VARCHAR)", "binary": "hex({0})",
    "date": "CAST({0} - DATE '1970-01-01' AS BIGINT)", "timestamp_ntz": "epoch_ns({0})",
    "timestamp_ltz": "epoch_ns({0}.instant)",
    "timestamp_tz": "CAST(epoch_ns({0}.instant) AS VARCHAR) || ' ' || CAST({0}.\"offset\" AS VARCHAR)",
    "variant": "{0}.json", "object": "{0}.json", "array": "{0}.json",
    "time": "CAST(floor(epoch({0})) AS BIGINT) || '.' || lpad(CAST(CAST(date_part('microseconds', {0}) AS BIGINT) "
            "% 1000000 * 1000 AS VARCHAR), 9, '0')"}


def row_type(name, kind, origin=(None, None, None), nullable=True):
    database, schema, table = origin
    return {
        "name": name, "database": database or "", "schema": schema or "", "table": table or "", "nullable": nullable,
        "type": kind.name, "precision": kind.precision, "scale": kind.scale, "length": kind.length,
        "byteLength": kind.length, "collation": None}


def run(cursor, sql, encoding, size):
    """Runs DuckDB SQL and renders what comes, in partitions of about `size` bytes."""
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE outcome AS {sql}")
    try:
        described = cursor.execute("DESCRIBE outcome").fetchall()
        kinds = [types.of(column[1]) for column in described]
        cells = [FETCHED.get(kind.name, "{0}").format(f"outcome.{quoted(column[0])}")
                 for column, kind in zip(described, kinds, strict=True)]
        cursor.execute(f"SELECT {', '.join(cells)} FROM outcome ORDER BY rowid")
        columns = [row_type(names.unmangled(column[0]), kind) for column, kind in zip(described, kinds, strict=True)]
        return render(columns, kinds, iter(lambda: cursor.fetchmany(5000), []), encoding, size)
    finally:
        cursor.execute("DROP TABLE IF EXISTS outcome")


def render(columns, kinds, chunks, encoding, size):
    """Rows into partitions: the first plain and a tenth as large, the others gzip."""
    partitions, lines, held, total = [], [], 0, 0
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def cut():
        nonlocal lines, held
        body = ("[" + ",".join(lines) + "]").encode()
        if partitions:
            packed = gzip.compress(b'{"data":' + body + b"}", 1)
            partitions.append(Partition(len(lines), len(body), packed, len(packed)))
        else:
            partitions.append(Partition(len(lines), len(body), body))
        lines, held = [], 0

    for rows in chunks:
        for row in rows:
            line = dumps([encoding.cell(kind, value) for kind, value in zip(kinds, row, strict=True)])
            lines.append(line)
            held += len(line)
            total += 1
            if held >= (size if partitions else max(1, size // 10)):
                cut()
    if lines or not partitions:
        cut()
    return Result(columns, total, partitions)


def of_rows(fields, rows):
    """A small result of the emulator's own making: `fields` are names and types."""
    columns = [row_type(name, kind) for name, kind in fields]
    return render(columns, [kind for _, kind in fields], [rows], Encoding(), 1 << 20)


TEXT = types.ColumnType("text", length=16777216)
NUMBER = types.ColumnType("fixed", 19, 0)
INSTANT = types.ColumnType("timestamp_ltz", 0, 3)


def status(text):
    return of_rows([("status", TEXT)], [(text,)])
