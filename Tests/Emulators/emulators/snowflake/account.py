"""One Snowflake account: its objects, its tables in a DuckDB, its statements and their results."""

import json
import re
import uuid
import zoneinfo

import duckdb
from sqlglot import exp

from ..common import Tenant
from ..common.duck import Engine, SyntaxProblem, Unsupported, quoted
from . import administration, bindings, errors, names, objects, results, sql, tokens, types

#: What SHOW prints for a statement that changes rows.
CHANGES = {exp.Insert: "number of rows inserted", exp.Update: "number of rows updated",
           exp.Delete: "number of rows deleted"}


class Account(Tenant):
    def __init__(self, name, options):
        super().__init__(name)
        self.engine = Engine()
        self.translator = sql.SnowflakeTranslator()
        self.administration = administration.Administration(self)
        self.databases = {}
        self.roles = {"ACCOUNTADMIN": {}, "PUBLIC": {}}
        self.grants = objects.Grants()
        self.users = {}
        self.warehouses = {}
        self.policies = objects.NetworkPolicies()
        self.network_policy = None
        self.login_failures = tokens.LoginFailures()
        self.statements = {}
        self.requests = {}
        self.synthetic = []
        # What an operator of the emulator may change.
        self.strict = options.get("strict", True)
        self.partition_bytes = options.get("partition_bytes", 1_000_000)
        self.run_seconds = options.get("run_seconds", 0.0)
        self.longest_wait = options.get("longest_wait", 45.0)
        self.retention = options.get("retention", 24 * 3600)
        self.timezone = options.get("timezone", "America/Los_Angeles")
        self.network_status = options.get("network_status", 403)
        self.client_address = options.get("client_address", "127.0.0.1")

    def close(self):
        self.engine.close()

    # Objects.

    def create_database(self, name):
        self.drop("DATABASE", [name], None)
        self.databases[name] = set()
        self.create_schema(name, "PUBLIC")

    def create_schema(self, database, name):
        self.engine.run(f"DROP SCHEMA IF EXISTS {quoted(names.space(database, name))} CASCADE")
        self.engine.run(f"CREATE SCHEMA {quoted(names.space(database, name))}")
        self.databases[database].add(name)

    def drop(self, kind, parts, context):
        """Whether there was such an object."""
        if kind == "DATABASE":
            for schema in self.databases.get(parts[0], ()):
                self.engine.run(f"DROP SCHEMA {quoted(names.space(parts[0], schema))} CASCADE")
            return self.databases.pop(parts[0], None) is not None
        if kind == "SCHEMA":
            database = parts[0] if len(parts) > 1 else context.database
            if parts[-1] not in self.databases.get(database, ()):
                return False
            self.engine.run(f"DROP SCHEMA {quoted(names.space(database, parts[-1]))} CASCADE")
            self.databases[database].remove(parts[-1])
            return True
        place = {"ROLE": self.roles, "WAREHOUSE": self.warehouses, "USER": self.users}[kind]
        return place.pop(parts[0], None) is not None

    def has(self, kind, parts):
        match kind:
            case "DATABASE": return parts[0] in self.databases
            case "SCHEMA": return parts[1] in self.databases.get(parts[0], ())
            case "WAREHOUSE": return parts[0] in self.warehouses
        _, rows = self.engine.query(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
            [names.space(*parts[:2]), names.mangled(parts[2])])
        return bool(rows)

    def describe(self, parts):
        return self.engine.query(f"DESCRIBE {self._duck_table(parts)}")[1]

    @staticmethod
    def _duck_table(parts):
        return f"{quoted(names.space(*parts[:2]))}.{quoted(names.mangled(parts[2]))}"

    def authorize(self, tables, context, privilege="SELECT"):
        """Raises what a role without the privileges is told: it cannot tell missing from forbidden."""
        for database, schema, name in tables:
            allows = self.grants.allows
            if database not in self.databases or not allows(context.role, ("USAGE",), "DATABASE", database):
                raise errors.no_object("Database", names.printed(database))
            if schema not in self.databases[database] or not allows(
                    context.role, ("USAGE",), "SCHEMA", f"{database}.{schema}"):
                raise errors.no_object("Schema", names.printed(database, schema))
            if not self.has("TABLE", (database, schema, name)) or not allows(
                    context.role, (privilege,), "TABLE", f"{database}.{schema}.{name}"):
                raise errors.no_object("Object", names.printed(database, schema, name))

    def load(self, parts, rows):
        """Puts rows of JSON into a table: instants as nanoseconds, those with an offset as "<nanoseconds> <offset + 1440>",
        `{"repeat": "x", "times": 9}` for a long text."""
        kinds = [types.of(column[1]) for column in self.describe(parts)]
        forms = {"timestamp_ntz": "make_timestamp_ns(CAST(? AS BIGINT))",
                 "timestamp_ltz": "CASE WHEN ?1 IS NOT NULL THEN {'instant': make_timestamp_ns(CAST(?1 AS BIGINT)), 'ltz': TRUE} END",
                 "timestamp_tz": "CASE WHEN ?1 IS NOT NULL THEN {'instant': make_timestamp_ns(CAST(split_part(?1, ' ', 1) AS BIGINT)), "
                                 "'offset': CAST(split_part(?1, ' ', 2) AS INTEGER)} END"}
        forms["binary"] = "unhex(?1)"
        cells = []
        for number, kind in enumerate(kinds, start=1):
            form = forms.get(kind.name)
            if kind.name in types.JSON:
                form = f"CASE WHEN ?1 IS NOT NULL THEN {{'json': CAST(?1 AS VARCHAR), '{kind.name}': TRUE}} END"
            cells.append((form or "?1").replace("?1", "?").replace("?", f"${number}"))
        values = [[v["repeat"] * v["times"] if isinstance(v, dict) else v for v in row] for row in rows]
        for row in values:
            if len(row) != len(kinds):
                raise ValueError(f"a row has {len(row)} values, the table {len(kinds)} columns")
        if values:
            self.engine.run_all(f"INSERT INTO {self._duck_table(parts)} VALUES ({', '.join(cells)})", values)

    # Statements.

    def context(self, user, role, body, now):
        namespace = (user.default_namespace or "").split(".") if user.default_namespace else []
        parameters = body.get("parameters") or {}
        return sql.Context(
            database=body.get("database") or (namespace[0] if namespace else None),
            schema=body.get("schema") or (namespace[1] if len(namespace) > 1 else "PUBLIC"),
            role=role, user=user.name, warehouse=body.get("warehouse") or user.default_warehouse, now=now,
            timezone=parameters.get("timezone") or user.timezone or self.timezone, account=self.name)

    def administrator(self, database=None, schema=None):
        """The context of the tests' own statements."""
        return sql.Context(database, schema or "PUBLIC", "ACCOUNTADMIN", "ADMIN", None, self.clock.now(), "UTC",
                           self.name)

    def execute(self, text, context, bound=None, parameters=None, nullable=True):
        """A Result; raises SnowflakeError. Blocks while DuckDB works."""
        self.journal.count("executions")
        try:
            outcome = self.administration.run(text, context)
            if outcome is not None:
                return outcome
            trees = self.translator.parse(text)
        except SyntaxProblem as error:
            raise errors.syntax(str(error)) from None
        except Unsupported as error:
            raise errors.unsupported(error) from None
        if len(trees) != 1:
            raise errors.SnowflakeError(
                "000008", "0A000", f"Actual statement count {len(trees)} did not match the desired statement count 1.")
        return self._run(trees[0], context, bound or {}, parameters or {}, nullable)

    def _run(self, tree, context, bound, parameters, nullable):
        self._authorize(tree, context)
        encoding = results.Encoding(
            {k.lower(): v for k, v in parameters.items() if k.lower().endswith("_format")}, context.timezone, nullable)
        try:
            ordered = [bound[str(n)] for n in range(1, len(bound) + 1)]
        except KeyError:
            raise errors.compilation("002049", "42601", "Bind variable ? not set.") from None
        problem = None
        for context.bindings in bindings.variants(ordered, context.timezone):
            try:
                return self._duck(self.translator.translate(self._details(tree), context), tree, encoding)
            except duckdb.BinderException as error:
                problem = problem or error
                if "compare" not in str(error) and "Cannot" not in str(error):
                    break
            except duckdb.Error as error:
                raise sql.duck_error(error) from None
        raise sql.duck_error(problem)

    def _duck(self, text, tree, encoding):
        if isinstance(tree, exp.Query):
            with self.engine.cursor() as cursor:
                return results.run(cursor, text, encoding, self.partition_bytes)
        if type(tree) in CHANGES:
            _, rows = self.engine.query(text)
            return results.of_rows([(CHANGES[type(tree)], results.NUMBER)], [(rows[0][0],)])
        self.engine.run(text)
        return results.status("Statement executed successfully.")

    def _details(self, tree):
        """With the answer of SYSTEM$GET_LOGIN_FAILURE_DETAILS in its place."""
        def replaced(node):
            if isinstance(node, exp.Anonymous) and node.name.upper() == sql.LOGIN_FAILURE:
                details = self.login_failures.get(node.expressions[0].name)
                return exp.Literal.string(json.dumps(details)) if details else exp.null()
            return node
        return tree.copy().transform(replaced)

    def _authorize(self, tree, context):
        tables = self.translator.tables(tree, context)
        if isinstance(tree, exp.Query):
            if any(True for _ in tree.find_all(exp.Anonymous)) and context.role != "ACCOUNTADMIN":
                for node in tree.find_all(exp.Anonymous):
                    if node.name.upper() == sql.LOGIN_FAILURE:
                        raise errors.insufficient("function", sql.LOGIN_FAILURE)
            self.authorize(tables, context)
        elif context.role != "ACCOUNTADMIN":
            raise errors.insufficient("schema", context.schema)

    def needs_warehouse(self, text):
        """Queries of tables do; statements about objects and of the session do not."""
        return re.search(r"\bFROM\b", text, re.IGNORECASE) is not None and re.match(
            r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b|\s*(--|/\*|\()", text, re.IGNORECASE) is not None

    def use_warehouse(self, context):
        """Wakes the warehouse if it may; answers how long that takes. Raises what a query without one is told."""
        warehouse = self.warehouses.get(context.warehouse)
        if warehouse is None or not self.grants.allows(context.role, ("USAGE",), "WAREHOUSE", warehouse.name):
            raise errors.no_warehouse()
        if not warehouse.suspended:
            return 0
        if not warehouse.auto_resume:
            raise errors.suspended(warehouse.name)
        if warehouse.over_quota:
            raise errors.quota(warehouse.name)
        warehouse.suspended = False
        self.journal.count("warehouse resumed")
        return warehouse.resume_delay

    def new_handle(self):
        return str(uuid.uuid4())

    @staticmethod
    def is_timezone(name):
        try:
            zoneinfo.ZoneInfo(name)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            return False
        return True
