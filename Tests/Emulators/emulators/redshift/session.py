"""One client and its backend: messages pass in both directions, changed where Redshift differs."""

import asyncio
import contextlib
import re
import struct
import time

from .dialect import Dialect, Refused
from .rendered import Answers
from .login import from_statement
from .framing import (Broken, Messages, bound, error, error_fields, message, read_message, startup, text)

#: What a server of PostgreSQL 8.0's time does not report (emulates what libpq then assumes).
UNREPORTED = {b"standard_conforming_strings", b"in_hot_standby", b"default_transaction_read_only", b"IntervalStyle",
              b"scram_iterations", b"search_path"}
#: What drivers add for Redshift and PostgreSQL does not take.
STARTUP = {"user", "database", "application_name", "client_encoding", "DateStyle", "TimeZone", "datestyle", "timezone"}
#: SUPER's number in Redshift's pg_type.
SUPER = 4000
MARK = re.compile(r"sluice_refused_(\d+)")


class Session:
    def __init__(self, emulator, tenant, user, parameters, reader, writer):
        self.emulator = emulator
        self.tenant = tenant
        self.user = user
        self.parameters = parameters
        self.reader = reader
        self.writer = writer
        self.dialect = Dialect(tenant.views, tenant.single_node)
        self._rendered = Answers(tenant, writer)
        #: Whether something since the last Sync was answered here, and whether the backend has seen something.
        self._is_ours = False
        self._is_theirs = False
        #: The backend's last word on its transaction.
        self._status = b"I"
        self.key = (0, 0)
        self.query = 0
        self.timeout = 0.0
        #: As it was set last; noted with every statement.
        self.query_group = "default"
        self._sets_query_group = False
        self._refused = []
        self._queue = 0.0
        self._began = 0.0
        self._rows_left = None
        self._slow = None
        self._cancelled = asyncio.Event()
        self._waits_here = False

    async def run(self):
        self.backend_reader, self.backend_writer = await asyncio.open_unix_connection(
            self.tenant.backend_path, limit=1 << 20)
        kept = {k: v for k, v in self.parameters.items() if k in STARTUP}
        kept |= {"user": self.user, "database": self.tenant.database,
                 # The old server takes a backslash in a literal as an escape.
                 "options": "-c standard_conforming_strings=off -c escape_string_warning=off "
                            "-c backslash_quote=on"}
        self.backend_writer.write(startup(kept))
        self.writer.write(message(b"R", struct.pack(">I", 0)))
        try:
            tasks = [asyncio.create_task(self._from_backend()), asyncio.create_task(self._from_client())]
            _, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError, Broken, ConnectionError, asyncio.IncompleteReadError):
                    await task
        finally:
            self.tenant.sessions.pop(self.key, None)
            self.backend_writer.close()

    def abort(self):
        self.writer.transport.abort()
        self.backend_writer.transport.abort()

    async def cancel(self):
        if self._waits_here:
            self._cancelled.set()
            return
        _, writer = await asyncio.open_unix_connection(self.tenant.backend_path)
        writer.write(struct.pack(">IIII", 16, 80877102, *self.key))
        await writer.drain()
        writer.close()

    # From the client.

    async def _from_client(self):
        skipping = False
        while True:
            kind, body = await read_message(self.reader)
            if skipping:
                # What was answered here is over; the rest of it, up to Sync, is void.
                if kind == b"S":
                    skipping = False
                    self.writer.write(message(b"Z", b"I"))
                    await self.writer.drain()
                continue
            if kind == b"Q":
                if await self._statement(body[:-1].decode(), kind) is None:
                    continue
            elif kind == b"P":
                name, rest = body.split(b"\0", 1)
                sql, types = rest.split(b"\0", 1)
                translated = await self._statement(sql.decode(), kind)
                if translated is None:
                    skipping = True
                    continue
                if self._rendered.parse(name, sql.decode()):
                    self._is_ours = True
                    continue
                self._is_theirs = True
                self._sets_query_group = "set_config('query_group'" in sql.decode()
                body = name + b"\0" + translated.encode() + b"\0" + types
                self.backend_writer.write(message(kind, body))
                continue
            elif kind in (b"B", b"D", b"E", b"C") and await self._rendered.extended(kind, body):
                self._is_ours = True
                continue
            elif kind == b"S":
                is_ours, self._is_ours = self._is_ours, False
                is_theirs, self._is_theirs = self._is_theirs, False
                if is_ours and not is_theirs:
                    self.writer.write(message(b"Z", self._status))
                    await self.writer.drain()
                    continue
            elif kind == b"B" and self._sets_query_group:
                self._sets_query_group = False
                self.query_group = bound(body)[0].decode()
                # Documented as the longest (guide, "query_group"); what a longer one gets is not.
                if len(self.query_group) > 320:
                    raise Broken("a query_group of more than 320 characters")
            self._is_theirs = self._is_theirs or kind in (b"B", b"D", b"E", b"C")
            self.backend_writer.write(message(kind, body))
            await self.backend_writer.drain()
            if kind == b"X":
                return

    async def _statement(self, sql, kind):
        """Its text for the backend (sent already where it is a simple query); None where it was answered here."""
        is_simple = kind == b"Q"
        self.tenant.note("simple" if is_simple else "parse", sql=sql, pid=self.key[0],
                         query_group=self.query_group)
        self.query = next(self.emulator.query_numbers)
        self._began, self._queue = time.monotonic(), 0.0
        found = re.search(r"SET\s+(?:SESSION\s+)?statement_timeout\s+(?:TO|=)\s+'?(\d+)", sql, re.IGNORECASE)
        if found:
            self.timeout = int(found[1]) / 1000
        found = re.search(r"SET\s+(?:SESSION\s+)?query_group\s+(?:TO|=)\s+'([^']*)'", sql, re.IGNORECASE)
        if found:
            self.query_group = found[1]
        fault = self.tenant.faults.strike("statement", {"sql": sql, "user": self.user, "simple": is_simple})
        if fault and not await self._disturb(fault.action, is_simple):
            return None
        if is_simple and await self._rendered.simple(sql, self._status):
            return None
        self._change_accounts(sql)
        if re.search(r"svv_columns|pg_get_late_binding_view_cols|show\s+columns", sql, re.IGNORECASE):
            await asyncio.to_thread(self.tenant.describe_views)
        try:
            translated = self.dialect.translate(sql)
        except Refused as refusal:
            # A text that PostgreSQL refuses where it stands in the pipeline; the words are exchanged on the way back.
            self._refused.append(refusal)
            translated = f"sluice_refused_{len(self._refused) - 1}"
        if is_simple:
            self.backend_writer.write(message(b"Q", text(translated)))
            await self.backend_writer.drain()
            return None
        return translated

    def _change_accounts(self, sql):
        """`CREATE USER … PASSWORD` and `ALTER USER … PASSWORD`: logins are the emulator's own."""
        for name, password in re.findall(
                r"""(?:CREATE|ALTER)\s+USER\s+("[^"]+"|\w+)\s+(?:WITH\s+)?PASSWORD\s+'((?:[^']|'')*)'""", sql,
                re.IGNORECASE):
            # Names fold in quotes too.
            self.tenant.accounts[name.strip('"').lower()] = from_statement(password.replace("''", "'"))

    async def _disturb(self, action, is_simple):
        """False where the statement has been answered."""
        await asyncio.sleep(action.get("delay", 0))
        if "queue" in action and not await self._wait_in_queue(action["queue"], is_simple):
            return False
        if "error" in action:
            self._answer_error(action["error"], action.get("words", "scripted"), action.get("detail"), is_simple)
            await self.writer.drain()
            return False
        self._rows_left = action.get("reset_after")
        if "slow_after" in action:
            self._slow = [action["slow_after"], action.get("seconds", 1)]
        return True

    async def _wait_in_queue(self, seconds, is_simple):
        """WLM: waiting counts for the statement's timeout (guide, "statement_timeout")."""
        allowed = min(seconds, self.timeout) if self.timeout else seconds
        self._waits_here = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._cancelled.wait(), allowed)
        self._waits_here = False
        was_cancelled, _ = self._cancelled.is_set(), self._cancelled.clear()
        self._queue = time.monotonic() - self._began
        if not was_cancelled and (not self.timeout or seconds < self.timeout):
            return True
        await asyncio.to_thread(self.tenant.note_query, self.key[0], self.query, "canceled", self._queue, self._queue)
        self._answer_error("57014", f"Query ({self.query}) canceled on user's request", None, is_simple)
        await self.writer.drain()
        return False

    def _answer_error(self, code, words, detail, is_simple):
        self.writer.write(error(code, words, detail=detail))
        if is_simple:
            self.writer.write(message(b"Z", b"I"))

    # From the backend.

    async def _from_backend(self):
        messages = Messages()
        while data := await self.backend_reader.read(1 << 18):
            out = []
            for kind, body, whole in messages.feed(data):
                if kind == b"D":
                    if self._rows_left is not None or self._slow is not None:
                        await self._count_row(out)
                    out.append(whole)
                else:
                    out.append(self._changed(kind, body, whole))
            self.writer.write(b"".join(out))
            await self.writer.drain()

    async def _count_row(self, out):
        if self._slow is not None:
            self._slow[0] -= 1
            if self._slow[0] < 0:
                self.writer.write(b"".join(out))
                out.clear()
                await self.writer.drain()
                seconds, self._slow = self._slow[1], None
                await asyncio.sleep(seconds)
        if self._rows_left is not None:
            self._rows_left -= 1
            if self._rows_left < 0:
                self.writer.write(b"".join(out))
                await self.writer.drain()
                await asyncio.sleep(0.05)
                self.abort()
                raise Broken("cut by a fault")

    def _changed(self, kind, body, whole):
        if kind == b"S":
            name, value = body.split(b"\0")[:2]
            if name in UNREPORTED:
                return b""
            if name == b"server_version":
                # Redshift reports its ancestor's.
                return (message(b"S", b"server_version\0" + b"8.0.2\0")
                        + message(b"S", b"padb_version\0" + b"1.0.99999\0"))
        elif kind == b"R":
            # The client has been let in by us.
            return b""
        elif kind == b"Z":
            self._status = body
        elif kind == b"K":
            self.key = struct.unpack(">II", body)
            self.tenant.sessions[self.key] = self
        elif kind == b"T":
            return self._described(body)
        elif kind in (b"E", b"N"):
            return self._error(kind, body, whole)
        return whole

    def _described(self, body):
        """RowDescription with SUPER's own number."""
        (count,) = struct.unpack_from(">H", body)
        data, at = bytearray(body), 2
        for _ in range(count):
            at = data.index(0, at) + 1
            (number,) = struct.unpack_from(">I", data, at + 6)
            if number == self.tenant.super_type:
                struct.pack_into(">I", data, at + 6, SUPER)
            at += 18
        return message(b"T", bytes(data))

    def _error(self, kind, body, whole):
        fields = error_fields(body)
        code, words = fields.get("C", ""), fields.get("M", "")
        found = MARK.search(words)
        if found:
            refusal = self._refused[int(found[1])]
            return error(refusal.code, refusal.words)
        if code == "57014":
            # The text is the same for a user's cancel and for the timeout.
            asyncio.get_running_loop().run_in_executor(
                None, self.tenant.note_query, self.key[0], self.query, "canceled", self._queue,
                time.monotonic() - self._began)
            return error(code, f"Query ({self.query}) canceled on user's request")
        if kind == b"E" and code == "28P01":
            return error("28000", words, fields.get("S", "ERROR"))
        return whole
