"""A receiver of webhooks that checks them as docs/webhooks.md says, by the recipe that stands there."""

import http.server
import json
import re
import threading
import time

from .house import REPOSITORY
from .postgres import free_port

SECRET = b"the secret that both sides know"


def recipe():
    """`is_genuine` of the documentation."""
    text = (REPOSITORY / "docs/webhooks.md").read_text()
    scope = {}
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1), scope)
    return scope["is_genuine"]


class WebhookSink:
    """Starts with `with`; may be stopped and started again, on the same port.

    `received` are the bodies that were genuine and answered with 2xx; `attempts` is every request as
    (status, id, genuine). `answer` is the status that the next ones get.
    """

    def __init__(self, folder, secret=SECRET):
        self.port = free_port()
        self.received, self.attempts = [], []
        self.answer = 204
        self.secret = secret
        self.secret_file = folder / "webhook-secret"
        self.secret_file.write_bytes(secret + b"\n")
        self.secret_file.chmod(0o600)
        self.is_genuine = recipe()
        self.server = None

    @property
    def settings(self):
        return {"SLUICE_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/hooks/T0/path-secret",
                "SLUICE_WEBHOOK_SECRET_FILE": str(self.secret_file), "SLUICE_EGRESS_ALLOW": "127.0.0.1"}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Idempotency-Key"]
                genuine = sink.is_genuine(sink.secret, key, self.headers["Sluice-Signature"], body)
                status = sink.answer if genuine else 401
                sink.attempts.append((status, key, genuine))
                if 200 <= status < 300:
                    sink.received.append(json.loads(body) | {"path": self.path, "key": key})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        server, self.server = self.server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def about(self, sync):
        return [hook["kind"] for hook in self.received if hook["sync"] == sync]

    def wait_for(self, arrived, patience=90):
        deadline = time.monotonic() + patience
        while not arrived():
            if time.monotonic() > deadline:
                raise AssertionError(f"the webhook did not come; those that came: {self.attempts}")
            time.sleep(0.05)
