"""Snowflake's SQL API v2 over a DuckDB: what docs.snowflake.com and the published OpenAPI file say of it."""

from .api import SnowflakeEmulator

__all__ = ["SnowflakeEmulator"]
