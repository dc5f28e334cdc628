"""BigQuery's SQL, checked and turned into DuckDB's."""

import dataclasses
import re

import duckdb
from sqlglot import exp

from ..common.duck import Translator
from .errors import BigQueryError

DAY = 86_400 * 10**6


@dataclasses.dataclass
class Context:
    """What a statement runs in."""

    project: str
    dataset: str | None
    email: str | None
    #: Microseconds since 1970.
    now: int
    #: By name: type and text, as queryParameters has them.
    parameters: dict = dataclasses.field(default_factory=dict)


def expression(text):
    return exp.maybe_parse(text, dialect="duckdb")


class BigQueryTranslator(Translator):
    dialect = "bigquery"
    statements = (exp.Select, exp.SetOperation, exp.Subquery, exp.Create, exp.Insert, exp.Update, exp.Delete,
                  exp.Drop, exp.Alter, exp.Grant)

    def __init__(self, catalog):
        self.catalog = catalog

    def path(self, table, context):
        """Project, dataset and name of a table as it is written."""
        parts = [part.name for part in table.parts]
        if len(parts) < 2:
            if context.dataset is None:
                raise BigQueryError(
                    "invalid", f'Table "{".".join(parts)}" must be qualified with a dataset (e.g. dataset.table).')
            parts.insert(0, context.dataset)
        if parts[-1].upper().startswith("INFORMATION_SCHEMA."):
            view = parts.pop()
        elif len(parts) > 2 and parts[-2].upper() == "INFORMATION_SCHEMA":
            view = f"INFORMATION_SCHEMA.{parts.pop()}"
            parts.pop()
        else:
            view = None
        if view:
            parts.append(view.upper())
        if len(parts) == 2:
            parts.insert(0, context.project)
        return ".".join(parts[:-2]), parts[-2], parts[-1]

    def tables(self, tree, context):
        """Every table that is named, with its path; the names of WITH are none."""
        local = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
        return [(table, self.path(table, context)) for table in tree.find_all(exp.Table)
                if isinstance(table.this, exp.Identifier | exp.Dot) and not (len(table.parts) == 1 and table.name in local)]

    def rewrite(self, tree, context):
        for table, path in self.tables(tree, context):
            self._table(table, path, context)
        return tree.transform(lambda node: self._node(node, context))

    def _table(self, table, path, context):
        """The DuckDB relation instead of the table, under the name that the statement knows it by."""
        alias = table.alias or path[2]
        at = None
        version = table.args.get("version")
        if version is not None:
            at = self._instant(version, context)
        relation = self.catalog.relation(path, at, context)
        replaced = exp.Table(this=exp.to_identifier(relation, quoted=True))
        if not isinstance(table.parent, exp.Create | exp.Insert | exp.Drop) or isinstance(table.parent, exp.Insert) and (
                table.arg_key != "this"):
            replaced.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        if table.args.get("joins"):
            replaced.set("joins", table.args["joins"])
        table.replace(replaced)

    def _instant(self, version, context):
        value = version.args.get("expression")
        if value is None or any(True for _ in value.find_all(exp.Column)):
            raise BigQueryError("invalidQuery", "FOR SYSTEM_TIME AS OF expression must be constant")
        text = value.transform(lambda node: self._node(node, context)).sql("duckdb")
        micros = self.catalog.engine.query(f"SELECT epoch_us(CAST({text} AS TIMESTAMPTZ))")[1][0][0]
        if micros > context.now or micros < context.now - 7 * DAY:
            raise BigQueryError(
                "invalidQuery", f"Invalid snapshot time {micros // 1000} for table. Cannot read before or after.")
        return micros

    def _node(self, node, context):
        if isinstance(node, exp.CurrentTimestamp):
            return expression(f"make_timestamptz({context.now})")
        if isinstance(node, exp.ByteLength):
            # DuckDB's OCTET_LENGTH takes no text.
            return exp.Anonymous(this="STRLEN", expressions=[node.this.copy()])
        if isinstance(node, exp.Parameter):
            return self._parameter(node.name, context)
        if isinstance(node, exp.UnixToTime) and str(node.args.get("scale") or "0") == "6":
            return expression(f"make_timestamptz(CAST({node.this.sql('duckdb')} AS BIGINT))")
        return node

    @staticmethod
    def _parameter(name, context):
        if name not in context.parameters:
            raise BigQueryError("invalidQuery", f"Query parameter '{name}' not found", location="query")
        kind, value = context.parameters[name]
        if value is None:
            return exp.null()
        kinds = {"TIMESTAMP": "TIMESTAMPTZ", "INT64": "BIGINT", "STRING": "VARCHAR", "DATETIME": "TIMESTAMP",
                 "DATE": "DATE", "BOOL": "BOOLEAN", "FLOAT64": "DOUBLE"}
        if kind not in kinds:
            raise BigQueryError("invalid", f"Invalid value for parameter {name}: unsupported type {kind}")
        text = value.replace("T", " ").replace("Z", "+00:00") if kind == "TIMESTAMP" else value
        return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(kinds[kind], dialect="duckdb"))


def duck_error(error):
    """What a failure of DuckDB is at BigQuery."""
    text = str(error)
    found = re.search(r'Referenced column "([^"]+)"|does not have a column named "([^"]+)"', text)
    if found:
        name = next(group for group in found.groups() if group)
        return BigQueryError("invalidQuery", f"Unrecognized name: {name} at [1:8]", location="query")
    if isinstance(error, duckdb.BinderException):
        return BigQueryError("invalidQuery", f"No matching signature: {text[:200]}", location="query")
    return BigQueryError("invalidQuery", text[:300], location="query")
