"""A cluster's database: accounts, a backend in PostgreSQL, late-binding views, faults and a journal."""

import dataclasses
import importlib.resources

import psycopg

from ..common import Fault, Faults, Tenant
from .login import Account


@dataclasses.dataclass
class WireFault(Fault):
    """A fault of a connection or a statement. `point` is `connect` (after the login), `statement`, or `result`.

        error, words, detail   answer this SQLSTATE and text; the statement is not run
        queue                  seconds in the WLM queue before the statement runs; they count for its timeout
        delay                  seconds before anything happens
        reset_after            cut the connection after so many rows of the result
        slow_after, seconds    after so many rows wait so long
    """

    known = frozenset({"error", "words", "detail", "queue", "delay", "reset_after", "slow_after", "seconds"})


class Cluster(Tenant):
    def __init__(self, name, options):
        super().__init__(name)
        self.faults = Faults(WireFault)
        self.socket = options["socket"]
        self.backend_port = int(options["port"])
        self.database = options.get("database", name)
        self.superuser = options.get("superuser", "postgres")
        self.single_node = bool(options.get("single_node"))
        self.accounts = {user: Account(**account) for user, account in options.get("users", {}).items()}
        self.views = {}
        self.rendered = {}
        #: Live sessions by the backend's key: (pid, secret).
        self.sessions = {}
        self._bootstrap()

    @property
    def backend_path(self):
        return f"{self.socket}/.s.PGSQL.{self.backend_port}"

    def superuser_connection(self):
        return psycopg.connect(host=self.socket, port=self.backend_port, dbname=self.database, user=self.superuser,
                               autocommit=True)

    def _bootstrap(self):
        with self.superuser_connection() as connection:
            if connection.execute("SELECT to_regnamespace('redshift') IS NULL").fetchone()[0]:
                script = importlib.resources.files(__package__).joinpath("bootstrap.sql").read_text()
                connection.execute(script)
            self.super_type = connection.execute("SELECT 'super'::regtype::oid").fetchone()[0]
            for schema, name, definition in connection.execute("SELECT * FROM redshift.late_binding_views"):
                self.views[schema, name] = definition

    def describe_views(self):
        """What SVV_COLUMNS shows of late-binding views: their columns as they are now; none where the base is gone."""
        with self.superuser_connection() as connection:
            connection.execute("DELETE FROM redshift.late_binding_columns")
            for (schema, name), definition in self.views.items():
                try:
                    cursor = connection.execute(f"SELECT * FROM ({definition}) AS s LIMIT 0")
                except psycopg.Error:
                    continue
                for number, column in enumerate(cursor.description, 1):
                    connection.execute(
                        "INSERT INTO redshift.late_binding_columns VALUES (%s, %s, %s, format_type(%s, NULL), %s)",
                        (schema, name, column.name, column.type_code, number))

    def note_query(self, pid, query, status, queue, elapsed):
        with self.superuser_connection() as connection:
            connection.execute(
                "INSERT INTO redshift.query_history VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp())",
                (pid, query, status, int(queue * 1e6), int((elapsed - queue) * 1e6), int(elapsed * 1e6)))

    def note(self, point, **facts):
        self.journal.entries.append({"at": self.clock.now(), "point": point, **facts})
        self.journal.count(point)

    def steer(self, verb, arguments):
        if verb == "users":
            self.accounts.update({user: Account(**account) for user, account in arguments.items()})
        elif verb == "render":
            # {"name": …, "rows": n, "payload": bytes}: a table of that name is answered by the emulator itself.
            self.rendered[arguments["name"]] = arguments
        elif verb == "drop":
            # What a middlebox does: every connection is cut.
            for session in list(self.sessions.values()):
                session.abort()
        else:
            raise KeyError(verb)
        return {}
