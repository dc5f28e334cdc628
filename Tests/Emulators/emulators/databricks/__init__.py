"""A Databricks workspace: the SQL Statement Execution API, warehouses, OAuth, Unity Catalog's tables, and the
store at another origin that results are fetched from."""

from .service import Databricks

__all__ = ["Databricks"]
