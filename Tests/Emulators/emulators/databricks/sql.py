"""Databricks SQL, checked and turned into DuckDB's."""

import dataclasses
import datetime
import json
import re

import duckdb
from sqlglot import exp

from ..common.duck import SyntaxProblem, Translator, Unsupported
from . import errors, types

LITERAL = {"true": True, "false": False}


@dataclasses.dataclass
class Context:
    """What a statement runs in."""

    catalog: str
    schema: str
    user: str
    parameters: dict = dataclasses.field(default_factory=dict)


def space(catalog, schema):
    """The DuckDB schema that stands for a schema of a catalog; names fold to lower case."""
    return f"{catalog}.{schema}".lower()


def expression(text):
    return exp.maybe_parse(text, dialect="duckdb")


class DatabricksTranslator(Translator):
    dialect = "databricks"
    functions = frozenset({
        "TIMESTAMP_MICROS", "OCTET_LENGTH", "CURRENT_USER", "CURRENT_VERSION", "CURRENT_TIMEZONE", "PARSE_JSON", "RANGE"})

    def rewrite(self, tree, context):
        self._bind(tree, context)
        for node in list(tree.find_all(exp.CurrentUser)):
            node.replace(exp.Literal.string(context.user))
        for table in list(tree.find_all(exp.Table)):
            if isinstance(table.this, exp.Identifier) and not self._is_local(table):
                catalog, schema, name = self.parts(table, context)
                table.set("catalog", None)
                table.set("db", exp.to_identifier(space(catalog, schema), quoted=True))
                table.set("this", exp.to_identifier(name, quoted=True))
        return tree.transform(self._node)

    def _bind(self, tree, context):
        for mark in list(tree.find_all(exp.Placeholder)):
            if mark.name not in context.parameters:
                raise errors.StatementError(
                    "UNBOUND_SQL_PARAMETER",
                    f"Found the unbound parameter: {mark.name}. Please, fix `args` and provide a mapping of the "
                    "parameter to either a SQL literal or collection constructor functions.", "42P02")
            value, kind = context.parameters[mark.name]
            literal = exp.null() if value is None else exp.Literal.string(value)
            mark.replace(exp.cast(literal, exp.DataType.build(kind, dialect="databricks")))

    @staticmethod
    def _is_local(table):
        if table.db:
            return False
        return any(cte.alias.lower() == table.name.lower() for cte in table.root().find_all(exp.CTE))

    @staticmethod
    def parts(table, context):
        return (table.catalog or context.catalog).lower(), (table.db or context.schema).lower(), table.name.lower()

    def tables(self, tree, context):
        """Every table that is named, with its parts."""
        return [self.parts(t, context) for t in tree.find_all(exp.Table)
                if isinstance(t.this, exp.Identifier) and not self._is_local(t)]

    @staticmethod
    def _node(node):
        if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.VARIANT:
            return exp.DataType.build("JSON", dialect="duckdb")
        if isinstance(node, exp.Div):
            by = node.expression.sql("duckdb")
            return expression(
                f"CASE WHEN ({by}) = 0 THEN error('DIVIDE_BY_ZERO') ELSE ({node.this.sql('duckdb')}) / ({by}) END")
        if isinstance(node, exp.JSONFormat):
            options = node.args.get("options")
            keeps = bool(options) and "ignoreNullFields" in str(options) and "'false'" in str(options).lower()
            value = node.this.sql("duckdb")
            # A variant's null is a value of its own, and stays.
            keeps = f"{keeps} OR typeof({value}) = 'JSON'"
            return expression(f"spark_json(CAST(to_json({value}) AS VARCHAR), {keeps})")
        if isinstance(node, exp.Anonymous):
            name, arguments = node.name.upper(), [argument.sql("duckdb") for argument in node.expressions]
            if name == "TIMESTAMP_MICROS":
                return expression(f"make_timestamp(CAST({arguments[0]} AS BIGINT)) AT TIME ZONE 'UTC'")
            if name == "OCTET_LENGTH":
                return expression(f"strlen(CAST({arguments[0]} AS VARCHAR))")
        return node


class Definitions(DatabricksTranslator):
    """What the owner may run besides: it makes the tables."""

    statements = (*Translator.statements, exp.Create, exp.Insert, exp.Update, exp.Delete, exp.Drop, exp.Merge,
                  exp.Alter)


def spark_json(text, keeps_nulls):
    """Spark's to_json: null fields left out unless told otherwise, instants with milliseconds."""
    if text is None:
        return None
    value = _spark(json.loads(text), keeps_nulls)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?")


def _spark(value, keeps_nulls):
    if isinstance(value, dict):
        return {k: _spark(v, keeps_nulls) for k, v in value.items() if keeps_nulls or v is not None}
    if isinstance(value, list):
        return [_spark(item, keeps_nulls) for item in value]
    # DuckDB's form of an instant; a text of the same form is changed too.
    if isinstance(value, str) and STAMP.fullmatch(value):
        stamp = datetime.datetime.fromisoformat(value)
        return types.instant(stamp, stamp.tzinfo)
    return value


def add_functions(connection):
    connection.create_function(
        "spark_json", spark_json, ["VARCHAR", "BOOLEAN"], "VARCHAR", null_handling="special")


def statement_error(error, written=""):
    """What a failure of the parser or of DuckDB is at Databricks."""
    text = str(error)
    if isinstance(error, SyntaxProblem | duckdb.ParserException):
        found = re.search(r"text: ([^,]*),", text)
        near = f"'{found[1]}'" if found else "end of input"
        return errors.StatementError("PARSE_SYNTAX_ERROR", f"Syntax error at or near {near}.", "42601")
    if isinstance(error, Unsupported):
        return errors.StatementError("UNSUPPORTED_FEATURE", f"The feature is not supported: {text}.", "0A000")
    if "DIVIDE_BY_ZERO" in text:
        return errors.StatementError(
            "DIVIDE_BY_ZERO", "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL "
            'instead. If necessary set "ansi_mode" to "false" to bypass this error.', "22012")
    if isinstance(error, duckdb.CatalogException) and "Table with name" in text:
        return errors.no_such_table(written)
    if isinstance(error, duckdb.BinderException):
        found = re.search(r'column "([^"]+)"', text)
        if found and "Candidate bindings" in text:
            return errors.no_such_column(found[1], re.findall(r'"([^"]+)"', text.split("Candidate bindings")[1])[:5])
        if found and "not found" in text:
            return errors.no_such_column(found[1], [])
        return errors.StatementError("DATATYPE_MISMATCH", f"Cannot resolve: {text[:200]}", "42K09")
    if isinstance(error, duckdb.ConversionException):
        return errors.StatementError("CAST_INVALID_INPUT", f"The value cannot be cast: {text[:200]}.", "22018")
    return errors.StatementError("INTERNAL_ERROR", text[:300], "XX000", "INTERNAL_ERROR")
