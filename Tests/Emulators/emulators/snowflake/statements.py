"""Statements as they run: asynchronously, for as long as the account's clock says, with results that expire."""

import asyncio
import dataclasses

from . import errors, results


@dataclasses.dataclass
class Statement:
    handle: str
    request_id: str
    text: str
    #: By the account's clock, in seconds.
    created: float
    #: When the result shows, once there is one.
    ready: float
    #: When it is ended because it takes too long; None for never.
    deadline: float | None
    result: results.Result | None = None
    error: errors.SnowflakeError | None = None
    canceled: bool = False
    task: asyncio.Task | None = None
    #: Handles of a request of several statements.
    children: list = dataclasses.field(default_factory=list)

    def state(self, now, retention):
        """`running`, `done`, or the SnowflakeError that it came to."""
        if self.canceled:
            return errors.canceled()
        if self.deadline is not None and self.deadline < self.ready and now >= self.deadline:
            return errors.timed_out()
        if now < self.ready or (self.task is not None and not self.task.done()):
            return "running"
        if self.error is not None:
            return self.error
        if now >= self.ready + retention:
            return errors.expired(self.handle)
        return "done"

    @property
    def is_over(self):
        return self.canceled or self.error is not None
