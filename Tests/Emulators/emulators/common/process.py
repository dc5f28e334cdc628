"""Runs an emulator as a process: on loopback, until it is told to end or its parent is gone."""

import argparse
import asyncio
import json
import logging
import signal
import sys
import threading

from aiohttp import web

from .authority import Authority


def arguments(service, port=0):
    parser = argparse.ArgumentParser(
        prog=f"python -m emulators.{service}", description=f"An emulator of {service} on loopback.")
    parser.add_argument("--port", type=int, default=port, help="of the service; 0 for a free one")
    parser.add_argument("--admin-port", type=int, default=0, help="of the endpoint that tests steer by")
    parser.add_argument("--folder", help="where to put the authority's certificate; a temporary one otherwise")
    parser.add_argument("--until-stdin-ends", action="store_true",
                        help="end when the standard input does: with the process that started it")
    return parser


class Running:
    """An emulator that is being served."""

    def __init__(self, emulator, options):
        self.emulator = emulator
        self.options = options
        self.authority = Authority(emulator.host_names, options.folder)
        self._runners = []
        self.origins = {}

    async def start(self):
        self.port = await self._listen(
            self.emulator.application(), self.options.port, self.authority.server_context())
        self.admin_port = await self._listen(self.emulator.steering(), self.options.admin_port, None)
        for name, sibling in self.emulator.siblings().items():
            port = await self._listen(sibling.application(), 0, self.authority.server_context())
            sibling.origin = self.origins[name] = f"https://localhost:{port}"

    async def _listen(self, application, port, context):
        # A client that is gone ends its request; nothing is written about each one.
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, backlog=512)
        await site.start()
        return runner.addresses[0][1]

    def announcement(self):
        return {
            "service": self.emulator.service, "port": self.port, "address": f"https://localhost:{self.port}",
            "caFile": str(self.authority.file), "wrongCaFile": str(self.authority.wrong_file),
            "admin": f"http://127.0.0.1:{self.admin_port}", "tenants": sorted(self.emulator.tenants),
            "origins": self.origins}

    async def stop(self):
        for runner in self._runners:
            await runner.cleanup()
        self.emulator.close()
        self.authority.close()


async def serve(emulator, options, kind=Running):
    """Serves; writes one line of JSON when it listens: address, authority's file, admin endpoint."""
    running = kind(emulator, options)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    # Whoever started us may not read what we write: a full pipe would stop the service.
    logging.basicConfig(filename=running.authority.folder / "emulator.log", level=logging.WARNING)
    await running.start()
    print(json.dumps(running.announcement()), flush=True)
    if options.until_stdin_ends:
        # A daemon: a signal must be able to end us while it waits.
        threading.Thread(target=_wait_for_stdin, args=(loop, ended), daemon=True).start()
    await ended.wait()
    await running.stop()


def _wait_for_stdin(loop, ended):
    sys.stdin.buffer.read()
    loop.call_soon_threadsafe(ended.set)
