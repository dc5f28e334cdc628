"""`python -m emulators.bigquery`: see README.md of Tests/Emulators."""

import asyncio

from ..common import process
from .api import BigQueryEmulator

parser = process.arguments("bigquery")
parser.add_argument("--project", action="append", default=[], help="a project to begin with (several)")
options = parser.parse_args()
emulator = BigQueryEmulator()
for name in options.project:
    emulator.add_tenant(name)
asyncio.run(process.serve(emulator, options))
