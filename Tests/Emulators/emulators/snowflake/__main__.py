"""`python -m emulators.snowflake`: see README.md of Tests/Emulators."""

import asyncio

from ..common import process
from .api import SnowflakeEmulator

parser = process.arguments("snowflake")
parser.add_argument("--account", action="append", default=[], help="an account to begin with (several)")
options = parser.parse_args()
emulator = SnowflakeEmulator()
for name in options.account:
    emulator.add_tenant(name)
asyncio.run(process.serve(emulator, options))
