"""The HTTP face: which call a request is, and its answer."""

import asyncio
import json
import re
import urllib.parse

from ..common import Answer, Emulator
from . import accounts, errors, resources
from .errors import BigQueryError, denied
from .project import Project
from .rendered import Rendered

BASE = r"/(?:bigquery/v2/)?projects/(?P<project>[^/]+)"
TABLES = BASE + r"/datasets/(?P<dataset>[^/]+)/tables"
ROUTES = [
    ("POST", r"/(?P<tenant>[^/]+)/token", "token"),
    ("POST", BASE + r"/queries", "jobs.query"),
    ("GET", BASE + r"/queries/(?P<job>[^/]+)", "results"),
    ("POST", BASE + r"/jobs", "jobs.insert"),
    ("GET", BASE + r"/jobs/(?P<job>[^/]+)", "jobs.get"),
    ("POST", BASE + r"/jobs/(?P<job>[^/]+)/cancel", "jobs.cancel"),
    ("GET", BASE + r"/datasets/(?P<dataset>[^/]+)", "datasets.get"),
    ("GET", TABLES, "tables.list"),
    ("GET", TABLES + r"/(?P<table>[^/]+)", "tables.get"),
    ("GET", TABLES + r"/(?P<table>[^/]+)/data", "tabledata.list")]


class BigQueryEmulator(Emulator):
    """Points for faults: `token` and the calls' own names; their facts are the parts of the path, `page` (whether a
    page token came), `start` (startIndex), and `dry`."""

    service = "bigquery"

    def make_tenant(self, name, options):
        return Project(name, options)

    @staticmethod
    def _route(request):
        path = request.raw_path.partition("?")[0]
        for method, pattern, point in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return point, {k: urllib.parse.unquote(v) for k, v in found.groupdict().items()}
        return "unknown", {}

    def tenant_of(self, request):
        _, parts = self._route(request)
        if "tenant" in parts:
            return self.tenants.get(parts["tenant"])
        project = parts.get("project")
        return next((t for t in self.tenants.values() if project in t.projects), None)

    def unknown_tenant(self, request):
        point, parts = self._route(request)
        if point == "unknown":
            return BigQueryError("notFound", "Not Found").answer()
        return errors.not_found("Project", parts.get("project", "?")).answer()

    def point_of(self, request, body):
        point, parts = self._route(request)
        facts = dict(parts)
        if point in ("results", "tabledata.list"):
            facts["page"] = "pageToken" in request.query
            facts["start"] = int(request.query.get("startIndex", 0))
        if point == "jobs.insert":
            try:
                facts["dry"] = bool(json.loads(body)["configuration"].get("dryRun"))
            except (ValueError, KeyError, TypeError, AttributeError):
                facts["dry"] = False
        return point, facts

    async def handle(self, tenant, request, body, point, facts):
        if point == "token":
            return tenant.accounts.exchange(body, f"{self._origin(request)}/{tenant.name}/token")
        email = tenant.accounts.of_request(request)
        try:
            if email is None:
                raise errors.unauthenticated()
            call = getattr(self, "_" + point.replace(".", "_"))
            answer = await call(tenant, request, body, facts, email)
        except BigQueryError as error:
            answer = error.answer()
        # Google's rule: both headers have to say it.
        if "gzip" in request.headers.get("Accept-Encoding", "") and "gzip" in request.headers.get("User-Agent", ""):
            return answer.compressed()
        return answer

    @staticmethod
    def _origin(request):
        return f"https://{request.host}"

    @staticmethod
    def _json(body):
        try:
            value = json.loads(body)
        except ValueError:
            raise BigQueryError("parseError", "Parse Error") from None
        if not isinstance(value, dict):
            raise BigQueryError("parseError", "Parse Error")
        return value

    # Jobs.

    async def _jobs_insert(self, tenant, request, body, facts, email):
        value = self._json(body)
        configuration = value.get("configuration") or {}
        job = await asyncio.to_thread(
            tenant.start, facts["project"], email, configuration, value.get("jobReference"))
        return Answer.json(resources.job(job, self._origin(request)))

    async def _jobs_get(self, tenant, request, body, facts, email):
        job = tenant.job(facts["project"], facts["job"], request.query.get("location"))
        job.look()
        return Answer.json(resources.job(job, self._origin(request)))

    async def _jobs_cancel(self, tenant, request, body, facts, email):
        job = tenant.job(facts["project"], facts["job"], request.query.get("location"))
        tenant.cancel(job)
        return Answer.json({"kind": "bigquery#jobCancelResponse", "job": resources.job(job, self._origin(request))})

    async def _jobs_query(self, tenant, request, body, facts, email):
        value = self._json(body)
        configuration = {"query": {k: value[k] for k in (
            "query", "useLegacySql", "queryParameters", "parameterMode", "defaultDataset", "maximumBytesBilled",
            "useQueryCache") if k in value}}
        if value.get("dryRun"):
            configuration["dryRun"] = True
        job = await asyncio.to_thread(
            tenant.start, facts["project"], email, configuration, {"location": value.get("location")})
        if value.get("dryRun"):
            return Answer.json({
                "kind": "bigquery#queryResponse", "schema": {"fields": job.result.fields}, "jobComplete": True,
                "jobReference": {"projectId": job.project, "location": job.location}, "cacheHit": False,
                "totalBytesProcessed": str(job.processed)})
        query = {}
        if "maxResults" in value:
            query["maxResults"] = value["maxResults"]
        if (value.get("formatOptions") or {}).get("useInt64Timestamp"):
            query["formatOptions.useInt64Timestamp"] = "true"
        return await self._rows(tenant, job, query, "bigquery#queryResponse")

    async def _results(self, tenant, request, body, facts, email):
        job = tenant.job(facts["project"], facts["job"], request.query.get("location"))
        return await self._rows(tenant, job, dict(request.query), "bigquery#getQueryResultsResponse")

    async def _rows(self, tenant, job, query, kind):
        head = {"kind": kind, "jobReference": job.reference()}
        if not job.look():
            await asyncio.sleep(min(int(query.get("timeoutMs", 10_000)), 50) / 1000)
            return Answer.json({**head, "jobComplete": False})
        if job.error:
            raise job.error
        head |= {"jobComplete": True, "cacheHit": False, "totalBytesProcessed": str(job.processed)}
        if job.result is None:
            if job.changed is not None:
                head["numDmlAffectedRows"] = str(job.changed)
            return Answer.json({**head, "totalRows": "0"})
        head |= {"schema": {"fields": job.result.fields}, "totalRows": str(len(job.result.rows) + tenant.extra_rows)}
        return await self._page(tenant, ("job", job.project, job.id), job.result, query, head)

    async def _page(self, tenant, owner, result, query, head):
        if tenant.floats:
            query = {k: v for k, v in query.items() if k != "formatOptions.useInt64Timestamp"}
        integers = query.get("formatOptions.useInt64Timestamp", "").lower() == "true"
        is_rendered = isinstance(result, Rendered) and integers and not tenant.pages.sizes
        page = tenant.pages.rendered if is_rendered else tenant.pages.page
        rows, count, token = await asyncio.to_thread(page, owner, result, query)
        if token:
            head["pageToken"] = token
        if "fields" in query:
            wanted = set(re.sub(r"\([^()]*\)", "", query["fields"]).replace(" ", "").split(","))
            head = {k: v for k, v in head.items() if k in wanted}
            if "rows" not in wanted:
                return Answer.json(head)
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
        if is_rendered and count:
            return await asyncio.to_thread(result.answer, text[:-1], rows, count)
        # The rows are text already. A page without any has no member for them.
        if count:
            text = f'{text[:-1]}{"," if head else ""}"rows":{rows}}}'
        return Answer(200, text.encode(), {"Content-Type": "application/json; charset=UTF-8"})

    # Tables and datasets.

    async def _datasets_get(self, tenant, request, body, facts, email):
        project, name = facts["project"], facts["dataset"]
        if not tenant.catalog.allows(email, "bigquery.datasets.get", project, name):
            raise denied("Dataset", f"{project}:{name}", "bigquery.datasets.get")
        location = tenant.catalog.dataset(project, name)
        return Answer.json(resources.dataset(project, name, location, self._origin(request)))

    async def _tables_get(self, tenant, request, body, facts, email):
        path = (facts["project"], facts["dataset"], facts["table"])
        table = tenant.catalog.described(path, email)
        location = tenant.catalog.dataset(*path[:2])
        return Answer.json(await asyncio.to_thread(
            resources.table, table, tenant.catalog, location, self._origin(request)))

    async def _tables_list(self, tenant, request, body, facts, email):
        place = (facts["project"], facts["dataset"])
        tenant.catalog.dataset(*place)
        found = [resources.listed(t) for key, t in sorted(tenant.catalog.tables.items()) if key[:2] == place]
        return Answer.json({"kind": "bigquery#tableList", "etag": "e1", "totalItems": len(found), "tables": found})

    async def _tabledata_list(self, tenant, request, body, facts, email):
        path = (facts["project"], facts["dataset"], facts["table"])
        if not tenant.catalog.allows(email, "bigquery.tables.getData", *path):
            raise denied("Table", f"{path[0]}:{path[1]}.{path[2]}", "bigquery.tables.getData")
        table = tenant.catalog.table(path)
        if table.kind != "TABLE":
            raise BigQueryError("invalid", f"Cannot list a table of type {table.kind}.")
        result = await asyncio.to_thread(tenant._read, f'SELECT * FROM "{table.relation}"')
        result.fields = table.fields
        result = tenant.multiplied(result, [table])
        head = {"kind": "bigquery#tableDataList", "etag": "e1", "totalRows": str(len(result.rows))}
        return await self._page(tenant, ("table", path, table.modified), result, dict(request.query), head)

    async def _unknown(self, tenant, request, body, facts, email):
        raise BigQueryError("notFound", "Not Found")

    # What tests ask for besides.

    async def steer(self, tenant, verb, arguments):
        """`account` {email, tokenUri, ownKey}: a key file; `dataset` {project, name, location}; `table` {path, fields,
        rows, partition, requiresFilter}; `load` {path, rows}; `fill` {path, rows}; `render` {path, rows, payloadBytes, payloadType}; `view` {path, query, kind}; `sql`
        {statements}: an owner's statements; `drop` {path}; `refuse`, `allow` {email, permission, resource}; `revoke`
        {email}; `disable` {email}; `behave` {...}; `expire` {}: every access token."""
        return await asyncio.to_thread(self._steer, tenant, verb, arguments)

    def _steer(self, tenant, verb, a):
        catalog = tenant.catalog
        path = tuple(a["path"]) if "path" in a else None
        match verb:
            case "account":
                return tenant.accounts.make(a["email"], a.get("tokenUri", accounts.AUDIENCE), a.get("ownKey", False))
            case "dataset":
                catalog.make_dataset(a.get("project", tenant.name), a["name"], a.get("location", tenant.location))
            case "table":
                catalog.make_table(path, a["fields"], partition=a.get("partition"),
                                   requires_filter=a.get("requiresFilter", False))
                catalog.load(path, a.get("rows", []))
            case "load": catalog.load(path, a["rows"])
            case "render":
                catalog.render(path, a["rows"], a.get("payloadBytes", 200), a.get("payloadType", "STRING"))
            case "fill": catalog.fill(path, a["rows"])
            case "view": tenant.make_view(path, a["query"], a.get("kind", "VIEW"))
            case "sql":
                for text in a["statements"]:
                    job = tenant.start(tenant.name, None, {"query": {"query": text, "useLegacySql": False}})
                    if job.error:
                        raise job.error
            case "drop": catalog.drop(path)
            case "refuse": catalog.refused.add((a["email"], a["permission"], a["resource"]))
            case "allow": catalog.refused.discard((a["email"], a["permission"], a["resource"]))
            case "revoke": tenant.accounts.revoke(a["email"])
            case "disable": tenant.accounts.disabled.add(a["email"])
            case "expire": tenant.accounts.tokens.clear()
            case "behave": tenant.behave(a)
            case _: raise KeyError(verb)
        return {}
