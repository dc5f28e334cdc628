"""One customer of an emulated service: tests that run at once have one each, and share the process."""

from .clock import Clock
from .faults import Faults
from .journal import Journal


class Tenant:
    def __init__(self, name):
        self.name = name
        self.clock = Clock()
        self.faults = Faults()
        self.journal = Journal()

    def close(self):
        """Lets go of what the tenant holds."""
