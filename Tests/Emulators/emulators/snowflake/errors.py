"""Snowflake's errors: a code, an SQLSTATE, a text, and the HTTP status that carries them."""


class SnowflakeError(Exception):
    def __init__(self, code, state, message, status=422):
        super().__init__(message)
        self.code, self.state, self.message, self.status = code, state, message, status


def compilation(code, state, text):
    return SnowflakeError(code, state, f"SQL compilation error:\n{text}")


def no_object(kind, name):
    state = "42S02" if kind in ("Object", "Table", "View") else "02000"
    return compilation("002003", state, f"{kind} '{name}' does not exist or not authorized.")


def cannot_perform(kind):
    return compilation("002043", "02000", f"{kind} does not exist, or operation cannot be performed.")


def invalid_identifier(name):
    return compilation("000904", "42000", f"error line 1 at position 7\ninvalid identifier '{name}'")


def syntax(text):
    return compilation("001003", "42000", f"syntax error: {text}")


def unsupported(what):
    return SnowflakeError("000002", "0A000", f"Unsupported feature '{what}'.")


def insufficient(kind, name):
    return SnowflakeError(
        "003001", "42501", f"SQL access control error:\nInsufficient privileges to operate on {kind} '{name}'")


def no_warehouse():
    return SnowflakeError(
        "000606", "57P03", "No active warehouse selected in the current session.  "
        "Select an active warehouse with the 'use warehouse' command.")


def suspended(name):
    return SnowflakeError(
        "000608", "57P03", f"Warehouse '{name}' is suspended. Use 'alter warehouse {name} resume;' to resume it.")


def quota(name):
    return SnowflakeError(
        "090073", "22000", f"Warehouse '{name}' cannot be resumed because resource monitor 'LIMITS' has "
        "exceeded its quota.")


def role_not_granted(name):
    return SnowflakeError(
        "390189", "08001", f"Role '{name}' specified in the connect string is not granted to this user. Contact "
        "your local system administrator, or attempt to login with another role, e.g. PUBLIC.")


def bad_binding(kind, value):
    return SnowflakeError("100037", "22018", f"{kind} value '{value}' is not recognized")


def unknown_handle(handle):
    return SnowflakeError("000709", "02000", f"Statement {handle} not found")


def expired(handle):
    return SnowflakeError("000710", "02000", f"Result for query {handle} has expired")


def canceled():
    return SnowflakeError("000604", "57014", "SQL execution canceled")


def timed_out():
    return SnowflakeError(
        "000630", "57014", "Statement reached its statement or warehouse timeout of seconds and was canceled.", 408)
