import asyncio

from ..common.process import arguments, serve
from .emulator import RedshiftEmulator, RedshiftRunning

if __name__ == "__main__":
    asyncio.run(serve(RedshiftEmulator(), arguments("redshift", 0).parse_args(), RedshiftRunning))
