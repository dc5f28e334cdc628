"""A statement from its submission to the end of its result."""

import asyncio
import re
import uuid

from ..common.duck import SyntaxProblem, Unsupported
from . import errors, sql
from .rendered import rendering
from .results import Rendering

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "CLOSED"}
LARGEST_TEXT = 16 << 20
TYPE = re.compile(r"(?i)[A-Z_]+(\(\d+(,\s*\d+)?\))?")
UNSUPPORTED_TYPES = ("ARRAY", "MAP", "STRUCT", "BINARY", "VARIANT")


class Statement:
    def __init__(self, workspace, principal, body):
        self.workspace, self.principal = workspace, principal
        self.id = str(uuid.uuid4())
        self.state, self.error, self.result = "PENDING", None, None
        self.succeeded_at = None
        self._read(body)
        settings = workspace.settings
        self.pending_polls, self.running_polls = settings["pending_polls"], settings["running_polls"]
        self.task = None
        #: Nobody wants the result any more: whoever makes it stops, as a thread cannot be ended from outside.
        self.is_abandoned = False

    def _read(self, body):
        """Checks the request; APIError."""
        self.text = body.get("statement")
        if not isinstance(self.text, str) or not self.text.strip():
            raise errors.invalid("Statement must not be empty.")
        if len(self.text.encode()) > LARGEST_TEXT:
            raise errors.invalid("The statement is larger than 16 MiB.")
        if "warehouse_id" not in body:
            raise errors.invalid("warehouse_id is required.")
        session = {}
        if body.get("session_id"):
            session = self.workspace.sessions.get(body["session_id"])
            if session is None:
                raise errors.not_found(f"The session {body['session_id']} was not found.")
        self.warehouse = self.workspace.warehouses.get(body["warehouse_id"])
        if self.warehouse is None or self.warehouse.is_gone:
            raise errors.APIError(
                404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {body['warehouse_id']} does not exist.")
        self.workspace.check_use(self.principal, self.warehouse)
        self.catalog = body.get("catalog") or session.get("catalog") or self.workspace.catalog
        self.schema = body.get("schema") or session.get("schema") or self.workspace.schema
        self.zone = session.get("time_zone")
        self.disposition = body.get("disposition") or "INLINE"
        if self.disposition not in ("INLINE", "EXTERNAL_LINKS", "INLINE_OR_EXTERNAL_LINKS"):
            raise errors.invalid(f"Invalid disposition {self.disposition}.")
        self.form = body.get("format") or "JSON_ARRAY"
        if self.form not in ("JSON_ARRAY", "ARROW_STREAM", "CSV"):
            raise errors.invalid(f"Invalid format {self.form}.")
        if self.disposition == "INLINE" and self.form != "JSON_ARRAY":
            raise errors.invalid(f"The format {self.form} is not supported with the disposition INLINE.")
        self.compression = body.get("result_compression")
        self.row_limit, self.byte_limit = body.get("row_limit"), body.get("byte_limit")
        self.wait = wait_seconds(body.get("wait_timeout", "10s"))
        self.on_timeout = body.get("on_wait_timeout") or "CONTINUE"
        if self.on_timeout not in ("CONTINUE", "CANCEL"):
            raise errors.invalid(f"Invalid on_wait_timeout {self.on_timeout}.")
        if self.wait == 0 and self.on_timeout == "CANCEL":
            raise errors.invalid("on_wait_timeout CANCEL needs a wait_timeout.")
        self.tags = query_tags(body.get("query_tags"))
        self.parameters = {}
        for parameter in body.get("parameters") or []:
            kind = parameter.get("type") or "STRING"
            if not parameter.get("name"):
                raise errors.invalid("Only named parameters are supported.")
            if not TYPE.fullmatch(kind) or kind.upper().startswith(UNSUPPORTED_TYPES):
                raise errors.invalid(f"The type {kind} of the parameter {parameter['name']} is not supported.")
            self.parameters[parameter["name"]] = parameter.get("value"), kind

    # Its life.

    def begin(self):
        self.task = asyncio.create_task(self._run())

    async def _run(self):
        if not self.warehouse.is_running:
            self.warehouse.start()
        while not self.warehouse.is_running:
            await asyncio.sleep(0.01)
        try:
            self.outcome = await asyncio.to_thread(self._execute)
        except errors.StatementError as error:
            self.outcome = error

    def _execute(self):
        self.workspace.journal.count("executions")
        translator = sql.DatabricksTranslator()
        context = sql.Context(self.catalog, self.schema, self.principal.name, self.parameters)
        written = ""
        try:
            trees = translator.parse(self.text)
            if len(trees) != 1:
                raise SyntaxProblem("one statement is expected")
            for parts in translator.tables(trees[0], context):
                written = ".".join(f"`{part}`" for part in parts)
                if self.workspace.columns(*parts) is None:
                    raise errors.no_such_table(written)
                self.workspace.check_select(self.principal, *parts)
            query = translator.translate(trees[0], context)
            with self.workspace.engine.cursor() as cursor:
                settings = self.workspace.settings
                if self.zone:
                    settings = {**settings, "time_zone": self.zone}
                render = Rendering(
                    self.form, settings, self.row_limit, self.byte_limit, self.compression,
                    self.disposition == "INLINE", lambda: self.is_abandoned)
                return self._rendered(translator, trees[0], context, cursor, render) or render.render(cursor, query)
        except errors.StatementError:
            raise
        except (SyntaxProblem, Unsupported, Exception) as error:
            raise sql.statement_error(error, written) from error

    def _rendered(self, translator, tree, context, cursor, render):
        named = set(translator.tables(tree, context))
        table = self.workspace.rendered.get(next(iter(named))) if len(named) == 1 else None
        if table is None:
            return None
        result = rendering(
            table, tree, next(iter(named))[2], lambda tree: translator.translate(tree, context), cursor, render)
        if result is not None:
            self.workspace.journal.count("rendered")
        return result

    def look(self):
        """Moves on as far as the clock, the warehouse and the scripted polls allow; called at every poll."""
        if self.state in ENDED:
            return
        if self.state == "PENDING" and self.warehouse.is_running:
            if self.pending_polls > 0:
                self.pending_polls -= 1
                return
            self.state = "RUNNING"
        elif self.state == "RUNNING" and self.running_polls > 0:
            self.running_polls -= 1
            return
        if self.state == "RUNNING" and self.running_polls == 0 and self.task and self.task.done():
            self._finish(self.outcome)

    def _finish(self, outcome):
        if isinstance(outcome, errors.StatementError):
            self.state, self.error = "FAILED", outcome
            return
        if self.disposition == "INLINE" and outcome.byte_count > self.workspace.settings["inline_bytes"]:
            self.state = "FAILED"
            self.error = errors.StatementError("", "", "54000")
            self.error.message = (
                "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of "
                f"at most {self.workspace.settings['inline_bytes']} bytes. Please execute the statement with "
                "disposition=EXTERNAL_LINKS if you want to download the full result.")
            return
        self.state, self.result = "SUCCEEDED", outcome
        self.succeeded_at = self.workspace.clock.seconds

    async def wait_for_end(self):
        """As long as the request's wait_timeout says."""
        if self.wait == 0:
            return
        end = asyncio.get_running_loop().time() + self.wait
        while self.state not in ENDED and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.01)
            self.look()
        if self.state not in ENDED and self.on_timeout == "CANCEL":
            self.cancel()

    def cancel(self):
        if self.state not in ENDED:
            self.state = "CANCELED"
            self.end()

    def end(self):
        self.is_abandoned = True
        if self.task:
            self.task.cancel()

    @property
    def is_forgotten(self):
        """A result lives an hour from its success; polling does not make it longer."""
        return self.succeeded_at is not None and (
            self.workspace.clock.seconds - self.succeeded_at >= self.workspace.settings["result_seconds"])


def wait_seconds(text):
    found = re.fullmatch(r"(\d+)s", str(text))
    seconds = int(found[1]) if found else -1
    if seconds != 0 and not 5 <= seconds <= 50:
        raise errors.invalid(f"wait_timeout {text} is invalid: it must be 0s, or between 5s and 50s.")
    return seconds


def query_tags(tags):
    """At most 20 of them, a key each; neither part is longer than 128 characters."""
    tags = tags or []
    if not isinstance(tags, list) or len(tags) > 20:
        raise errors.invalid("query_tags must be a list of at most 20 tags.")
    for tag in tags:
        key, value = tag.get("key"), tag.get("value") or ""
        if not key or not isinstance(key, str) or max(len(key), len(value)) > 128:
            raise errors.invalid(f"The query tag {str(key)[:40]} is invalid: a key is needed, of at most 128 characters, as its value.")
    return {tag["key"]: tag.get("value") for tag in tags}
