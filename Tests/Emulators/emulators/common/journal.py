"""What was asked of a tenant, for a test to look at: every request in order, and counters."""

import collections
import json


class Journal:
    """Keeps the last requests only: a long read must not grow the emulator."""

    LONGEST = 10_000

    def __init__(self):
        self.entries = collections.deque(maxlen=self.LONGEST)
        self.counters = collections.Counter()

    def note(self, clock, request, body, point, facts):
        """Adds a request and answers its entry, which `status` is filled into later."""
        entry = {
            "at": clock.now(), "point": point, "method": request.method, "path": request.path,
            "query": dict(request.query), "headers": {k.lower(): v for k, v in request.headers.items()},
            "facts": facts, "status": None}
        try:
            entry["body"] = json.loads(body) if body else None
        except ValueError:
            entry["body"] = body.decode("utf-8", "replace")
        self.entries.append(entry)
        return entry

    def count(self, name):
        self.counters[name] += 1

    def clear(self):
        self.entries.clear()
        self.counters.clear()
