"""Results that the emulator makes itself, so that a measurement is of the reader and not of a database.

A table of any length costs one page of an hour's rows, made once a process: every row has the same size, hours differ in
their first digits alone, and those are put in as the page is sent. UPDATED_AT rises by a second from row to row and every
EXTERNAL_ID is another, so that a reader that checks the order finds it true. Conditions on columns are not looked at.
"""

import functools
import re
import struct
import time

from .framing import message, result_formats, text

COLUMNS = (("updated_at", 1184, 8), ("external_id", 1043, -1), ("payload", 1043, -1))
COUNTS = (("count", 20, 8), ("sysdate", 1114, 8))
HOUR = 3600
#: 2023-11-14 22:00:00 UTC, the first row's.
FIRST = 1_699_999_200
#: What stands in the page for the hour's part of a text; no JSON and no text of ours has these bytes.
DATE, NUMBER = b"\x01" * 13, b"\x02" * 6
#: Where the first value of a row begins; binary, it is microseconds since 2000.
VALUE = 11
EPOCH = 946_684_800


def description(columns=COLUMNS, formats=()):
    body = struct.pack(">H", len(columns))
    for index, (name, type_oid, size) in enumerate(columns):
        # None given: text; one: for every column.
        code = formats[index] if index < len(formats) else formats[0] if len(formats) == 1 else 0
        body += text(name) + struct.pack(">IHIhih", 0, 0, type_oid, size, -1, code)
    return message(b"T", body)


def _row(*values):
    body = struct.pack(">H", len(values)) + b"".join(struct.pack(">I", len(v)) + v for v in values)
    return b"D" + struct.pack(">I", len(body) + 4) + body


@functools.lru_cache(maxsize=4)
def _page(payload, is_binary):
    """One hour's rows, and the size of one."""
    rows = []
    for number in range(HOUR):
        user = b"user-%s%04d" % (NUMBER, number)
        start = b'{"n": %d, "user": "%s", "pad": "' % (1000 + number, user)
        value = start + b"x" * max(0, payload - len(start) - 2) + b'"}'
        instant = bytes(8) if is_binary else b"%s:%02d:%02d+00" % (DATE, number // 60, number % 60)
        rows.append(_row(instant, user, value))
    return b"".join(rows), len(rows[0])


def rows(start, end, payload=200, is_binary=False):
    """DataRow messages of the rows from `start` to before `end`, with how many there are, an hour at most a piece."""
    page, size = _page(payload, is_binary)
    while start < end:
        hour, first = divmod(start, HOUR)
        count = min(HOUR - first, end - start)
        part = page[first * size:(first + count) * size].replace(NUMBER, b"%06d" % hour)
        if is_binary:
            part = bytearray(part)
            seconds = FIRST + start - EPOCH
            packed = struct.pack(f">{count}q", *range(seconds * 10**6, (seconds + count) * 10**6, 10**6))
            for byte in range(8):
                part[VALUE + byte::size] = packed[byte::8]
        else:
            part = part.replace(DATE, time.strftime("%Y-%m-%d %H", time.gmtime(FIRST + hour * HOUR)).encode())
        yield part, count
        start += count


class Result:
    """One statement over a rendered table, and how much of it has been fetched."""

    def __init__(self, sql, table):
        self.name = table["name"]
        self.payload = table.get("payload", 200)
        self.at = 0
        #: Of the columns: 0 for text, 1 for binary, as Bind asks for them.
        self.formats = ()
        self.columns = COLUMNS
        limit = re.search(r"LIMIT (\d+)\s*$", sql)
        self.rows = min(table["rows"], int(limit[1])) if limit else table["rows"]
        self.counts = None
        if "count(*)" in sql:
            self.columns = COUNTS[:2 if "sysdate" in sql else 1]
            # No row is without UPDATED_AT.
            self.counts = 0 if "IS NULL" in sql else table["rows"]
            self.rows = 1

    def parameters(self, sql):
        """ParameterDescription: every one is text."""
        count = max((int(n) for n in re.findall(r"\$(\d+)", sql)), default=0)
        return message(b"t", struct.pack(">H", count) + struct.pack(">I", 25) * count)

    def description(self):
        return description(self.columns, self.formats)

    async def send(self, writer, limit, sent):
        """The next rows and what ends them. `sent` is told how many have gone to the socket: a slow reader holds them up."""
        end = min(self.rows, self.at + limit) if limit else self.rows
        if self.counts is not None:
            now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()).encode()
            count = struct.pack(">q", self.counts) if self.formats[:1] == (1,) else b"%d" % self.counts
            writer.write(_row(*(count, now)[:len(self.columns)]))
            self.at = end
        else:
            start, self.at = self.at, end
            for part, count in rows(start, end, self.payload, self.formats[:1] == (1,)):
                writer.write(part)
                await writer.drain()
                sent(count)
        return end


class Answers:
    """A session's statements over rendered tables: by Parse and by simple queries, cursors, and portals of so many rows."""

    def __init__(self, tenant, writer):
        self._tenant = tenant
        self._writer = writer
        self._statements = {}
        self._portals = {}
        self._cursors = {}

    def _result(self, sql):
        table = next((t for name, t in self._tenant.rendered.items() if name in sql), None)
        return table and Result(sql, table)

    def _sent(self, result):
        return lambda count: self._tenant.journal.counters.update({result.name: count})

    # The simple protocol.

    async def simple(self, sql, status):
        """Whether the statement was one of ours, and has been answered."""
        words = sql.split()
        declared = re.match(r"\s*DECLARE\s+(\S+)\s", sql, re.IGNORECASE)
        if declared and (result := self._result(sql)):
            self._cursors[declared[1].strip('"')] = result
            self._writer.write(message(b"C", text("DECLARE CURSOR")))
        elif words and words[0].upper() in ("FETCH", "CLOSE") and words[-1].strip('";') in self._cursors:
            name = words[-1].strip('";')
            if words[0].upper() == "CLOSE":
                del self._cursors[name]
                self._writer.write(message(b"C", text("CLOSE CURSOR")))
            else:
                result = self._cursors[name]
                wanted = next((int(w) for w in words if w.isdigit()), 0 if "ALL" in sql.upper() else 1)
                before = result.at
                self._writer.write(result.description())
                await result.send(self._writer, wanted, self._sent(result))
                self._writer.write(message(b"C", text(f"FETCH {result.at - before}")))
        elif result := self._result(sql):
            self._writer.write(result.description())
            await result.send(self._writer, 0, self._sent(result))
            self._writer.write(message(b"C", text(f"SELECT {result.rows}")))
        else:
            return False
        self._writer.write(message(b"Z", status))
        await self._writer.drain()
        return True

    # The extended protocol.

    def parse(self, name, sql):
        """Whether the statement is one of ours; another one takes its name's place."""
        self._statements.pop(name, None)
        if result := self._result(sql):
            self._statements[name] = (sql, result)
            self._writer.write(message(b"1"))
        return result is not None

    async def extended(self, kind, body):
        """Whether a message after Parse was about a statement of ours, and has been answered."""
        write = self._writer.write
        if kind == b"B":
            portal, name = body.split(b"\0", 2)[:2]
            self._portals.pop(portal, None)
            if name not in self._statements:
                return False
            sql, _ = self._statements[name]
            self._portals[portal] = self._result(sql)
            self._portals[portal].formats = result_formats(body)
            write(message(b"2"))
        elif kind == b"D" and body[:1] == b"S" and body[1:-1] in self._statements:
            sql, result = self._statements[body[1:-1]]
            write(result.parameters(sql) + result.description())
        elif kind == b"D" and body[:1] == b"P" and body[1:-1] in self._portals:
            write(self._portals[body[1:-1]].description())
        elif kind == b"E" and body.split(b"\0", 1)[0] in self._portals:
            portal, rest = body.split(b"\0", 1)
            result, limit = self._portals[portal], struct.unpack(">I", rest)[0]
            before = result.at
            await result.send(self._writer, limit, self._sent(result))
            is_suspended = limit and result.at < result.rows
            write(message(b"s") if is_suspended else message(b"C", text(f"SELECT {result.at - before}")))
        elif kind == b"C" and body[1:-1] in (self._statements if body[:1] == b"S" else self._portals):
            (self._statements if body[:1] == b"S" else self._portals).pop(body[1:-1])
            write(message(b"3"))
        else:
            return False
        await self._writer.drain()
        return True
