"""JSON values with the text of their numbers, and the forms that the rules give to dates, phones and emails."""

import datetime
import json
import re
from decimal import Decimal


class Refused(Exception):
    """A text that is not the strict JSON of the rules."""


class Number:
    """A number as it was written: 1 and 1.0 are two."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self):
        return hash(self.text)

    def __repr__(self):
        return self.text

    @property
    def value(self):
        return Decimal(self.text)


def number(value):
    """The shortest text of an exact sum."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return Number("0" if text == "-0" else text)


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Refused("duplicate key")
    return dict(pairs)


def no_constant(text):
    raise Refused(text)


def parse(text):
    try:
        value = json.loads(text, parse_float=Number, parse_int=Number, parse_constant=no_constant,
                           object_pairs_hook=unique)
        # Half of a surrogate pair is no text.
        written = dump(value).encode()
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    if b"\\u0000" in written:
        raise Refused("NUL")
    return value


def dump(value):
    """Compact JSON text."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{dump(key)}:{dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def size(value):
    return len(dump(value).encode())


def is_scalar(value):
    return isinstance(value, (str, bool, Number))


def same(a, b):
    """Equal and of one kind: True is no 1."""
    return type(a) is type(b) and a == b and dump(a) == dump(b)


# MARK: Dates

CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:[.,:](\d+))?)?"
ZONE = r" ?(Z|z|UTC|GMT|[+-][\d:]*)?"
ISO = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)(?:[Tt ]{CLOCK}{ZONE})?", re.ASCII)
AMERICAN = re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII)
WEEKDAY = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun) (\d\d|[a-z]{3}) (\d\d) (\d\d):(\d\d):(\d\d)[. ]"
    r"(Z|z|UTC|GMT|[+-][\d:]*) (\d{4})", re.ASCII | re.IGNORECASE)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def offset(text):
    """Seconds east of UTC; a malformed offset is UTC."""
    match = re.fullmatch(r"([+-])(\d\d)(?::?(\d\d))?", text or "", re.ASCII)
    if not match or int(match[2]) > 18 or int(match[3] or 0) > 59:
        return 0
    seconds = int(match[2]) * 3600 + int(match[3] or 0) * 60
    return -seconds if match[1] == "-" else seconds


def date(text):
    """A date in one of the seven forms as (datetime in UTC, nanoseconds), or None."""
    fraction = ""
    if match := ISO.fullmatch(text):
        year, month, day, hour, minute, second, fraction, zone = match.groups()
    elif match := AMERICAN.fullmatch(text):
        month, day, year = match.groups()
        hour = minute = second = zone = None
    elif match := WEEKDAY.fullmatch(text):
        month, day, hour, minute, second, zone, year = match.groups()
        if not month.isdigit():
            if month.lower() not in MONTHS:
                return None
            month = MONTHS.index(month.lower()) + 1
    else:
        return None
    seconds = int(second or 0)
    if seconds > 60:
        return None
    try:
        moment = datetime.datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))
        moment += datetime.timedelta(seconds=seconds - offset(zone))
    except (ValueError, OverflowError):
        return None
    return moment, int((fraction or "")[:9].ljust(9, "0"))


def shown(moment, nanoseconds=0):
    """RFC 3339 in UTC, with 0, 3, 6 or 9 digits of a fraction."""
    text = f"{moment.year:04}-{moment.month:02}-{moment.day:02}T{moment:%H:%M:%S}"
    if nanoseconds:
        digits = f"{nanoseconds:09}"
        while digits.endswith("000"):
            digits = digits[:-3]
        text += "." + digits
    return text + "Z"


def attribute_time(text):
    """The text of a date that an attribute takes (years up to 3000), or None."""
    found = date(text)
    return shown(*found) if found and found[0].year <= 3000 else None


def instant(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    return shown(datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds), rest)


# MARK: Identifiers

def phone(text):
    """E.164, or None."""
    digits = re.sub(r"[^0-9]", "", text)
    before = re.split(r"[0-9]", text, maxsplit=1)[0]
    has_plus = "+" in before
    if not has_plus and len(digits) == 10:
        return "+1" + digits
    if not 7 <= len(digits) <= 15 or digits.startswith("0") or (not has_plus and len(digits) < 10):
        return None
    return "+" + digits


def is_email(text):
    return bool(re.fullmatch(r"[^\s@<>()\[\]:;\\,\".](?:[^\s@<>()\[\]:;\\,\"]*[^\s@<>()\[\]:;\\,\".])?@"
                             r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+",
                             text))


def email_key(text):
    return "".join(c.lower() if c.isascii() else c for c in text)
