"""Where results lie: another origin, as a cloud's object store. Its links are signed, live a quarter of an hour,
and are refused to whoever also sends an Authorization header."""

import datetime
import secrets
import urllib.parse

from ..common.answer import Answer
from ..common.emulator import Emulator


class Store(Emulator):
    service = "databricks-store"
    origin = ""

    def __init__(self, owner):
        super().__init__()
        self.owner = owner
        self.signatures = {}

    def link(self, workspace, statement, index):
        """A new link of a chunk, and when it ends."""
        now, lifetime = workspace.clock.seconds, workspace.settings["link_seconds"]
        signature = secrets.token_hex(32)
        self.signatures[signature] = workspace.name, statement.id, index, now + lifetime
        stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
        query = urllib.parse.urlencode({
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": stamp.strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-Expires": lifetime - 1, "X-Amz-SignedHeaders": "host", "X-Amz-Signature": signature})
        ends = stamp + datetime.timedelta(seconds=lifetime)
        return (f"{self.origin}/{workspace.name}/{statement.id}/{index}?{query}",
                ends.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ends.microsecond // 1000:03d}Z")

    def tenant_of(self, request):
        return self.owner.tenants.get(request.path.split("/")[1])

    def unknown_tenant(self, request):
        return denied("AccessDenied", "Access Denied", 403)

    def point_of(self, request, body):
        return "link", {"chunk": int(request.path.rsplit("/", 1)[-1])}

    async def handle(self, workspace, request, body, point, facts):
        if "Authorization" in request.headers:
            return denied(
                "InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                "Signature query string parameter or the Authorization header should be specified", 400)
        signed = self.signatures.get(request.query.get("X-Amz-Signature", ""))
        path = request.path.split("/")
        if signed is None or path[1:] != [signed[0], signed[1], str(signed[2])]:
            return denied("SignatureDoesNotMatch", "The request signature we calculated does not match", 403)
        if workspace.clock.seconds >= signed[3]:
            return denied("AccessDenied", "Request has expired", 403)
        for name, value in workspace.settings["link_headers"].items():
            if request.headers.get(name) != value:
                return denied("AccessDenied", f"The header {name} is required", 403)
        statement = workspace.statements.get(signed[1])
        if statement is None or statement.result is None:
            return denied("NoSuchKey", "The specified key does not exist.", 404)
        return Answer(200, statement.result.chunks[signed[2]].body, {"Content-Type": "binary/octet-stream"})


def denied(code, message, status):
    body = f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})
