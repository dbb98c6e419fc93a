"""How an HTTP stand-in does what a rule says (`faults.py`), whichever provider it stands for."""

import asyncio
from typing import cast

from aiohttp import web

from services.devstack.faults import Rule


async def go_wrong(request: web.Request, rule: Rule | None) -> Rule | None:
    """Delay, drop or forget as a rule says; returns it when it says what to reply, and None when all is to go on."""
    if rule is None:
        return None
    await asyncio.sleep(rule.delay_seconds)
    if rule.do == "drop" and request.transport:
        request.transport.abort()
    if rule.do in {"drop", "forget"}:
        await asyncio.Event().wait()  # cancelled when the connection ends
    return rule if rule.do == "reply" else None


class Dropped(asyncio.Protocol):
    """A connection that ends as soon as it stands."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """End it."""
        cast(asyncio.Transport, transport).abort()  # uvloop's transports are not subclasses
