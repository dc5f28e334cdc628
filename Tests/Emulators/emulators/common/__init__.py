"""What every emulator is built on: tenants with a clock, a script of faults and a journal of their own; a TLS
server on loopback with a test authority; a separate endpoint that tests steer it by; SQL through DuckDB."""

from .answer import Answer
from .clock import Clock
from .emulator import Emulator
from .faults import Fault, Faults
from .journal import Journal
from .tenant import Tenant

__all__ = ["Answer", "Clock", "Emulator", "Fault", "Faults", "Journal", "Tenant"]
