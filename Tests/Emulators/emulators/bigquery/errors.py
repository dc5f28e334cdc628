"""Google's error bodies: what decides is the reason, not the status."""

from ..common import Answer

#: The HTTP status of each reason ("Error messages", cloud.google.com).
STATUS = {
    "notFound": 404, "accessDenied": 403, "rateLimitExceeded": 403, "quotaExceeded": 403,
    "bytesBilledLimitExceeded": 400, "invalidQuery": 400, "invalid": 400, "resourcesExceeded": 400,
    "responseTooLarge": 403, "backendError": 503, "internalError": 500, "jobBackendError": 400,
    "jobInternalError": 400, "jobRateLimitExceeded": 400, "duplicate": 409, "stopped": 200, "timeout": 400,
    "billingNotEnabled": 403, "authError": 401, "required": 400, "parseError": 400, "badRequest": 400}
NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
         409: "ALREADY_EXISTS", 500: "INTERNAL", 503: "UNAVAILABLE"}


class BigQueryError(Exception):
    def __init__(self, reason, message, status=None, location=None):
        super().__init__(message)
        self.reason, self.message, self.location = reason, message, location
        self.status = status or STATUS[reason]

    def proto(self):
        """An `ErrorProto`, as jobs carry it."""
        proto = {"reason": self.reason, "message": self.message}
        if self.location:
            proto["location"] = self.location
        return proto

    def answer(self):
        # A job that was stopped reads 200 in the table of reasons, yet asking for its rows is an error.
        status = 400 if self.status == 200 else self.status
        return Answer.json({"error": {
            "code": status, "message": self.message, "status": NAMES.get(status, "UNKNOWN"),
            "errors": [{"domain": "global", **self.proto()}]}}, status)


def not_found(kind, name, location=None):
    where = f" was not found in location {location}" if location else ""
    return BigQueryError("notFound", f"Not found: {kind} {name}{where}")


def no_job_permission(project):
    return BigQueryError(
        "accessDenied", f"Access Denied: Project {project}: User does not have bigquery.jobs.create permission "
        f"in project {project}.")


def no_query(table):
    return BigQueryError(
        "accessDenied", f"Access Denied: Table {table}: User does not have permission to query table {table}, "
        "or perhaps it does not exist.")


def denied(kind, name, permission):
    return BigQueryError(
        "accessDenied", f"Access Denied: {kind} {name}: Permission {permission} denied on {kind.lower()} {name} "
        "(or it may not exist).")


def unauthenticated():
    return BigQueryError(
        "authError", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
        "or other valid authentication credential.", location="Authorization")
