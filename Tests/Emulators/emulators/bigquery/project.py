"""A tenant: Google projects with one catalog, their accounts, and their jobs."""

import dataclasses
import re
import uuid

import duckdb
from sqlglot import exp

from ..common import Tenant
from ..common.duck import SyntaxProblem, Unsupported
from . import results, sql
from .accounts import Accounts
from .catalog import Catalog, fields_of
from .errors import BigQueryError, no_job_permission, not_found
from .rendered import Rendered

MEGABYTE = 1 << 20
PRUNES = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


@dataclasses.dataclass
class Job:
    project: str
    id: str
    location: str
    email: str
    configuration: dict
    created: int
    error: BigQueryError | None = None
    result: results.Rows | None = None
    statement: str = "SELECT"
    processed: int = 0
    changed: int | None = None
    #: Looks at the job that still find it running; None: for ever.
    looks: int | None = 0
    clock: object = None

    @property
    def running(self):
        return self.looks is None or self.looks > 0

    def look(self):
        """Whether it is done now."""
        limit = self.configuration.get("jobTimeoutMs")
        if self.running and limit and self.clock.now() // 10**6 >= self.created + int(limit):
            self.looks = 0
            self.error = BigQueryError(
                "timeout", f"Job timed out after {int(limit) // 1000} sec. Job configuration has a timeout.")
        if self.looks:
            self.looks -= 1
            return False
        return not self.running

    def reference(self):
        return {"projectId": self.project, "jobId": self.id, "location": self.location}


class Project(Tenant):
    def __init__(self, name, options):
        super().__init__(name)
        self.projects = {name, *options.get("projects", [])}
        self.location = options.get("location", "EU")
        self.accounts = Accounts(name, self.clock, self.journal)
        self.catalog = Catalog(self.clock)
        self.translator = sql.BigQueryTranslator(self.catalog)
        self.pages = results.Pages(self.clock)
        self.jobs = {}
        #: How the service behaves, see `behave`.
        self.floats = False
        self.looks = 0
        self.extra_rows = 0
        self.largest_sort = None
        self.failing_jobs = []

    def behave(self, change):
        """`floats`: timestamps as doubles whatever is asked; `looks`: so many answers say that a job still runs, null
        for ever; `extraRows`: totalRows says so many more; `largestSort`: rows that ORDER BY can sort; `pageRows`,
        `pageBytes`; `jobErrors`: [{reason, message}] of the next jobs; `tokenLifetime`: seconds."""
        for name, value in change.items():
            match name:
                case "floats": self.floats = value
                case "looks": self.looks = value
                case "extraRows": self.extra_rows = value
                case "largestSort": self.largest_sort = value
                case "pageRows": self.pages.sizes = list(value)
                case "pageBytes": self.pages.largest = value
                case "jobErrors": self.failing_jobs = [BigQueryError(e["reason"], e["message"]) for e in value]
                case "tokenLifetime": self.accounts.lifetime = value
                case _: raise KeyError(name)

    # Jobs.

    def job(self, project, name, location):
        """Found only with its location, unless that is a multi-region."""
        job = self.jobs.get((project, name))
        if job is None or (location or "").upper() != job.location.upper() and (
                location or job.location.upper() not in ("US", "EU")):
            raise not_found("Job", f"{project}:{location + '.' if location else ''}{name}")
        return job

    def start(self, project, email, configuration, reference=None):
        """Runs a query job; what is wrong with the statement is in the job. Blocks while DuckDB works."""
        if not self.catalog.allows(email, "bigquery.jobs.create", project):
            raise no_job_permission(project)
        reference = reference or {}
        name = reference.get("jobId") or f"job_{uuid.uuid4().hex}"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,1024}", name):
            raise BigQueryError("invalid", f"Invalid job ID \"{name}\".")
        if (project, name) in self.jobs:
            location = self.jobs[(project, name)].location
            raise BigQueryError("duplicate", f"Already Exists: Job {project}:{location}.{name}")
        query = configuration.get("query")
        if not query or not query.get("query"):
            raise BigQueryError("required", "Required parameter is missing: query")
        job = Job(project, name, reference.get("location") or "", email, configuration, self.clock.now() // 10**6,
                  clock=self.clock)
        try:
            self._run(job, query)
        except BigQueryError as error:
            if configuration.get("dryRun"):
                raise
            job.error, job.result = error, None
        job.location = job.location or "US"
        if not configuration.get("dryRun"):
            job.looks = self.looks
            self.jobs[(project, name)] = job
        return job

    def _context(self, job, query):
        space = query.get("defaultDataset") or {}
        if query.get("queryParameters") and query.get("parameterMode", "").upper() != "NAMED":
            raise BigQueryError("invalid", "Positional parameters are not emulated.")
        parameters = {p["name"]: (p["parameterType"]["type"].upper(), p["parameterValue"].get("value"))
                      for p in query.get("queryParameters") or []}
        return sql.Context(space.get("projectId") or job.project, space.get("datasetId"), job.email,
                           self.catalog.now(), parameters)

    def _run(self, job, query):
        if query.get("useLegacySql", True):
            raise BigQueryError("invalidQuery", "Legacy SQL: Encountered \" \"`\" \" at line 1. Was expecting: [", location="query")
        context = self._context(job, query)
        try:
            trees = self.translator.parse(query["query"])
        except SyntaxProblem as error:
            raise BigQueryError("invalidQuery", f"Syntax error: {error}", location="query") from None
        except Unsupported as error:
            raise BigQueryError("invalidQuery", f"Unsupported: {error}", location="query") from None
        if len(trees) != 1:
            raise BigQueryError("invalidQuery", "Scripts are not emulated.", location="query")
        tree = trees[0]
        paths = [path for _, path in self.translator.tables(tree, context)]
        if not isinstance(tree, exp.Query):
            job.location = job.location or self._location_of(paths)
            return self._change(job, tree, context)
        tables = self.catalog.authorize(paths, context, job.location or None)
        job.location = job.location or self._location_of(paths)
        self._check_filters(tree, tables)
        job.processed = self._bytes(tree, tables)
        if job.configuration.get("dryRun"):
            # Names and types are checked; nothing is read.
            job.result = self._read(f"SELECT * FROM ({self._translated(tree, context)}) AS q LIMIT 0")
            return None
        limit = query.get("maximumBytesBilled")
        billed = max(10 * MEGABYTE * len(tables), -(-job.processed // MEGABYTE) * MEGABYTE)
        if limit is not None and billed > int(limit):
            raise BigQueryError(
                "bytesBilledLimitExceeded",
                f"Query exceeded limit for bytes billed: {limit}. {billed} or higher required.")
        if self.failing_jobs:
            raise self.failing_jobs.pop(0)
        self.journal.count("executions")
        job.result = self.multiplied(self._read(self._translated(tree, context)), tables, tree)
        if self.largest_sort is not None and tree.args.get("order") and len(job.result.rows) > self.largest_sort:
            raise BigQueryError(
                "resourcesExceeded", "Resources exceeded during query execution: The query could not be executed in "
                "the allotted memory. Sort operator used for ORDER BY: 100%")
        return None

    def _translated(self, tree, context):
        return self.translator.translate(tree, context)

    def _read(self, text):
        try:
            with self.catalog.engine.cursor() as cursor:
                return results.run(cursor, text)
        except duckdb.Error as error:
            raise sql.duck_error(error) from None

    @staticmethod
    def multiplied(result, tables, tree=None):
        """The rows of a rendered table, where a statement hands them on as they are."""
        count = next((table.rendered for table in tables if table.rendered), None)
        if count is None or len(result.rows) != 1 or tree is not None and tree.args.get("limit"):
            return result
        found = Rendered(result, count)
        return found if found.is_table else result

    def _location_of(self, paths):
        for path in paths:
            found = self.catalog.datasets.get(path[:2])
            if found:
                return found
        return ""

    @staticmethod
    def _check_filters(tree, tables):
        for table in tables:
            if not table.requires_filter:
                continue
            where = [w.this for w in tree.find_all(exp.Where)]
            names = {c.name.lower() for w in where for node in w.find_all(*PRUNES) for c in node.find_all(exp.Column)}
            if table.partition.lower() not in names:
                raise BigQueryError(
                    "invalidQuery", f"Cannot query over table '{'.'.join(table.path)}' without a filter over column(s) "
                    f"'{table.partition}' that can be used for partition elimination", location="query")

    def _bytes(self, tree, tables):
        if any(True for _ in tree.find_all(exp.Star)) and not any(True for _ in tree.find_all(exp.Count)):
            columns = None
        else:
            columns = {column.name.lower() for column in tree.find_all(exp.Column)}
        return sum(self.catalog.bytes_of(table, columns) for table in tables if table.kind != "VIEW")

    def _change(self, job, tree, context):
        """DDL and DML: the statements of an owner."""
        if not self.catalog.allows(job.email, "bigquery.tables.updateData", context.project):
            raise BigQueryError("accessDenied", f"Access Denied: Project {context.project}: Permission "
                                "bigquery.tables.updateData denied")
        job.statement = type(tree).__name__.upper()
        if isinstance(tree, exp.Create):
            return self._create(tree, context)
        if isinstance(tree, exp.Grant):
            return self._grant(tree)
        if isinstance(tree, exp.Alter):
            return self.catalog.alter(self.translator.path(tree.this, context), tree.args["actions"])
        if isinstance(tree, exp.Drop):
            return self.catalog.drop(self.translator.path(tree.this, context))
        target = self.catalog.table(self.translator.path(tree.find(exp.Table), context))
        if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
            target = self.catalog.table(self.translator.path(tree.this.this, context))
        self.catalog.touch(target)
        text = self._translated(tree, context)
        try:
            job.changed = self.catalog.engine.query(text)[1][0][0]
        except duckdb.Error as error:
            raise sql.duck_error(error) from None
        return None

    def _create(self, tree, context):
        kind = tree.args["kind"].upper()
        if kind == "SCHEMA":
            parts = ".".join(part.name for part in tree.this.parts).split(".")
            project = ".".join(parts[:-1]) or context.project
            if (project, parts[-1]) in self.catalog.datasets:
                if tree.args.get("exists"):
                    return None
                raise BigQueryError("duplicate", f"Already Exists: Dataset {project}:{parts[-1]}")
            found = re.search(r"location\s*=?\s*'([^']+)'", tree.sql("bigquery"), re.IGNORECASE)
            return self.catalog.make_dataset(project, parts[-1], found.group(1) if found else self.location)
        if kind == "VIEW":
            path = self.translator.path(tree.this, context)
            is_material = any(isinstance(p, exp.MaterializedProperty) for p in tree.find_all(exp.Property))
            return self.make_view(path, tree.expression.sql("bigquery"), "MATERIALIZED_VIEW" if is_material else "VIEW")
        path = self.translator.path(tree.this.this, context)
        if tree.args.get("exists") and path in self.catalog.tables:
            return None
        partition = tree.find(exp.PartitionedByProperty)
        column = partition.find(exp.Column) or partition.find(exp.Identifier) if partition else None
        text = tree.sql("bigquery").lower()
        return self.catalog.make_table(
            path, fields_of(tree), partition=column.name if column else None,
            requires_filter=bool(re.search(r"require_partition_filter\s*=\s*true", text)))

    def _grant(self, tree):
        """Of the role Data Viewer, to a service account, on a dataset: what was refused there is allowed."""
        roles = [str(privilege.this).lower() for privilege in tree.args["privileges"]]
        names = [principal.name for principal in tree.args["principals"]]
        if roles != ["roles/bigquery.dataviewer"] or tree.args["kind"] != "SCHEMA" or (
                not all(name.startswith("serviceAccount:") for name in names)):
            raise BigQueryError("invalidQuery", f"Unsupported: {tree.sql('bigquery')}", location="query")
        place = ".".join(part.name for part in tree.args["securable"].parts)
        for name in names:
            self.catalog.grant(name.partition(":")[2], "bigquery.tables.", place)

    def make_view(self, path, query, kind="VIEW"):
        context = sql.Context(path[0], None, None, self.catalog.now())
        tree = self.translator.parse(query)[0]
        self.catalog.make_view(path, query, self._translated(tree, context), kind)

    def cancel(self, job):
        if job.running:
            job.looks = 0
            job.error = BigQueryError("stopped", "Job execution was cancelled: User requested cancellation")
            self.journal.count("cancelled")

    def close(self):
        self.catalog.close()
