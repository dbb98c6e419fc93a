"""How a stand-in is told what to do wrong: a small HTTP endpoint on 127.0.0.1, beside its real port."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from aiohttp import web

from services.devstack.faults import Faults


class Door:
    """The stand-in's real port, which can be closed and opened again: connections are then refused by the kernel."""

    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], port: int) -> None:
        self._factory, self._port = factory, port
        self._server: asyncio.AbstractServer | None = None

    async def set(self, *, open_: bool) -> None:
        """Listen, or refuse; connections that stand are left alone."""
        if open_ and self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, "127.0.0.1", self._port, backlog=1024)
        elif not open_ and self._server is not None:
            self._server.close()
            self._server = None


async def serve(faults: Faults, door: Door, *, control_port: int, routes: Sequence[web.RouteDef]) -> None:
    """Run a stand-in until SIGTERM or SIGINT: its door, and `/faults` plus `routes` on the control port."""
    app = web.Application()
    app.add_routes([*_fault_routes(faults, door), *routes])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await door.set(open_=True)
    await web.TCPSite(runner, "127.0.0.1", control_port).start()  # last: who gets an answer here may begin
    await _told_to_stop()
    await door.set(open_=False)
    with suppress(TimeoutError):
        await asyncio.wait_for(runner.cleanup(), 2)


def _fault_routes(faults: Faults, door: Door) -> list[web.RouteDef]:
    async def put(request: web.Request) -> web.Response:
        try:
            faults.put(await request.json())
        except ValueError as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return await _show(request)

    async def delete(request: web.Request) -> web.Response:
        faults.put([])
        return await _show(request)

    async def _show(_: web.Request) -> web.Response:
        await door.set(open_=not faults.refusing)
        return web.json_response([rule.model_dump(exclude_defaults=True) for rule in faults.rules])

    return [web.put("/faults", put), web.get("/faults", _show), web.delete("/faults", delete)]


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
