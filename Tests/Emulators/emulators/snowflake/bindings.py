"""The values for a statement's question marks (SQL API reference, "Using bind variables")."""

import datetime
import re
import zoneinfo

from sqlglot import exp

from . import errors

TIMES = {"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}


def make_timestamp(nanoseconds):
    return f"make_timestamp_ns({nanoseconds})"


def shape(kind, nanoseconds, offset=0):
    """DuckDB's expression for an instant of a type."""
    match kind:
        case "TIMESTAMP_NTZ": return make_timestamp(nanoseconds)
        case "TIMESTAMP_LTZ": return f"{{'instant': {make_timestamp(nanoseconds)}, 'ltz': TRUE}}"
        case _: return f"{{'instant': {make_timestamp(nanoseconds)}, 'offset': {offset}}}"


def _integer(kind, value, low=-(2**63), high=2**63 - 1):
    if not re.fullmatch(r"-?\d+", value) or not low <= int(value) <= high:
        raise errors.bad_binding(kind, value)
    return int(value)


def expression(binding):
    """One binding as `{"type": …, "value": …}`."""
    kind, value = str(binding.get("type", "")).upper(), binding.get("value")
    parse = lambda text: exp.maybe_parse(text, dialect="duckdb")  # noqa: E731
    if value is None:
        return exp.null()
    if not isinstance(value, str):
        raise errors.SnowflakeError("391902", "42601", "Bind values must be strings", 400)
    match kind:
        case "TEXT": return exp.Literal.string(value)
        case "FIXED":
            if not re.fullmatch(r"-?\d+(\.\d+)?", value):
                raise errors.bad_binding(kind, value)
            return parse(value)
        case "REAL":
            try:
                return parse(f"CAST('{float(value)}' AS DOUBLE)")
            except ValueError:
                raise errors.bad_binding(kind, value) from None
        case "BOOLEAN":
            if value.lower() not in ("true", "false", "1", "0"):
                raise errors.bad_binding(kind, value)
            return parse("TRUE" if value.lower() in ("true", "1") else "FALSE")
        case "BINARY":
            if not re.fullmatch(r"([0-9A-Fa-f]{2})*", value):
                raise errors.bad_binding(kind, value)
            return parse(f"unhex('{value}')")
        case "DATE": return parse(f"CAST(make_timestamp_ms({_integer(kind, value)}) AS DATE)")
        case "TIME":
            nanoseconds = _integer(kind, value, 0, 86_400 * 10**9 - 1)
            return parse(f"CAST(make_timestamp_ns({nanoseconds}) AS TIME)")
        case "TIMESTAMP_NTZ" | "TIMESTAMP_LTZ": return parse(shape(kind, _integer(kind, value)))
        case "TIMESTAMP_TZ":
            parts = value.split(" ")
            if len(parts) != 2:
                raise errors.bad_binding(kind, value)
            return parse(shape(kind, _integer(kind, parts[0]), _integer(kind, parts[1])))
    raise errors.SnowflakeError("002070", "42601", f"Unknown bind type {kind}")


def variants(bindings, timezone):
    """The bindings as given, and then as a comparison with another kind of timestamp converts them: a wall clock
    becomes an instant, and the reverse, by the session's time zone."""
    yield [expression(b) for b in bindings]
    if not any(str(b.get("type", "")).upper() in TIMES and b.get("value") for b in bindings):
        return
    zone = zoneinfo.ZoneInfo(timezone)
    for target in sorted(TIMES):
        converted = []
        for binding in bindings:
            kind, value = str(binding.get("type", "")).upper(), binding.get("value")
            if kind not in TIMES or value is None:
                converted.append(expression(binding))
                continue
            nanoseconds = int(value.split(" ")[0])
            if (kind == "TIMESTAMP_NTZ") != (target == "TIMESTAMP_NTZ"):
                sign = -1 if kind == "TIMESTAMP_NTZ" else 1
                nanoseconds += sign * _offset(zone, nanoseconds)
            converted.append(exp.maybe_parse(shape(target, nanoseconds, 1440), dialect="duckdb"))
        yield converted


def _offset(zone, nanoseconds):
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=nanoseconds // 10**9)
    return int(moment.astimezone(zone).utcoffset().total_seconds()) * 10**9
