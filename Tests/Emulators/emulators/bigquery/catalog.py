"""The datasets, tables and views of one tenant, and who may do what with them."""

import dataclasses

import sqlglot
from sqlglot import exp

from ..common.duck import Engine, quoted
from . import rendered, types
from .errors import BigQueryError, denied, no_query, not_found


@dataclasses.dataclass
class Table:
    path: tuple
    fields: list
    #: The DuckDB relation that holds the rows.
    relation: str
    kind: str = "TABLE"
    query: str | None = None
    partition: str | None = None
    clustering: list | None = None
    requires_filter: bool = False
    #: Of a table that is answered as if it had so many rows: see rendered.py.
    rendered: int | None = None
    modified: int = 0
    created: int = 0
    #: (until, relation): what the table was before its last changes.
    versions: list = dataclasses.field(default_factory=list)

    @property
    def name(self):
        project, dataset, table = self.path
        return f"{project}:{dataset}.{table}"


class Catalog:
    def __init__(self, clock):
        self.clock = clock
        self.engine = Engine()
        self.datasets = {}
        self.tables = {}
        self._numbers = 0
        #: (email, permission, resource) that are taken away; everything else is allowed.
        self.refused = set()

    def now(self):
        return self.clock.now() // 1000

    # Who may what. A resource is "p", "p.d" or "p.d.t"; what is refused above is refused below.

    def allows(self, email, permission, *path):
        names = [".".join(path[:length]) for length in range(1, len(path) + 1)]
        return not any((email, permission, name) in self.refused for name in names)

    def grant(self, email, permissions, place):
        """Takes back what was refused at a place and below."""
        self.refused = {(who, what, where) for who, what, where in self.refused
                        if who != email or not what.startswith(permissions) or not f"{where}.".startswith(f"{place}.")}

    # Names.

    def dataset(self, project, name, location=None):
        found = self.datasets.get((project, name))
        if found is None or (location and found.upper() != location.upper()):
            raise not_found("Dataset", f"{project}:{name}", location)
        return found

    def table(self, path, location=None):
        self.dataset(path[0], path[1], location)
        if path not in self.tables:
            raise not_found("Table", f"{path[0]}:{path[1]}.{path[2]}", location)
        return self.tables[path]

    def relation(self, path, at, context):
        """The DuckDB relation of a table, as it was at `at` (microseconds) where that is given."""
        if path[2].startswith("INFORMATION_SCHEMA."):
            return self._columns(path)
        table = self.table(path)
        if at is None:
            return table.relation
        if table.kind != "TABLE":
            raise BigQueryError("invalidQuery", f"Cannot use FOR SYSTEM_TIME AS OF on {table.name}: it is no table")
        return next((relation for until, relation in table.versions if at < until), table.relation)

    def _columns(self, path):
        if path[2] != "INFORMATION_SCHEMA.COLUMNS":
            raise BigQueryError("invalidQuery", f"Unsupported view {path[2]}")
        self.dataset(path[0], path[1])
        self.engine.run("CREATE TABLE IF NOT EXISTS information_columns (table_catalog VARCHAR, table_schema VARCHAR, "
                        "table_name VARCHAR, column_name VARCHAR, ordinal_position BIGINT, is_nullable VARCHAR, "
                        "data_type VARCHAR)")
        self.engine.run("DELETE FROM information_columns")
        rows = [[*key, f["name"], n, "NO" if f["mode"] == "REQUIRED" else "YES", f["type"]]
                for key, table in self.tables.items() if key[:2] == path[:2]
                for n, f in enumerate(table.fields, start=1)]
        if rows:
            self.engine.run_all("INSERT INTO information_columns VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return "information_columns"

    # Reading.

    def authorize(self, tables, context, location):
        """A query's tables, all there and allowed; answers them. A view's own tables are its owner's affair."""
        found = []
        for path in tables:
            if path[2].startswith("INFORMATION_SCHEMA."):
                continue
            if not self.allows(context.email, "bigquery.tables.getData", *path):
                raise no_query(f"{path[0]}:{path[1]}.{path[2]}")
            found.append(self.table(path, location))
        return found

    def described(self, path, email):
        if not self.allows(email, "bigquery.tables.get", *path):
            raise denied("Table", f"{path[0]}:{path[1]}.{path[2]}", "bigquery.tables.get")
        return self.table(path)

    def count(self, table):
        if table.rendered:
            return table.rendered
        return self.engine.query(f"SELECT count(*) FROM {quoted(table.relation)}")[1][0][0]

    def bytes_of(self, table, columns=None):
        """What a query of these columns is billed: the sizes of the types, for texts two bytes and their length."""
        sums = []
        for field in table.fields:
            if columns is not None and field["name"].lower() not in columns:
                continue
            name = quoted(field["name"])
            fixed = {"TIMESTAMP": 8, "INTEGER": 8, "FLOAT": 8, "BOOLEAN": 1, "DATE": 8, "DATETIME": 8}.get(field["type"])
            if field["mode"] == "REPEATED" or field["type"] == "RECORD" or fixed is None:
                sums.append(f"COALESCE(SUM(2 + strlen(CAST({name} AS VARCHAR))), 0)")
            else:
                sums.append(f"{fixed} * count({name})")
        if not sums:
            return 0
        return int(self.engine.query(f"SELECT {' + '.join(sums)} FROM {quoted(table.relation)}")[1][0][0])

    # Changing.

    def _new(self, path, fields, **more):
        if path in self.tables:
            raise BigQueryError("duplicate", f"Already Exists: Table {path[0]}:{path[1]}.{path[2]}")
        self.dataset(path[0], path[1])
        self._numbers += 1
        table = Table(path, fields, f"r{self._numbers}", modified=self.now(), created=self.now(), **more)
        self.tables[path] = table
        return table

    def make_dataset(self, project, name, location):
        self.datasets[(project, name)] = location

    def make_table(self, path, fields, **more):
        fields = [types.normalized(field) for field in fields]
        table = self._new(path, fields, **more)
        columns = ", ".join(
            f"{quoted(f['name'])} {types.duck(f)}{' NOT NULL' if f['mode'] == 'REQUIRED' else ''}{_default(f)}"
            for f in fields)
        self.engine.run(f"CREATE TABLE {quoted(table.relation)} ({columns})")
        return table

    def make_view(self, path, query, sql, kind="VIEW"):
        """`sql` is `query` for DuckDB."""
        self._numbers += 1
        relation = f"r{self._numbers}v"
        self.engine.run(f"CREATE VIEW {relation} AS {sql}")
        described = self.engine.query(f"DESCRIBE {relation}")[1]
        table = self._new(path, [types.of_duck(row[0], row[1]) for row in described], kind=kind, query=query)
        table.relation = relation
        return table

    def alter(self, path, actions):
        """ADD COLUMN, DROP COLUMN, DROP NOT NULL, and the option of the partition filter."""
        table = self.table(path)
        relation = quoted(table.relation)
        for action in actions:
            match action:
                case exp.ColumnDef():
                    field = types.of_column(action)
                    if field["mode"] == "REQUIRED":
                        raise BigQueryError("invalidQuery", "Cannot add required columns to an existing schema.")
                    self.engine.run(f"ALTER TABLE {relation} ADD COLUMN {quoted(field['name'])} {types.duck(field)}")
                    table.fields.append(types.normalized(field))
                case exp.Drop():
                    names = {column.name.lower() for column in action.args["tables"]}
                    for field in [f for f in table.fields if f["name"].lower() in names]:
                        self.engine.run(f"ALTER TABLE {relation} DROP COLUMN {quoted(field['name'])}")
                        table.fields.remove(field)
                case exp.AlterColumn() if action.args.get("drop") and action.args.get("allow_null"):
                    field = next(f for f in table.fields if f["name"].lower() == action.name.lower())
                    self.engine.run(f"ALTER TABLE {relation} ALTER COLUMN {quoted(field['name'])} DROP NOT NULL")
                    field["mode"] = "NULLABLE"
                case exp.AlterSet() if action.sql("bigquery").lower().count("require_partition_filter") == 1:
                    table.requires_filter = "true" in action.sql("bigquery").lower()
                case _:
                    raise BigQueryError("invalidQuery", f"Unsupported: {action.sql('bigquery')}", location="query")

    def drop(self, path):
        table = self.table(path)
        self.engine.run(f"DROP {'TABLE' if table.kind == 'TABLE' else 'VIEW'} {quoted(table.relation)}")
        del self.tables[path]

    def touch(self, table):
        """Keeps what the table was: called before it changes."""
        self._numbers += 1
        old = f"r{self._numbers}old"
        self.engine.run(f"CREATE TABLE {old} AS SELECT * FROM {quoted(table.relation)}")
        table.modified = self.now()
        table.versions.append((table.modified, old))

    def load(self, path, rows):
        """Rows of JSON: instants as microseconds, `{"repeat": "x", "times": 9}` for a long text, JSON as its text."""
        table = self.table(path)
        marks = ", ".join(
            "make_timestamptz(CAST(? AS BIGINT))" if f["type"] == "TIMESTAMP" and f["mode"] != "REPEATED"
            else f"CAST(? AS {types.duck(f)})" for f in table.fields)
        values = [[v["repeat"] * v["times"] if isinstance(v, dict) and "repeat" in v else v for v in row]
                  for row in rows]
        if values:
            self.engine.run_all(f"INSERT INTO {quoted(table.relation)} VALUES ({marks})", values)
        table.modified = self.now()

    def fill(self, path, count):
        """`count` rows of updated_at (a second apart), external_id and a 200-byte payload."""
        table = self.table(path)
        self.engine.run(
            f"INSERT INTO {quoted(table.relation)} SELECT make_timestamptz((1700000000 + i) * 1000000), 'user-' || i, "
            f"rpad('{{\"n\": ' || i || ', \"pad\": \"', 198, 'x') || '\"}}' FROM range(1, {int(count)} + 1) AS r(i)")
        table.modified = self.now()

    def render(self, path, count, payload_bytes, payload_type):
        """A new table that is answered as if it had `count` rows: see rendered.py."""
        self.make_table(path, [{"name": "updated_at", "type": "TIMESTAMP", "mode": "REQUIRED"},
                               {"name": "external_id", "type": "STRING"},
                               {"name": "payload", "type": payload_type, "mode": "REQUIRED"}])
        self.load(path, [rendered.first_row(payload_bytes)])
        self.table(path).rendered = count

    def close(self):
        self.engine.close()


def _default(field):
    """The DEFAULT of a column, for DuckDB."""
    if "defaultValueExpression" not in field:
        return ""
    return " DEFAULT " + sqlglot.transpile(field["defaultValueExpression"], read="bigquery", write="duckdb")[0]


def fields_of(create):
    """The fields of a parsed CREATE TABLE."""
    return [types.of_column(column) for column in create.this.expressions if isinstance(column, exp.ColumnDef)]
