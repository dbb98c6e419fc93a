"""Which outside system sends this: by its bearer token, or by its signature (Standard Webhooks 1.0)."""

import re
import time
from collections import OrderedDict
from typing import Final

from fastapi import Request
from standardwebhooks import Webhook, WebhookVerificationError

from services.console.desk import Desk, desk_of
from services.runtime.postgres import Connection
from services.runtime.sealing import unsealed
from services.store import sources
from services.store.secret_keys import signing_keys
from services.store.sources import Source

SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SIGNATURE: Final = re.compile(r"v1,[A-Za-z0-9+/]+={0,2}")
"""Others, of versions to come, stand beside it; the library stumbles over some."""
REMEMBERED: Final = 10_000


async def sender_of(request: Request, body: bytes) -> Source | None:
    """The source that stands and sent this; None when nobody we know did. Notes that it was used."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection:
        found = await _by_token(request, connection) or await _by_signature(request, body, connection)
        if found is not None:
            await sources.used(connection, found)
    return found


class Rates:
    """How often each may ask, in this process: a bucket of a minute's worth, filled all the time."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, who: str, events: int = 1) -> int:
        """0, and these are counted; or after how many seconds to try again."""
        now = time.monotonic()
        left, at = self._left.pop(who, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        allowed = left >= min(events, self._most)
        self._left[who] = (left - events if allowed else left, now)
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return 0 if allowed else max(1, round((min(events, self._most) - left) * 60 / self._most + 0.5))


def rates_of(desk: Desk, request: Request) -> tuple[Rates, Rates]:
    """Those of the sources, and those of whoever is not known."""
    state = request.app.state
    if not hasattr(state, "event_rates"):
        state.event_rates = Rates(desk.settings.events_per_minute), Rates(desk.settings.events_per_minute)
    rates: tuple[Rates, Rates] = state.event_rates
    return rates


async def _by_token(request: Request, connection: Connection) -> Source | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return await sources.by_token(connection, token.strip()) if scheme.lower() == "bearer" and token.strip() else None


async def _by_signature(request: Request, body: bytes, connection: Connection) -> Source | None:
    headers = {name: request.headers.get(name, "") for name in SIGNED}
    headers["webhook-signature"] = " ".join(filter(_SIGNATURE.fullmatch, headers["webhook-signature"].split()))
    if not all(headers.values()):
        return None
    standing = await sources.signing(connection)
    keys = await signing_keys(connection) if standing else None
    for each in standing:
        secret = unsealed(each.secret, keys, sources.PURPOSE) if each.secret and keys else None
        if secret and _verifies(secret, headers, body):
            return each
    return None


def _verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Within five minutes of its timestamp; the library stumbles over signatures that are none."""
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True
