"""One workspace: who may sign in and do what, its warehouses, its sessions and its tables."""

import dataclasses
import re
import secrets

import sqlglot
from sqlglot.tokens import TokenType

from ..common import Tenant
from ..common.duck import Engine, quoted
from . import errors, sql
from .rendered import SAMPLE, SAMPLE_SUFFIX, RenderedTable
from .warehouse import Warehouse

#: What a test may change while the emulator runs, with what holds otherwise.
SETTINGS = {
    # Polls for which a statement stays PENDING and then RUNNING, though the warehouse runs.
    "pending_polls": 0, "running_polls": 0,
    "time_zone": "UTC", "chunk_bytes": 20 << 20, "inline_bytes": 26_214_400, "link_seconds": 900,
    "result_seconds": 3600, "token_seconds": 3600, "link_headers": {}, "says_sql_state": True,
    # A host for next_chunk_internal_link that is not ours.
    "foreign_host": None, "truncates": False, "type_names": {},
    # How a result without rows looks: "schema", "bare" (`result: {}`, no chunks) or "chunk" (one of no rows).
    "empty": "chunk"}

GRANT = re.compile(
    r"(?is)\s*(GRANT|REVOKE)\s+(.+?)\s+ON\s+(CATALOG|SCHEMA|TABLE|VIEW)\s+(.+?)\s+(?:TO|FROM)\s+`?([^`]+?)`?\s*$")
SPACE = re.compile(r"(?is)\s*CREATE\s+(CATALOG|SCHEMA)\s+(?:IF\s+NOT\s+EXISTS\s+)?(.+?)\s*(?:COMMENT\s+'[^']*'\s*)?$")

#: DuckDB adds one at a time.
ALTER = re.compile(r"(?is)\s*ALTER\s+TABLE\s+(.+?)\s+ADD\s+COLUMNS\s*\(([^()]+)\)\s*$")


@dataclasses.dataclass
class Principal:
    name: str
    is_owner: bool = False
    can_use: bool = False
    tokens: set = dataclasses.field(default_factory=set)
    client_secret: str | None = None
    grants: set = dataclasses.field(default_factory=set)


class Workspace(Tenant):
    def __init__(self, name, options):
        super().__init__(name)
        self.catalog = options.get("catalog", "main")
        self.schema = options.get("schema", "default")
        self.settings = dict(SETTINGS)
        self.configure(options.get("settings", {}))
        self.engine = Engine()
        with self.engine.cursor() as cursor:
            sql.add_functions(cursor)
        self.warehouses = {}
        self.add_warehouse(options.get("warehouse", {}))
        self.principals = {}
        self.add_principal({
            "name": "owner", "is_owner": True, "tokens": [f"dapi.{name}.owner"], "client_secret": "dose-owner"})
        self.issued = {}
        self.sessions = {}
        self.statements = {}
        self.schemas = set()
        self.rendered = {}
        self.add_schema(self.catalog, self.schema)

    def configure(self, settings):
        unknown = set(settings) - set(SETTINGS)
        if unknown:
            raise ValueError(f"no setting {', '.join(sorted(unknown))}")
        self.settings.update(settings)

    # Who.

    def add_principal(self, options):
        """`name`, and of: `is_owner`, `can_use`, `tokens`, `client_secret`; the client's id is `TENANT.name`."""
        principal = Principal(
            options["name"], options.get("is_owner", False), options.get("can_use", False),
            set(options.get("tokens", [])), options.get("client_secret"))
        for token in principal.tokens:
            if not token.startswith(f"dapi.{self.name}."):
                raise ValueError(f"a token of this workspace begins with dapi.{self.name}.")
        self.principals[principal.name] = principal
        return {"client_id": f"{self.name}.{principal.name}"}

    def principal(self, token):
        """Who a bearer token is of; APIError 401 or 403."""
        for principal in self.principals.values():
            if token in principal.tokens:
                return principal
        if token in self.issued:
            name, expires = self.issued[token]
            if self.clock.seconds < expires:
                return self.principals[name]
            raise errors.APIError(
                403, "PERMISSION_DENIED", "Invalid access token. [TraceId: 00-ab12]")
        raise errors.APIError(
            401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API. [ReqId: 7e]")

    def issue(self, client_id, secret):
        """An access token for a client; None where id and secret do not match."""
        principal = self.principals.get(client_id.removeprefix(f"{self.name}."))
        if principal is None or principal.client_secret is None or principal.client_secret != secret:
            return None
        token = f"eyJ.{self.name}.{secrets.token_hex(16)}"
        self.issued[token] = principal.name, self.clock.seconds + self.settings["token_seconds"]
        return token

    def check_use(self, principal, warehouse):
        if not (principal.is_owner or principal.can_use):
            raise errors.APIError(
                403, "PERMISSION_DENIED",
                f"{principal.name} does not have CAN_USE permission on warehouse {warehouse.id}. "
                "Please contact the owner or an administrator for access.")

    def check_select(self, principal, catalog, schema, name):
        """Unity Catalog's rule: USE CATALOG, USE SCHEMA and SELECT; the last two may come from above."""
        if principal.is_owner:
            return

        def has(privilege, *places):
            return any((privilege, place) in principal.grants or ("ALL PRIVILEGES", place) in principal.grants
                       for place in places)

        full = f"{catalog}.{schema}.{name}"
        if not has("USE CATALOG", catalog):
            raise errors.no_privilege("USE CATALOG", "Catalog", catalog)
        if not has("USE SCHEMA", f"{catalog}.{schema}", catalog):
            raise errors.no_privilege("USE SCHEMA", "Schema", f"{catalog}.{schema}")
        if not has("SELECT", full, f"{catalog}.{schema}", catalog):
            raise errors.no_privilege("SELECT", "Table", full)

    # What.

    def add_warehouse(self, options):
        number = options.get("id", secrets.token_hex(8))
        self.warehouses[number] = Warehouse(self.clock, number, options)
        return {"id": number}

    @property
    def warehouse(self):
        return next(iter(self.warehouses.values()))

    def add_schema(self, catalog, schema):
        self.schemas.add((catalog.lower(), schema.lower()))
        self.engine.run(f"CREATE SCHEMA IF NOT EXISTS {quoted(sql.space(catalog, schema))}")

    def columns(self, catalog, schema, name):
        """Names and DuckDB's types of a table or view; None where there is none."""
        _, rows = self.engine.query(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE lower(schema_name) = ? AND "
            "lower(table_name) = ? ORDER BY column_index", [sql.space(catalog, schema), name.lower()])
        return rows or None

    def add_rendered(self, name, rows, size):
        """A table of the workspace's own schema, see `rendered.py`."""
        table = RenderedTable(rows, size)
        for view, count in ((name, rows), (name + SAMPLE_SUFFIX, min(rows, SAMPLE))):
            place = f"{quoted(sql.space(self.catalog, self.schema))}.{quoted(view.lower())}"
            self.engine.run(f"CREATE VIEW {place} AS {table.view(count)}")
        self.rendered[self.catalog.lower(), self.schema.lower(), name.lower()] = table
        return {"rows": rows}

    def script(self, text):
        """What the owner's SQL editor would do with a script."""
        for statement in split(text):
            self._define(statement)

    def _define(self, statement):
        if found := GRANT.match(statement):
            verb, privileges, _, place, name = found.groups()
            # A service principal is named by its application's id, which is its client's.
            principal = self.principals[name.removeprefix(f"{self.name}.")]
            place = self._place(place)
            for privilege in privileges.upper().split(","):
                change = principal.grants.add if verb.upper() == "GRANT" else principal.grants.discard
                change((" ".join(privilege.split()), place))
            return
        if found := SPACE.match(statement):
            if found[1].upper() == "SCHEMA":
                *catalog, schema = self._place(found[2]).split(".")
                self.add_schema(catalog[0] if catalog else self.catalog, schema)
            return
        if found := ALTER.match(statement):
            for column in found[2].split(","):
                self._define_as(f"ALTER TABLE {found[1]} ADD COLUMN {column}")
            return
        self._define_as(statement)

    def _define_as(self, statement):
        translator = sql.Definitions()
        context = sql.Context(self.catalog, self.schema, "owner")
        for tree in translator.parse(statement):
            self.engine.run(translator.translate(tree, context))

    @staticmethod
    def _place(text):
        return sqlglot.exp.to_table(text, dialect="databricks").sql(dialect="databricks").replace("`", "").lower()

    def close(self):
        for statement in self.statements.values():
            statement.end()
        self.engine.close()


def split(text):
    """The statements of a script, without what is said in comments before them."""
    first = None
    for token in sqlglot.tokenize(text, read="databricks"):
        if token.token_type == TokenType.SEMICOLON:
            if first is not None:
                yield text[first:token.start]
            first = None
        elif first is None:
            first = token.start
    if first is not None:
        yield text[first:]
