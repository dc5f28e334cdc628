"""Types by their Databricks names, and values as JSON_ARRAY writes them."""

import datetime
import json
import re
import zoneinfo

NAMES = {
    "BOOLEAN": ("BOOLEAN", "BOOLEAN"), "TINYINT": ("TINYINT", "BYTE"), "SMALLINT": ("SMALLINT", "SHORT"),
    "INTEGER": ("INT", "INT"), "BIGINT": ("BIGINT", "LONG"), "FLOAT": ("FLOAT", "FLOAT"),
    "DOUBLE": ("DOUBLE", "DOUBLE"), "VARCHAR": ("STRING", "STRING"), "DATE": ("DATE", "DATE"),
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP", "TIMESTAMP"), "TIMESTAMP": ("TIMESTAMP_NTZ", "TIMESTAMP_NTZ"),
    "JSON": ("VARIANT", "VARIANT"), "BLOB": ("BINARY", "BINARY"), "HUGEINT": ("DECIMAL(38,0)", "DECIMAL"),
    '"NULL"': ("VOID", "NULL"), "NULL": ("VOID", "NULL")}


def described(duck):
    """`type_text` and `type_name` of a DuckDB type."""
    if duck in NAMES:
        return NAMES[duck]
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duck):
        return f"DECIMAL({found[1]},{found[2]})", "DECIMAL"
    if duck.endswith("[]"):
        return f"ARRAY<{described(duck[:-2])[0]}>", "ARRAY"
    if duck.startswith("STRUCT("):
        fields = [_field(part) for part in _split(duck[7:-1])]
        return "STRUCT<" + ", ".join(f"{name}: {described(kind)[0]}" for name, kind in fields) + ">", "STRUCT"
    if duck.startswith("MAP("):
        key, value = _split(duck[4:-1])
        return f"MAP<{described(key)[0]}, {described(value)[0]}>", "MAP"
    return duck, duck


def _field(text):
    if text.startswith('"'):
        end = text.index('"', 1)
        return text[1:end], text[end + 2:]
    name, _, kind = text.partition(" ")
    return name, kind


def _split(text):
    """The parts between commas that are in no parenthesis."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]


def zone(name):
    """A zone by its name or its offset, `-08:00`."""
    if found := re.fullmatch(r"([+-])(\d\d):(\d\d)", name):
        offset = datetime.timedelta(hours=int(found[2]), minutes=int(found[3]))
        return datetime.timezone(offset if found[1] == "+" else -offset)
    return zoneinfo.ZoneInfo(name)


def duck_zone(name):
    """The same for DuckDB, which takes names only; POSIX's signs are the other way round."""
    if found := re.fullmatch(r"([+-])(\d\d):00", name):
        return f"Etc/GMT{'-' if found[1] == '+' else '+'}{int(found[2])}"
    return name


EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def instant(value, tzinfo):
    """Spark's default pattern `yyyy-MM-dd'T'HH:mm:ss[.SSS]` and the offset: milliseconds, though the type has microseconds."""
    text = value.astimezone(tzinfo).isoformat(timespec="milliseconds")
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def cell(value, tzinfo):
    """A value of JSON_ARRAY: a string or None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return instant(value, tzinfo) if value.tzinfo else value.isoformat(timespec="milliseconds")
    if isinstance(value, dict | list):
        return json.dumps(_nested(value, tzinfo), ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _nested(value, tzinfo):
    if isinstance(value, dict):
        return {key: _nested(item, tzinfo) for key, item in value.items()}
    if isinstance(value, list):
        # pyarrow has maps as pairs.
        if value and all(isinstance(item, tuple) for item in value):
            return {key: _nested(item, tzinfo) for key, item in value}
        return [_nested(item, tzinfo) for item in value]
    return value if value is None or isinstance(value, str | int | float) else cell(value, tzinfo)
