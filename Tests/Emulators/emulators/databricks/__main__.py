import asyncio

from ..common.process import arguments, serve
from . import Databricks

asyncio.run(serve(Databricks(), arguments("databricks").parse_args()))
