"""Snowflake's types in DuckDB, which has none for some of them.

An instant with a zone, and JSON of a kind, are structs whose fields tell them apart: DuckDB keeps a struct's
shape through every query, while it forgets the name of a type that is an alias. Structs of one shape compare by
their first field, which is the value.
"""

import dataclasses

LTZ = 'STRUCT("instant" TIMESTAMP_NS, "ltz" BOOLEAN)'
TZ = 'STRUCT("instant" TIMESTAMP_NS, "offset" INTEGER)'
JSON = {kind: f'STRUCT("json" VARCHAR, "{kind}" BOOLEAN)' for kind in ("variant", "object", "array")}


@dataclasses.dataclass(frozen=True)
class ColumnType:
    """A type as `rowType` names it, with its attributes."""

    name: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None

    @property
    def spelling(self):
        """As DESC TABLE and SHOW COLUMNS print it."""
        match self.name:
            case "fixed": return f"NUMBER({self.precision},{self.scale})"
            case "text": return f"VARCHAR({self.length})"
            case "real": return "FLOAT"
            case "binary": return "BINARY(8388608)"
            case "timestamp_ntz" | "timestamp_ltz" | "timestamp_tz" | "time":
                return f"{self.name.upper()}({self.scale})"
            case _: return self.name.upper()


INTEGERS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "HUGEINT": 38, "UBIGINT": 20,
            "UINTEGER": 10, "USMALLINT": 5, "UTINYINT": 3, "UHUGEINT": 38}


def of(duck):
    """The Snowflake type of a column that DuckDB describes as `duck`."""
    shape = duck.replace('"', "").replace(" ", "").lower()
    if duck in INTEGERS:
        return ColumnType("fixed", INTEGERS[duck], 0)
    if duck.startswith("DECIMAL("):
        precision, scale = duck[8:-1].split(",")
        return ColumnType("fixed", int(precision), int(scale))
    if shape == "struct(instanttimestamp_ns,ltzboolean)":
        return ColumnType("timestamp_ltz", 0, 9)
    if shape == "struct(instanttimestamp_ns,offsetinteger)":
        return ColumnType("timestamp_tz", 0, 9)
    for kind in JSON:
        if shape == f"struct(jsonvarchar,{kind}boolean)":
            return ColumnType(kind)
    match duck:
        case "VARCHAR" | "JSON" | '"NULL"': return ColumnType("text", length=16777216)
        case "DOUBLE" | "FLOAT": return ColumnType("real")
        case "BOOLEAN": return ColumnType("boolean")
        case "BLOB": return ColumnType("binary", length=8388608)
        case "DATE": return ColumnType("date")
        case "TIME": return ColumnType("time", 0, 9)
        case "TIMESTAMP" | "TIMESTAMP_NS" | "TIMESTAMP_S" | "TIMESTAMP_MS": return ColumnType("timestamp_ntz", 0, 9)
        case "TIMESTAMP WITH TIME ZONE": return ColumnType("timestamp_ltz", 0, 9)
    raise ValueError(f"no Snowflake type for {duck}")
