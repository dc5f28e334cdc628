"""The HTTP side of an emulator: from a request to its tenant, journal, faults and handler, and back."""

import asyncio
import json

from aiohttp import web

from .answer import Answer


class Emulator:
    """One service. A subclass names its certificates' hosts, makes tenants, and handles requests."""

    #: Used in messages and by the process's announcement.
    service = "?"
    #: What the certificate is for.
    host_names = ("localhost", "127.0.0.1")
    #: In bytes; larger requests are refused with 413.
    largest_request = 64 << 20

    def __init__(self):
        self.tenants = {}

    # To be given by a subclass.

    def make_tenant(self, name, options):
        """A new tenant with the options of the request that made it."""
        raise NotImplementedError

    def tenant_of(self, request):
        """The tenant that a request is for, or None."""
        raise NotImplementedError

    def point_of(self, request, body):
        """A name for what is asked, and facts about it: what faults and the journal go by."""
        raise NotImplementedError

    async def handle(self, tenant, request, body, point, facts):
        """An `Answer`."""
        raise NotImplementedError

    def unknown_tenant(self, request):
        return Answer.json({"message": f"no such {self.service} tenant"}, 404)

    async def steer(self, tenant, verb, arguments):
        """What tests ask of the subclass besides clock, faults and journal; any JSON value."""
        raise KeyError(verb)

    # Tenants.

    def add_tenant(self, name, options=None):
        if name in self.tenants:
            raise ValueError(f"there is a tenant {name} already")
        self.tenants[name] = self.make_tenant(name, options or {})
        return self.tenants[name]

    def remove_tenant(self, name):
        tenant = self.tenants.pop(name, None)
        if tenant:
            tenant.close()

    def close(self):
        for name in list(self.tenants):
            self.remove_tenant(name)

    # The server.

    def application(self):
        application = web.Application(client_max_size=self.largest_request)
        application.router.add_route("*", "/{path:.*}", self._serve)
        return application

    async def _serve(self, request):
        body = await request.read()
        tenant = self.tenant_of(request)
        if tenant is None:
            return await self._send(request, self.unknown_tenant(request), {})
        point, facts = self.point_of(request, body)
        entry = tenant.journal.note(tenant.clock, request, body, point, facts)
        fault = tenant.faults.strike(point, facts)
        if fault is None:
            answer = await self.handle(tenant, request, body, point, facts)
            entry["status"] = answer.status
            return await self._send(request, answer, {})
        answer = None
        if fault.runs_first:
            answer = await self.handle(tenant, request, body, point, facts)
        answer = fault.disturb(answer)
        await asyncio.sleep(fault.action.get("delay", 0))
        entry["status"] = answer.status if answer and not fault.action.get("reset") else None
        entry["fault"] = fault.action
        return await self._send(request, answer, fault.action)

    async def _send(self, request, answer, action):
        if answer is None or action.get("reset"):
            request.transport.abort()
            raise asyncio.CancelledError
        response = web.StreamResponse(status=answer.status)
        for name, value in answer.headers.items():
            response.headers[name] = value
        response.content_length = len(answer.body)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        body = answer.body
        if "truncate" in action:
            await response.write(body[:action["truncate"]])
            # What was written has to leave before the connection ends.
            await asyncio.sleep(0.05)
            request.transport.abort()
            raise asyncio.CancelledError
        # In pieces, so that a slow reader holds us up and not our memory.
        for start in range(0, len(body), 1 << 18):
            await response.write(body[start:start + (1 << 18)])
        await response.write_eof()
        return response

    # The endpoint that tests steer by, on a port of its own.

    def steering(self):
        application = web.Application(client_max_size=self.largest_request)
        application.router.add_post("/tenants", self._post_tenant)
        application.router.add_delete("/tenants/{tenant}", self._delete_tenant)
        application.router.add_get("/tenants/{tenant}/journal", self._get_journal)
        application.router.add_delete("/tenants/{tenant}/journal", self._delete_journal)
        application.router.add_post("/tenants/{tenant}/faults", self._post_faults)
        application.router.add_delete("/tenants/{tenant}/faults", self._delete_faults)
        application.router.add_post("/tenants/{tenant}/clock", self._post_clock)
        application.router.add_post("/tenants/{tenant}/{verb}", self._post_verb)
        return application

    def _named(self, request):
        tenant = self.tenants.get(request.match_info["tenant"])
        if tenant is None:
            raise web.HTTPNotFound(text=f"no tenant {request.match_info['tenant']}")
        return tenant

    async def _post_tenant(self, request):
        options = await request.json()
        try:
            tenant = self.add_tenant(options.pop("name"), options)
        except (KeyError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"name": tenant.name})

    async def _delete_tenant(self, request):
        self.remove_tenant(request.match_info["tenant"])
        return web.json_response({})

    async def _get_journal(self, request):
        journal = self._named(request).journal
        return web.json_response({"requests": list(journal.entries), "counters": dict(journal.counters)})

    async def _delete_journal(self, request):
        self._named(request).journal.clear()
        return web.json_response({})

    async def _post_faults(self, request):
        tenant, faults = self._named(request), await request.json()
        try:
            for fault in faults if isinstance(faults, list) else [faults]:
                tenant.faults.add(fault)
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"waiting": len(tenant.faults)})

    async def _delete_faults(self, request):
        faults = self._named(request).faults
        waiting = faults.describe()
        faults.clear()
        return web.json_response({"waiting": waiting})

    async def _post_clock(self, request):
        """`{"advance": seconds}`, `{"stop": nanoseconds or null}` or `{"reset": true}`."""
        clock, change = self._named(request).clock, await request.json()
        if "reset" in change:
            clock.reset()
        if "stop" in change:
            clock.stop(change["stop"])
        clock.advance(change.get("advance", 0))
        return web.json_response({"now": clock.now()})

    async def _post_verb(self, request):
        tenant, verb = self._named(request), request.match_info["verb"]
        text = await request.text()
        try:
            result = await self.steer(tenant, verb, json.loads(text) if text else {})
        except KeyError as error:
            raise web.HTTPNotFound(text=f"{verb}: {error}") from None
        except Exception as error:  # The test that asked is to see what was wrong.
            raise web.HTTPBadRequest(text=f"{verb}: {type(error).__name__}: {error}") from None
        return web.json_response(result)
