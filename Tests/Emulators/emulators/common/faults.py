"""Faults that a test scripts ahead: each waits for its point, some passes of it are skipped, then it strikes.

A fault in JSON:

    {"point": "partition", "where": {"partition": 2}, "skip": 0, "times": 1, "action": {...}}

`point` is a name of the emulator's own (its README lists them), `where` compares further facts of the request:
equal, or for a text a regular expression. `times` 0 strikes for ever. The action:

    status, headers, body | json   answer this; the request is not handled unless "run" is true
    run                            handle the request first, then answer as above (or not at all: "reset")
    delay                          seconds to wait before the answer
    set_headers, drop_headers      change the answer's headers
    plain                          unpack a gzip body and leave its header out
    truncate                       send so many bytes of the body, then cut the connection
    corrupt                        flip the byte at that offset of the body
    reset                          cut the connection without an answer
"""

import dataclasses
import gzip
import json
import re

from .answer import Answer

ACTIONS = {"status", "headers", "body", "json", "run", "delay", "set_headers", "drop_headers", "plain",
           "truncate", "corrupt", "reset"}


@dataclasses.dataclass
class Fault:
    #: What may stand in `action`; an emulator that speaks no HTTP has its own.
    known = frozenset(ACTIONS)
    point: str
    action: dict
    where: dict = dataclasses.field(default_factory=dict)
    skip: int = 0
    times: int = 1

    def __post_init__(self):
        unknown = set(self.action) - self.known
        if unknown:
            raise ValueError(f"a fault has no action {', '.join(sorted(unknown))}")

    def matches(self, point, facts):
        return self.point == point and all(self._same(facts.get(k), v) for k, v in self.where.items())

    @staticmethod
    def _same(fact, wanted):
        if isinstance(fact, str) and isinstance(wanted, str):
            return re.search(wanted, fact) is not None
        return fact == wanted

    @property
    def runs_first(self):
        """Whether the request is handled before the fault shows."""
        replaces = "status" in self.action or self.action.get("reset")
        return self.action.get("run", not replaces)

    def disturb(self, answer):
        """The answer to send instead of `answer`, which is None where the request was not handled."""
        action = self.action
        if "status" in action:
            if "json" in action:
                answer = Answer.json(action["json"], action["status"])
            else:
                answer = Answer(action["status"], action.get("body", "").encode())
            answer.headers.update(action.get("headers", {}))
        if answer is None:
            return None
        answer = Answer(answer.status, answer.body, dict(answer.headers))
        if action.get("plain") and answer.headers.pop("Content-Encoding", None) == "gzip":
            answer.body = gzip.decompress(answer.body)
        answer.headers.update(action.get("set_headers", {}))
        for name in action.get("drop_headers", []):
            answer.headers.pop(name, None)
        if "corrupt" in action:
            body = bytearray(answer.body)
            body[action["corrupt"]] ^= 0xFF
            answer.body = bytes(body)
        return answer


class Faults:
    """In order: the first that matches strikes, or lets the request pass while it skips; later ones wait for it."""

    def __init__(self, kind=Fault):
        self._script = []
        self._kind = kind

    def add(self, fault):
        self._script.append(fault if isinstance(fault, Fault) else self._kind(**fault))

    def clear(self):
        self._script.clear()

    def strike(self, point, facts):
        """The fault that strikes now, or None."""
        for fault in self._script:
            if not fault.matches(point, facts):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                return None
            if fault.times == 1:
                self._script.remove(fault)
            elif fault.times > 1:
                fault.times -= 1
            return fault
        return None

    def __len__(self):
        return len(self._script)

    def describe(self):
        return json.loads(json.dumps([dataclasses.asdict(fault) for fault in self._script]))
