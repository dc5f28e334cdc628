"""The workspace's HTTP API: from a path to what it asks for."""

import base64
import re
import secrets
import urllib.parse

from ..common.answer import Answer
from ..common.emulator import Emulator
from . import errors
from .links import Store
from .statements import Statement
from .types import described
from .workspace import Workspace

S = "/api/2.0/sql"
ROUTES = [
    ("POST", rf"{S}/statements/?", "execute"),
    ("GET", rf"{S}/statements/(?P<statement>[^/]+)", "status"),
    ("GET", rf"{S}/statements/(?P<statement>[^/]+)/result/chunks/(?P<chunk>\d+)", "chunk"),
    ("POST", rf"{S}/statements/(?P<statement>[^/]+)/cancel", "cancel"),
    ("DELETE", rf"{S}/statements/(?P<statement>[^/]+)", "close"),
    ("POST", rf"{S}/sessions/?", "open_session"),
    ("DELETE", rf"{S}/sessions/(?P<session>[^/]+)", "close_session"),
    ("GET", rf"{S}/warehouses/(?P<warehouse>[^/]+)", "warehouse"),
    ("POST", rf"{S}/warehouses/(?P<warehouse>[^/]+)/start", "start"),
    ("POST", rf"{S}/warehouses/(?P<warehouse>[^/]+)/stop", "stop"),
    ("GET", r"/api/2.1/unity-catalog/tables/(?P<table>.+)", "table"),
    ("GET", r"/api/2.1/unity-catalog/schemas/(?P<schema>.+)", "schema"),
    ("GET", r"/\.well-known/databricks-config", "config"),
    ("GET", r"/oidc/\.well-known/oauth-authorization-server", "oidc"),
    ("POST", r"/oidc/v1/token", "token")]
ROUTES = [(method, re.compile(pattern), point) for method, pattern, point in ROUTES]
#: Those that need no token of a workspace.
OPEN = {"config", "oidc", "token"}


class Databricks(Emulator):
    service = "databricks"
    host_names = ("localhost", "127.0.0.1")

    def __init__(self):
        super().__init__()
        self.store = Store(self)
        # Requests that name nobody's workspace: discovery, and tokens that nobody has.
        self.add_tenant("lobby")

    def siblings(self):
        return {"store": self.store}

    def make_tenant(self, name, options):
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise ValueError("a workspace's name has a-z, 0-9 and _ only")
        return Workspace(name, options)

    def tenant_of(self, request):
        """A token and a client's id name their workspace: tests that run at once share one address."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        name = None
        if scheme == "Bearer" and value.count(".") >= 2:
            name = value.split(".")[1]
        elif scheme == "Basic":
            name = _client(value)[0].split(".")[0]
        return self.tenants.get(name) or self.tenants["lobby"]

    def point_of(self, request, body):
        for method, pattern, point in ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                facts = found.groupdict()
                if "chunk" in facts:
                    facts["chunk"] = int(facts["chunk"])
                return point, facts
        return "unknown", {}

    async def handle(self, workspace, request, body, point, facts):
        try:
            if point == "unknown":
                raise errors.APIError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{request.method} {request.path}'")
            if point in OPEN:
                return getattr(self, f"_{point}")(workspace, request, body)
            principal = workspace.principal(request.headers.get("Authorization", "").removeprefix("Bearer "))
            arguments = {}
            if body and request.method == "POST":
                try:
                    arguments = await request.json()
                except ValueError:
                    raise errors.APIError(400, "MALFORMED_REQUEST", "Could not parse request object") from None
            return await getattr(self, f"_{point}")(workspace, principal, arguments, facts)
        except errors.APIError as error:
            return error.answer()

    # OAuth.

    def _config(self, workspace, request, body):
        return Answer.json({
            "oidc_endpoint": f"https://{request.host}/oidc", "account_id": "7a5e", "workspace_id": "4242"})

    def _oidc(self, workspace, request, body):
        base = f"https://{request.host}/oidc"
        return Answer.json({
            "issuer": base, "authorization_endpoint": f"{base}/v1/authorize", "token_endpoint": f"{base}/v1/token",
            "grant_types_supported": ["client_credentials"]})

    def _token(self, workspace, request, body):
        client, secret = _client(request.headers.get("Authorization", "").removeprefix("Basic "))
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials" or form.get("scope") != "all-apis":
            return Answer.json({"error": "invalid_request", "error_description": "grant_type or scope is wrong"}, 400)
        token = workspace.issue(client, secret)
        if token is None:
            return Answer.json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        return Answer.json({
            "access_token": token, "token_type": "Bearer", "scope": "all-apis",
            "expires_in": workspace.settings["token_seconds"]})

    # Statements.

    async def _execute(self, workspace, principal, body, facts):
        statement = Statement(workspace, principal, body)
        workspace.statements[statement.id] = statement
        statement.begin()
        await statement.wait_for_end()
        return Answer.json(self._described(workspace, statement))

    def _statement(self, workspace, number):
        statement = workspace.statements.get(number)
        if statement is None or statement.is_forgotten:
            raise errors.not_found(f"The statement {number} was not found.")
        return statement

    async def _status(self, workspace, principal, body, facts):
        statement = self._statement(workspace, facts["statement"])
        statement.look()
        return Answer.json(self._described(workspace, statement))

    async def _cancel(self, workspace, principal, body, facts):
        self._statement(workspace, facts["statement"]).cancel()
        return Answer(200, b"", {"Content-Type": "application/json"})

    async def _close(self, workspace, principal, body, facts):
        statement = self._statement(workspace, facts["statement"])
        statement.cancel()
        statement.state, statement.result = "CLOSED", None
        return Answer.json({})

    async def _chunk(self, workspace, principal, body, facts):
        statement = self._statement(workspace, facts["statement"])
        if statement.result is None:
            raise errors.APIError(
                400, "BAD_REQUEST", f"The statement {statement.id} is {statement.state}, it has no result.")
        if facts["chunk"] >= len(statement.result.chunks):
            raise errors.invalid(f"The chunk {facts['chunk']} does not exist.")
        return Answer.json(self._part(workspace, statement, facts["chunk"]))

    def _described(self, workspace, statement):
        status = {"state": statement.state}
        answer = {"statement_id": statement.id, "status": status}
        if statement.error:
            status["error"] = {"error_code": statement.error.code, "message": statement.error.message}
            if workspace.settings["says_sql_state"]:
                status["sql_state"] = statement.error.state
        if statement.state != "SUCCEEDED":
            return answer
        result, settings = statement.result, workspace.settings
        columns = [{**column, "type_name": settings["type_names"].get(column["name"], column["type_name"])}
                   for column in result.columns]
        is_empty = result.row_count == 0
        manifest = {
            "format": statement.form, "schema": {"column_count": len(columns), "columns": columns},
            "total_chunk_count": len(result.chunks), "total_row_count": result.row_count,
            "total_byte_count": result.byte_count, "truncated": result.truncated or settings["truncates"],
            "chunks": [{"chunk_index": index, "row_offset": chunk.row_offset, "row_count": chunk.row_count,
                        "byte_count": chunk.size} for index, chunk in enumerate(result.chunks)]}
        if statement.compression:
            manifest["result_compression"] = statement.compression
        answer["manifest"] = manifest
        if is_empty and settings["empty"] != "chunk":
            manifest["total_chunk_count"] = 0
            del manifest["chunks"]
            if settings["empty"] == "bare":
                answer["result"] = {}
        else:
            answer["result"] = self._part(workspace, statement, 0)
        return answer

    def _part(self, workspace, statement, index):
        """A chunk's rows, or the link to them."""
        chunk = statement.result.chunks[index]
        part = {"chunk_index": index, "row_offset": chunk.row_offset, "row_count": chunk.row_count,
                "byte_count": chunk.size}
        if index + 1 < len(statement.result.chunks):
            part["next_chunk_index"] = index + 1
            host = workspace.settings["foreign_host"]
            part["next_chunk_internal_link"] = (
                f"{host or ''}{S}/statements/{statement.id}/result/chunks/{index + 1}?row_offset={chunk.row_offset}")
        if statement.disposition == "INLINE":
            return {**part, "data_array": chunk.rows}
        part["external_link"], part["expiration"] = self.store.link(workspace, statement, index)
        if workspace.settings["link_headers"]:
            part["http_headers"] = workspace.settings["link_headers"]
        return {"external_links": [part]}

    # Sessions, warehouses, tables.

    async def _open_session(self, workspace, principal, body, facts):
        warehouse = workspace.warehouses.get(body.get("warehouse_id"))
        if warehouse is None:
            raise errors.not_found(f"SQL warehouse {body.get('warehouse_id')} does not exist.")
        workspace.check_use(principal, warehouse)
        number = secrets.token_hex(16)
        zone = (body.get("session_confs") or {}).get("timezone")
        workspace.sessions[number] = {
            "catalog": body.get("catalog"), "schema": body.get("schema"), "time_zone": zone}
        return Answer.json({"session_id": number})

    async def _close_session(self, workspace, principal, body, facts):
        if workspace.sessions.pop(facts["session"], None) is None:
            raise errors.not_found("The session was not found.")
        return Answer.json({})

    def _warehouse_of(self, workspace, principal, facts):
        warehouse = workspace.warehouses.get(facts["warehouse"])
        if warehouse is None:
            raise errors.APIError(
                404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {facts['warehouse']} does not exist.")
        workspace.check_use(principal, warehouse)
        return warehouse

    async def _warehouse(self, workspace, principal, body, facts):
        return Answer.json(self._warehouse_of(workspace, principal, facts).described())

    async def _start(self, workspace, principal, body, facts):
        self._warehouse_of(workspace, principal, facts).start()
        return Answer.json({})

    async def _stop(self, workspace, principal, body, facts):
        self._warehouse_of(workspace, principal, facts).stop()
        return Answer.json({})

    async def _table(self, workspace, principal, body, facts):
        name = urllib.parse.unquote(facts["table"])
        parts = name.lower().split(".")
        columns = workspace.columns(*parts) if len(parts) == 3 else None
        if columns is None:
            raise errors.APIError(404, "TABLE_DOES_NOT_EXIST", f"Table '{name}' does not exist.")
        try:
            workspace.check_select(principal, *parts)
        except errors.StatementError as error:
            raise errors.APIError(403, "PERMISSION_DENIED", error.message) from None
        described_columns = [
            {"name": column, "type_text": described(kind)[0].lower(), "type_name": described(kind)[1],
             "position": position, "nullable": True} for position, (column, kind) in enumerate(columns)]
        return Answer.json({
            "name": parts[2], "catalog_name": parts[0], "schema_name": parts[1], "table_type": "MANAGED",
            "full_name": ".".join(parts), "columns": described_columns})

    async def _schema(self, workspace, principal, body, facts):
        name = urllib.parse.unquote(facts["schema"]).lower()
        catalog, _, schema = name.partition(".")
        if (catalog, schema) not in workspace.schemas:
            raise errors.APIError(404, "SCHEMA_DOES_NOT_EXIST", f"Schema '{name}' does not exist.")
        return Answer.json({"name": schema, "catalog_name": catalog, "full_name": name})

    # Tests.

    async def steer(self, workspace, verb, arguments):
        if verb == "sql":
            return workspace.script(arguments["script"])
        if verb == "configure":
            return workspace.configure(arguments)
        if verb == "principal":
            return workspace.add_principal(arguments)
        if verb == "warehouse":
            workspace.warehouse.change(arguments)
            return {"id": workspace.warehouse.id, "state": workspace.warehouse.state}
        if verb == "render":
            return workspace.add_rendered(arguments["name"], arguments["rows"], arguments.get("payload", 200))
        if verb == "statements":
            return [{"statement_id": statement.id, "state": statement.state, "text": statement.text,
                     "tags": statement.tags} for statement in workspace.statements.values()]
        if verb == "end":
            # What somebody else does to the newest statement: CANCELED, CLOSED.
            statement = list(workspace.statements.values())[-1]
            statement.cancel()
            statement.state, statement.result = arguments["state"], None
            return {"statement_id": statement.id}
        raise KeyError(verb)


def _client(basic):
    try:
        name, _, secret = base64.b64decode(basic, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return urllib.parse.unquote(name), urllib.parse.unquote(secret)
