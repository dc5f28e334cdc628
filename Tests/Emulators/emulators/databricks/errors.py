"""Databricks' errors: those of the HTTP API, and those that a failed statement carries in a 200."""

from ..common.answer import Answer


class APIError(Exception):
    """An answer with a status of its own: `{"error_code": …, "message": …}`."""

    def __init__(self, status, code, message, headers=None):
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers

    def answer(self):
        body = {"error_code": self.code, "message": self.message, "details": []}
        return Answer.json(body, self.status, self.headers)


class StatementError(Exception):
    """What a statement failed with: the class in brackets, the text, the SQLSTATE."""

    def __init__(self, name, text, state, code="BAD_REQUEST"):
        super().__init__(text)
        self.name, self.state, self.code = name, state, code
        self.message = f"[{name}] {text} SQLSTATE: {state}"


def invalid(message):
    return APIError(400, "INVALID_PARAMETER_VALUE", message)


def not_found(what):
    return APIError(404, "NOT_FOUND", what)


def no_such_table(name):
    return StatementError(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {name} cannot be found. Verify the spelling and correctness of the schema and catalog.\n"
        "If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with "
        "the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF "
        "EXISTS.", "42P01")


def no_such_column(name, known):
    known = ", ".join(f"`{column}`" for column in known[:5])
    hint = f" Did you mean one of the following? [{known}]." if known else ""
    kind = "UNRESOLVED_COLUMN.WITH_SUGGESTION" if known else "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"
    return StatementError(
        kind, f"A column, variable, or function parameter with name `{name}` cannot be resolved.{hint}", "42703")


def no_privilege(privilege, kind, name):
    return StatementError(
        "INSUFFICIENT_PERMISSIONS",
        f"Insufficient privileges:\nUser does not have {privilege} on {kind} '{name}'.", "42501")
