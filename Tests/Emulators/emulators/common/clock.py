"""A tenant's clock: the machine's, moved or stopped as a test wants it."""

import time


class Clock:
    def __init__(self):
        self._offset = 0
        self._stopped_at = None

    def now(self):
        """Nanoseconds since 1970, UTC."""
        if self._stopped_at is not None:
            return self._stopped_at
        return time.time_ns() + self._offset

    @property
    def seconds(self):
        return self.now() / 1e9

    def advance(self, seconds):
        if self._stopped_at is not None:
            self._stopped_at += int(seconds * 1e9)
        else:
            self._offset += int(seconds * 1e9)

    def stop(self, at=None):
        """Stands still from now on, at `at` (nanoseconds) if given; `advance` still moves it."""
        self._stopped_at = self.now() if at is None else int(at)

    def reset(self):
        self._offset, self._stopped_at = 0, None
