"""What one attribute of a payload asks for, and what it makes of the value that is there: R75 to R109.

Written from the rules and docs/payloads.md, not from the writer's code.
"""

import re

import values
from values import Number

TYPES = {"string": 1, "number": 1, "boolean": 1, "time": 1, "array": 0, "object": 0, "objects": 0}


class Left(Exception):
    """The attribute is left as it was; the row has a warning of this code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Change:
    """An assignment of `value` (None removes), or an operator: a function of the stored value."""

    def __init__(self, value=None, kind=None, operator=None, wants=None, refusal="type_mismatch"):
        self.value = value
        self.kind = kind          # the type that it gives or needs; None says nothing
        self.operator = operator  # stored value or None -> new value, or None: as it was
        self.wants = wants        # the Python class that the operator works on
        self.refusal = refusal


def nested(value, limits):
    """A value inside an object, as it is stored (R98 to R102)."""
    if value is None:
        raise Left("null_inside")
    if isinstance(value, str):
        if len(value) > limits["string_length"]:
            raise Left("string_too_long")
        return value
    if isinstance(value, list):
        if any(isinstance(item, list) for item in value):
            for item in value:  # what is wrong first names the reason
                if isinstance(item, list):
                    raise Left("array_not_valid")
                nested(item, limits)
        return [nested(item, limits) for item in value]
    if isinstance(value, dict):
        if next(iter(value), None) == "$time":
            return time_of(value)
        return nested_object(value, limits)
    return value


def nested_object(value, limits):
    result = {}
    for key, item in value.items():
        if not 1 <= len(key) <= limits["string_length"] or re.search(r"[.$ ]", key):
            raise Left("nested_key_not_valid")
        result[key] = nested(item, limits)
    return result


def time_of(value):
    text = value["$time"]
    time = values.attribute_time(text) if isinstance(text, str) and len(value) == 1 else None
    if time is None:
        raise Left("time_not_valid")
    return time


def scalars(items, limits):
    for item in items:
        if item is None:
            raise Left("null_inside")
        if not values.is_scalar(item):
            raise Left("array_not_valid")
        if isinstance(item, str) and len(item) > limits["string_length"]:
            raise Left("string_too_long")
    return items


def distinct(items):
    result = []
    for item in items:
        if not any(values.same(item, other) for other in result):
            result.append(item)
    return result


def within(value, limits):
    if values.size(value) > limits["value_bytes"]:
        raise Left("value_too_large")
    return value


def deep_merge(stored, change):
    result = dict(stored)
    for key, item in change.items():
        both = isinstance(result.get(key), dict) and isinstance(item, dict)
        result[key] = deep_merge(result[key], item) if both else item
    return result


# MARK: Reading

def read(value, merging, limits, warn):
    """The change that a custom attribute's value asks for; raises Left."""
    if value is None:
        return Change()
    if isinstance(value, bool):
        return Change(value, "boolean")
    if isinstance(value, Number):
        return Change(value, "number")
    if isinstance(value, str):
        if len(value) > limits["string_length"]:
            raise Left("string_too_long")
        return Change(value, "string")
    if isinstance(value, list):
        return read_array(value, limits, warn)
    return read_object(value, merging, limits, warn)


def read_array(value, limits, warn):
    if not value:
        return Change([])
    if isinstance(value[0], dict):
        result = []
        for item in value:
            if not isinstance(item, dict):
                raise Left("null_inside" if item is None else "array_not_valid")
            result.append(nested_object(item, limits))
        return Change(within(result, limits), "objects")
    items = distinct(scalars(value, limits))
    if len(items) > limits["array_length"]:
        warn("array_shortened")
    return Change(within(items[-limits["array_length"]:], limits), "array")


def read_object(value, merging, limits, warn):
    keys = list(value)
    if keys and keys[0] in ("$add", "$remove", "$update"):
        return read_object_operators(value, merging, limits)
    if keys == ["inc"]:
        return read_increment(value["inc"])
    if keys and set(keys) <= {"add", "remove"}:
        return read_element_operators(value, limits, warn)
    if keys and keys[0] == "$time":
        return Change(time_of(value), "time")
    new = within(nested_object(value, limits), limits)
    if not merging:
        return Change(new, "object")
    return Change(kind="object", wants=dict,
                  operator=lambda old: within(new if old is None else deep_merge(old, new), limits))


def read_increment(step):
    if not isinstance(step, Number):
        raise Left("operator_not_valid")

    def increment(old):
        total = (old.value if old is not None else 0) + step.value
        # Exact: 15 digits before the point, 18 behind it.
        if abs(total) >= 10**15 or total != total.quantize(values.Decimal("1e-18")):
            raise Left("number_out_of_range")
        return values.number(total)

    return Change(kind="number", operator=increment, wants=Number, refusal="inc_on_non_number")


def read_element_operators(value, limits, warn):
    for items in value.values():
        if not isinstance(items, list):
            raise Left("operator_not_valid")
        scalars(items, limits)
    adding, removing = value.get("add", []), value.get("remove", [])

    def change(old):
        if old is None and not adding:
            return None
        result = list(old or [])
        for item in adding:
            result = [other for other in result if not values.same(other, item)] + [item]
        result = [item for item in result if not any(values.same(item, other) for other in removing)]
        if len(result) > limits["array_length"]:
            warn("array_shortened")
        return within(result[-limits["array_length"]:], limits)

    return Change(kind="array" if adding else None, operator=change, wants="scalars")


def read_object_operators(value, merging, limits):
    parts = {}
    for key, items in value.items():
        if key not in ("$add", "$remove", "$update") or not isinstance(items, list):
            raise Left("operator_not_valid")
        parts[key] = [read_operand(key, item, limits) for item in items]

    def change(old):
        if old is None and not parts.get("$add"):
            return None
        result = list(old or []) + parts.get("$add", [])
        result = [item for item in result if not any(fits(item, match) for match in parts.get("$remove", []))]
        for match in parts.get("$update", []):
            new = match["$new_object"]
            result = [(deep_merge(item, new) if merging else new) if fits(item, match) else item
                      for item in result]
        return within(result, limits)

    return Change(kind="objects" if parts.get("$add") else None, operator=change, wants=list)


def read_operand(key, item, limits):
    if not isinstance(item, dict):
        raise Left("operator_not_valid")
    if key == "$add":
        return nested_object(item, limits)
    wanted = {"$identifier_key", "$identifier_value"} | ({"$new_object"} if key == "$update" else set())
    if set(item) != wanted or not isinstance(item["$identifier_key"], str) \
            or not values.is_scalar(item["$identifier_value"]):
        raise Left("operator_not_valid")
    if key == "$update":
        if not isinstance(item["$new_object"], dict):
            raise Left("operator_not_valid")
        item = {**item, "$new_object": nested_object(item["$new_object"], limits)}
    return item


def fits(item, match):
    return isinstance(item, dict) and match["$identifier_key"] in item and values.same(
        item[match["$identifier_key"]], match["$identifier_value"])


# MARK: Types

def settle(change, kind):
    """Brings a change to the type that the attribute has (None: none yet); answers that type."""
    if change.kind is None:
        return kind
    if kind is None:
        if change.kind == "string":
            time = values.attribute_time(change.value)
            if time is not None:
                change.value = time
                return "time"
        return change.kind
    if change.kind == kind or (change.kind == "time" and kind == "string" and not change.operator):
        return kind
    if change.operator or change.kind in ("array", "object", "objects"):
        raise Left(change.refusal)
    change.value = coerced(change.value, change.kind, kind)
    return kind


def coerced(value, own, kind):
    text = value.text if isinstance(value, Number) else value
    if kind == "string" and own == "number":
        return text
    if kind == "number" and own == "string":
        if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text, re.ASCII):
            return Number(text)
    if kind == "boolean" and own in ("string", "number"):
        if text.lower() in ("1", "true", "t"):
            return True
        if text.lower() in ("0", "false", "f"):
            return False
    if kind == "time" and own == "string":
        time = values.attribute_time(text)
        if time is not None:
            return time
    raise Left("type_mismatch")


def apply_operator(change, stored):
    """The new value, or None where nothing is there and nothing comes; raises Left."""
    wanted = {"scalars": list}.get(change.wants, change.wants)
    if stored is not None:
        fits_kind = isinstance(stored, wanted)
        if change.wants == "scalars" and fits_kind:
            fits_kind = all(values.is_scalar(item) for item in stored)
        if not fits_kind:
            raise Left(change.refusal)
    return change.operator(stored)
