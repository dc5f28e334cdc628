"""SQL for real: a vendor's dialect, parsed by sqlglot, checked against a list of what is allowed, run by DuckDB.

What is not on the list is refused as the vendor would refuse what it does not know: never passed on silently.
"""

import threading
import time

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


class Unsupported(Exception):
    """A statement or function that the emulator does not have."""


class SyntaxProblem(Exception):
    """Text that is no statement of the dialect."""


class Translator:
    """From one dialect to DuckDB's. A subclass names what is allowed and rewrites what differs."""

    dialect = ""
    statements = (exp.Select, exp.SetOperation, exp.Subquery)
    #: Functions that sqlglot does not know but the subclass, or a DuckDB macro, does.
    functions = frozenset()
    #: Node types that have no place here, whatever the statement.
    refused = (exp.Command, exp.Into, exp.Lock, exp.ReadCSV)

    def parse(self, text):
        """The statements of `text`, checked."""
        try:
            trees = [tree for tree in sqlglot.parse(text, read=self.dialect) if tree is not None]
        except SqlglotError as error:
            raise SyntaxProblem(str(error).split("\n")[0]) from None
        for tree in trees:
            self.check(tree)
        return trees

    def check(self, tree):
        if not isinstance(tree, self.statements):
            raise Unsupported(f"statement {type(tree).__name__.upper()}")
        for node in tree.walk():
            if isinstance(node, self.refused):
                raise Unsupported(type(node).__name__.upper())
            if isinstance(node, exp.Anonymous) and node.name.upper() not in self.functions:
                raise Unsupported(f"function {node.name}")

    def rewrite(self, tree, context):
        """The same meaning for DuckDB."""
        return tree

    def translate(self, tree, context=None):
        return self.rewrite(tree.copy(), context).sql(dialect="duckdb")


class Engine:
    """One DuckDB in memory. Each call has a cursor of its own, so threads may call at once; writers take turns."""

    def __init__(self):
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        # No statement may reach a file or the network, whatever it says.
        self._connection.execute("SET enable_external_access = false")
        self._writing = threading.Lock()

    def query(self, sql, parameters=None):
        """Column names and rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or [])
            names = [column[0] for column in cursor.description or []]
            return names, cursor.fetchall()

    def run(self, sql, parameters=None):
        with self._writing, self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or [])

    def run_all(self, sql, rows):
        with self._writing, self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.executemany(sql, rows)
            cursor.execute("COMMIT")

    def cursor(self):
        """For a result that is read in pieces; the caller closes it."""
        return self._connection.cursor()

    def close(self):
        """Ends what still runs."""
        for _ in range(100):
            try:
                return self._connection.close()
            except duckdb.Error:
                # A call of another thread has not come back yet.
                self._connection.interrupt()
                time.sleep(0.02)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"
