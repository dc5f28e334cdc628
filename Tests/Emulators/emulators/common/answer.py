"""An HTTP answer as a value, so that a fault can change it before it is sent."""

import dataclasses
import gzip
import json


@dataclasses.dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def json(cls, value, status=200, headers=None):
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, {"Content-Type": "application/json", **(headers or {})})

    def compressed(self):
        """The same with a gzip body and its header."""
        return Answer(self.status, gzip.compress(self.body, 1), {**self.headers, "Content-Encoding": "gzip"})
