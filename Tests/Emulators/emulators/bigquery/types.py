"""BigQuery's types: their DuckDB columns, and how a cell is written in a result."""

import base64
import re

from sqlglot import exp

FLAT = {"STRING": "VARCHAR", "INTEGER": "BIGINT", "INT64": "BIGINT", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE",
        "BOOLEAN": "BOOLEAN", "BOOL": "BOOLEAN", "TIMESTAMP": "TIMESTAMPTZ", "DATETIME": "TIMESTAMP", "DATE": "DATE",
        "TIME": "TIME", "BYTES": "BLOB", "NUMERIC": "DECIMAL(38, 9)", "BIGNUMERIC": "DECIMAL(38, 18)", "JSON": "JSON"}
LEGACY = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
DUCK = {"VARCHAR": "STRING", "BIGINT": "INTEGER", "HUGEINT": "INTEGER", "INTEGER": "INTEGER", "DOUBLE": "FLOAT",
        "FLOAT": "FLOAT", "BOOLEAN": "BOOLEAN", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP", "TIMESTAMP": "DATETIME",
        "DATE": "DATE", "TIME": "TIME", "BLOB": "BYTES", "JSON": "JSON", '"NULL"': "INTEGER", "SMALLINT": "INTEGER",
        "TINYINT": "INTEGER", "UBIGINT": "INTEGER"}


def duck(field):
    """The DuckDB type of a `TableFieldSchema`."""
    kind = field["type"].upper()
    if kind in ("RECORD", "STRUCT"):
        inner = ", ".join(f'"{f["name"]}" {duck(f)}' for f in field["fields"])
        kind = f"STRUCT({inner})"
    else:
        kind = FLAT[kind]
    return f"{kind}[]" if field.get("mode") == "REPEATED" else kind


def normalized(field):
    """With the API's spellings and a mode."""
    kind = field["type"].upper()
    result = {"name": field["name"], "type": LEGACY.get(kind, kind), "mode": field.get("mode", "NULLABLE")}
    if "fields" in field:
        result["fields"] = [normalized(inner) for inner in field["fields"]]
    if "defaultValueExpression" in field:
        result["defaultValueExpression"] = field["defaultValueExpression"]
    return result


def of_column(definition):
    """A field from a column of CREATE TABLE, parsed in BigQuery's dialect."""
    field = of_type(definition.name, definition.args["kind"])
    for constraint in definition.args.get("constraints") or []:
        kind = constraint.kind
        if isinstance(kind, exp.NotNullColumnConstraint) and not kind.args.get("allow_null"):
            field["mode"] = "REQUIRED"
        elif isinstance(kind, exp.DefaultColumnConstraint):
            field["defaultValueExpression"] = kind.this.sql("bigquery")
    return field


def of_type(name, kind):
    text = kind.sql("bigquery").upper()
    if text.startswith("ARRAY"):
        return {**of_type(name, kind.expressions[0]), "mode": "REPEATED"}
    if text.startswith("STRUCT"):
        return {"name": name, "type": "RECORD", "mode": "NULLABLE",
                "fields": [of_type(inner.name, inner.args["kind"]) for inner in kind.expressions]}
    base = re.match(r"\w+", text).group()
    return {"name": name, "type": LEGACY.get(base, base), "mode": "NULLABLE"}


def of_duck(name, text):
    """A field of a result, from the type that DuckDB describes."""
    if text.endswith("[]"):
        return {**of_duck(name, text[:-2]), "mode": "REPEATED"}
    if text.startswith("STRUCT("):
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": [
            of_duck(inner.strip('"'), kind) for inner, kind in _members(text[7:-1])]}
    kind = "NUMERIC" if text.startswith("DECIMAL") else DUCK[text]
    return {"name": name, "type": kind, "mode": "NULLABLE"}


def _members(text):
    """Name and type of each member of a STRUCT."""
    depth, start, quoted = 0, 0, False
    parts = []
    for position, letter in enumerate(text + ","):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "(":
            depth += 1
        elif not quoted and letter in ")":
            depth -= 1
        elif not quoted and letter == "," and depth == 0:
            part = text[start:position].strip()
            name, _, kind = part[1:].partition('" ') if part.startswith('"') else part.partition(" ")
            parts.append((name, kind))
            start = position + 1
    return parts


def selected(expression, field):
    """The DuckDB expression that hands a column over without a digit lost."""
    if field["mode"] == "REPEATED":
        return expression
    match field["type"]:
        case "TIMESTAMP": return f"epoch_us({expression})"
        case "RECORD": return expression
        case "BYTES": return expression
        case _: return f"CAST({expression} AS VARCHAR)"


def cell(value, field, integers):
    """A cell's `v`. `integers`: formatOptions.useInt64Timestamp."""
    if field["mode"] == "REPEATED":
        inner = {**field, "mode": "NULLABLE"}
        return [{"v": cell(item, inner, integers)} for item in value or []]
    if value is None:
        return None
    match field["type"]:
        case "TIMESTAMP":
            micros = value if isinstance(value, int) else round(value.timestamp() * 1_000_000)
            # Seconds as a double: digits are lost, which is what the other form is for.
            return str(micros) if integers else scientific(micros / 1_000_000)
        case "RECORD":
            return {"f": [{"v": cell(value[f["name"]], f, integers)} for f in field["fields"]]}
        case "BYTES": return base64.b64encode(value).decode()
        case "DATETIME": return str(value).replace(" ", "T")
        case "BOOLEAN": return str(value).lower()
        case _: return str(value)


def scientific(seconds):
    """As Java writes a double."""
    if seconds == 0 or 1e-3 <= abs(seconds) < 1e7:
        return repr(float(seconds))
    exponent = len(str(int(abs(seconds)))) - 1
    return f"{seconds / 10 ** exponent!r}E{exponent}"
