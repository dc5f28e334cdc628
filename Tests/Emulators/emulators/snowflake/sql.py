"""Snowflake's SQL, checked and turned into DuckDB's."""

import dataclasses
import re

import duckdb
from sqlglot import exp

from ..common.duck import Translator
from . import errors, names, types


@dataclasses.dataclass
class Context:
    """What a statement runs in."""

    database: str | None
    schema: str | None
    role: str
    user: str
    warehouse: str | None
    now: int
    timezone: str
    account: str
    bindings: list = dataclasses.field(default_factory=list)


NTZ = exp.DataType.build("TIMESTAMP_NS", dialect="duckdb")
LTZ = exp.DataType.build(types.LTZ, dialect="duckdb")
TZ = exp.DataType.build(types.TZ, dialect="duckdb")
KINDS = {
    "TIMESTAMP": NTZ, "TIMESTAMPNTZ": NTZ, "DATETIME": NTZ, "TIMESTAMP_NS": NTZ, "TIMESTAMPLTZ": LTZ,
    "TIMESTAMPTZ": TZ, "VARIANT": types.JSON["variant"], "OBJECT": types.JSON["object"],
    "ARRAY": types.JSON["array"], "LIST": types.JSON["array"], "STRUCT": types.JSON["object"],
    "FLOAT": "DOUBLE", "INT": "DECIMAL(38, 0)", "BIGINT": "DECIMAL(38, 0)", "SMALLINT": "DECIMAL(38, 0)",
    "TINYINT": "DECIMAL(38, 0)", "BINARY": "BLOB", "VARBINARY": "BLOB"}

SESSION_FUNCTIONS = {
    "CURRENT_VERSION": lambda c: "9.40.1", "CURRENT_ACCOUNT": lambda c: c.account,
    "CURRENT_ROLE": lambda c: c.role, "CURRENT_WAREHOUSE": lambda c: c.warehouse,
    "CURRENT_DATABASE": lambda c: c.database, "CURRENT_SCHEMA": lambda c: c.schema,
    "CURRENT_USER": lambda c: c.user}
SESSION_NODES = {
    name: getattr(exp, kind, None) for name, kind in {
        "CURRENT_VERSION": "CurrentVersion", "CURRENT_ACCOUNT": "CurrentAccount", "CURRENT_ROLE": "CurrentRole",
        "CURRENT_WAREHOUSE": "CurrentWarehouse", "CURRENT_DATABASE": "CurrentDatabase",
        "CURRENT_SCHEMA": "CurrentSchema", "CURRENT_USER": "CurrentUser"}.items()}
LOGIN_FAILURE = "SYSTEM$GET_LOGIN_FAILURE_DETAILS"


def expression(text):
    return exp.maybe_parse(text, dialect="duckdb")


class SnowflakeTranslator(Translator):
    dialect = "snowflake"
    statements = (exp.Select, exp.SetOperation, exp.Subquery, exp.Create, exp.Insert, exp.Update, exp.Delete,
                  exp.Drop, exp.Alter, exp.TruncateTable)
    functions = frozenset(SESSION_FUNCTIONS) | {LOGIN_FAILURE}

    def rewrite(self, tree, context):
        self._name_columns(tree)
        tree = self._bind(tree, context)
        tree = self._spaces(tree, context)
        creates = isinstance(tree, exp.Create)
        for node in list(tree.find_all(exp.Identifier)):
            node.replace(names.identifier(names.mangled(names.folded(node))))
        tree = tree.transform(lambda node: self._node(node, context, creates))
        return tree.transform(self._type)

    @staticmethod
    def _name_columns(tree):
        """An expression without a name has its own text for one."""
        if isinstance(tree, exp.Select):
            tree.set("expressions", [
                node if isinstance(node, exp.Column | exp.Star | exp.Alias) else
                exp.alias_(node, names.identifier(node.sql("snowflake").upper())) for node in tree.expressions])

    def _bind(self, tree, context):
        """Values for the question marks, in the order of the text."""
        marks = list(tree.find_all(exp.Placeholder, bfs=False))
        if len(marks) > len(context.bindings):
            raise errors.compilation("002049", "42601", "Bind variable ? not set.")
        for mark, value in zip(marks, context.bindings, strict=False):
            mark.replace(value)
        return tree

    def _spaces(self, tree, context):
        """Each table in the DuckDB schema of its own database and schema."""
        for table in tree.find_all(exp.Table):
            if not isinstance(table.this, exp.Identifier) or self._is_local(table):
                continue
            database, schema, _ = self.parts(table, context)
            table.set("catalog", None)
            table.set("db", names.identifier(names.space(database, schema)))
        return tree

    @staticmethod
    def _is_local(table):
        """Whether it is a WITH's name."""
        named = {names.folded(cte.args["alias"].this) for cte in table.root().find_all(exp.CTE)}
        return not table.db and names.folded(table.this) in named

    @staticmethod
    def parts(table, context):
        """Database, schema and name of a table; SnowflakeError where the context lacks one."""
        name = names.folded(table.this)
        schema = names.folded(table.args["db"]) if table.args.get("db") else context.schema
        database = names.folded(table.args["catalog"]) if table.args.get("catalog") else context.database
        if schema is None or database is None:
            raise errors.SnowflakeError(
                "090105", "22000", "Cannot perform operation. This session does not have a current database. "
                "Call 'USE DATABASE', or use a qualified name.")
        return database, schema, name

    def tables(self, tree, context):
        """Every table that is named, with its exact parts."""
        return [self.parts(t, context) for t in tree.find_all(exp.Table)
                if isinstance(t.this, exp.Identifier) and not self._is_local(t)]

    def _node(self, node, context, creates):
        if isinstance(node, exp.CurrentTimestamp):
            if creates:
                return expression("CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP_NS)")
            instant = f"make_timestamp_ns({context.now})"
            return expression(instant if node.args.get("sysdate") else f"{{'instant': {instant}, 'ltz': TRUE}}")
        if isinstance(node, exp.UnixToTime):
            scale = node.args.get("scale")
            power = 10 ** (9 - int(scale.name if scale else 0))
            number = f"make_timestamp_ns(CAST(({node.this.sql('duckdb')}) * {power} AS BIGINT))"
            kind = str(node.args.get("target_type") or "")
            return expression(f"{{'instant': {number}, 'ltz': TRUE}}" if "LTZ" in kind else number)
        if isinstance(node, exp.ParseJSON):
            return expression(
                f"{{'json': CAST(json({node.this.sql('duckdb')}) AS VARCHAR), 'variant': TRUE}}")
        if isinstance(node, exp.Cast) and node.to.this.name == "TIMESTAMPLTZ":
            return expression(f"{{'instant': CAST({node.this.sql('duckdb')} AS TIMESTAMP_NS), 'ltz': TRUE}}")
        for name, kind in SESSION_NODES.items():
            if (kind and isinstance(node, kind)) or (
                    isinstance(node, exp.Anonymous) and node.name.upper() == name):
                value = SESSION_FUNCTIONS[name](context)
                return exp.Literal.string(value) if value is not None else exp.null()
        return node

    @staticmethod
    def _type(node):
        if not isinstance(node, exp.DataType) or isinstance(node.parent, exp.DataType):
            return node
        kind = KINDS.get(node.this.name if hasattr(node.this, "name") else str(node.this))
        if kind is None:
            return node
        return kind.copy() if isinstance(kind, exp.DataType) else exp.DataType.build(kind, dialect="duckdb")


def duck_error(error):
    """What a failure of DuckDB is at Snowflake."""
    text = str(error)
    found = re.search(r'Referenced column "([^"]+)"|does not have a column named "([^"]+)"|column "([^"]+)"', text)
    if isinstance(error, duckdb.BinderException) and found:
        name = next(group for group in found.groups() if group)
        return errors.invalid_identifier(names.printed(names.unmangled(name)))
    if isinstance(error, duckdb.ConversionException):
        return errors.SnowflakeError("100038", "22018", "Value is not recognized")
    if isinstance(error, duckdb.OutOfRangeException | duckdb.InvalidInputException):
        return errors.SnowflakeError("100046", "22003", f"Numeric value out of range: {text[:200]}")
    return errors.SnowflakeError("000603", "XX000", f"SQL execution internal error: {text[:300]}")
