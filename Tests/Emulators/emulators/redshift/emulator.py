"""The emulator: clusters, and the two doors that clients come in by."""

import asyncio
import itertools
import ssl
import struct

from ..common import Emulator
from ..common.process import Running
from .framing import (CANCEL_REQUEST, GSS_REQUEST, PROTOCOL_3, SSL_REQUEST, Broken, error, read_startup,
                      startup_parameters)
from .login import refusal, verify
from .session import Session
from .tenant import Cluster


class RedshiftEmulator(Emulator):
    service = "redshift"
    # By name only: a client that dials 127.0.0.1 must not find it in the certificate.
    host_names = ("localhost", "cluster.redshift.test")

    def __init__(self):
        super().__init__()
        self.query_numbers = itertools.count(1001)

    def make_tenant(self, name, options):
        return Cluster(name, options)

    async def steer(self, tenant, verb, arguments):
        return tenant.steer(verb, arguments)

    def session_of(self, key):
        return next((t.sessions[key] for t in self.tenants.values() if key in t.sessions), None)

    async def admit(self, reader, writer, context):
        """One connection, from its first byte to its last."""
        try:
            await self._admit(reader, writer, context)
        except (Broken, ConnectionError, EOFError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _admit(self, reader, writer, context):
        is_encrypted = False
        while True:
            code, body = await read_startup(reader)
            if code == SSL_REQUEST:
                writer.write(b"S" if context else b"N")
                await writer.drain()
                if context:
                    await writer.start_tls(context)
                    is_encrypted = True
            elif code == GSS_REQUEST:
                writer.write(b"N")
            elif code == CANCEL_REQUEST:
                await self._cancel(struct.unpack(">II", body))
                return
            elif code == PROTOCOL_3:
                break
            else:
                raise Broken("neither protocol 3.0 nor a request that is known")
        await self._log_in(startup_parameters(body), is_encrypted, reader, writer)

    async def _log_in(self, parameters, is_encrypted, reader, writer):
        user = parameters.get("user", "")
        database = parameters.get("database", user)
        tenant = self.tenants.get(database)

        async def refuse(code, words):
            writer.write(error(code, words, "FATAL"))
            await writer.drain()

        if tenant is None:
            return await refuse("3D000", f'database "{database}" does not exist')
        if not await verify(tenant.accounts.get(user), user, reader, writer):
            return await refuse(*refusal(user))
        tenant.note("connect", user=user, tls=is_encrypted, parameters=parameters)
        await Session(self, tenant, user, parameters, reader, writer).run()

    async def _cancel(self, key):
        session = self.session_of(key)
        if session:
            session.tenant.note("cancel", pid=key[0])
            await session.cancel()


class RedshiftRunning(Running):
    """Two doors: one that speaks TLS, and one that does not."""

    async def start(self):
        self._servers = []
        context = self.authority.server_context()
        self.port = await self._open(self.options.port, context)
        self.plain_port = await self._open(0, None)
        self.admin_port = await self._listen(self.emulator.steering(), self.options.admin_port, None)

    async def _open(self, port, context):
        server = await asyncio.start_server(
            lambda r, w: self.emulator.admit(r, w, context), "127.0.0.1", port, limit=1 << 20, backlog=256)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    def announcement(self):
        return {**super().announcement(), "address": f"localhost:{self.port}", "plainPort": self.plain_port}

    async def stop(self):
        for server in self._servers:
            server.close()
        for tenant in self.emulator.tenants.values():
            for session in list(tenant.sessions.values()):
                session.abort()
        await super().stop()
