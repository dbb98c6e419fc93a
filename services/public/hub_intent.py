"""Whether a subscriber really wants this: asked at its callback (WebSub §5.2, §5.3), and carried out if it does.

All of it is in memory until the subscriber has answered: nobody fills our tables who did not prove to be there. If this
process ends meanwhile, nothing happened, and the subscriber asks again (a hub answers 202, and promises nothing).
"""

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Counter

from services.public.hub_callbacks import Callback
from services.public.hub_connect import NoAnswer
from services.public.hub_http import Caller
from services.public.hub_request import Asked
from services.public.hub_seal import seal
from services.public.hub_shelf import Shelf
from services.runtime.postgres import Pool, until_there
from services.runtime.tokens import Keys
from services.store import websub
from services.store.websub import NewSubscription

RECORD_SECONDS: Final = 60.0
"""So long an answer is kept while PostgreSQL is away; then the subscriber has to ask again."""

NO_FEED: Final = "there is no such feed"
TOO_MANY: Final = "there are too many subscriptions"

REQUESTS: Final = Counter(
    "roeland_websub_requests_total", "Requests to (un)subscribe, by what came of them", ["outcome"]
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Intent:
    """Carries out what was asked. Raises nothing that was foreseen."""

    pool: Pool
    caller: Caller
    shelf: Shelf
    keys: Keys

    async def carry_out(self, asked: Asked) -> None:
        """Ask the subscriber, and do it."""
        outcome = await (self._subscribe(asked) if asked.mode == "subscribe" else self._unsubscribe(asked))
        REQUESTS.labels(outcome).inc()

    async def _subscribe(self, asked: Asked) -> str:
        if self.shelf.served(asked.topic.path) is None:
            return await self._deny(asked, NO_FEED)
        if not await self._wanted(asked, lease_seconds=str(int(asked.lease.total_seconds()))):
            return "not confirmed"
        try:
            async with asyncio.timeout(RECORD_SECONDS):
                subscription = await until_there(lambda: self._record(asked), what="websub")
        except TimeoutError:
            return "not recorded"
        if subscription is None:
            return await self._deny(asked, TOO_MANY)
        log.info("websub_subscribed", subscription=subscription, host=asked.callback.host, topic=asked.topic.name)
        return "subscribed"

    async def _unsubscribe(self, asked: Asked) -> str:
        try:
            async with asyncio.timeout(RECORD_SECONDS):
                if not await until_there(lambda: self._has(asked), what="websub"):
                    return "nothing to end"
                if not await self._wanted(asked):
                    return "not confirmed"
                subscription = await until_there(lambda: self._end(asked), what="websub")
        except TimeoutError:
            return "not recorded"
        log.info("websub_ended", subscription=subscription, host=asked.callback.host, why="unsubscribed")
        return "unsubscribed"

    async def _wanted(self, asked: Asked, **more: str) -> bool:
        """Whether the subscriber answers with a success and our challenge, and nothing else (§5.3.1)."""
        challenge = secrets.token_urlsafe(24)
        url = asked.callback.asking(mode=asked.mode, topic=asked.topic_url, challenge=challenge, **more)
        try:
            status, body = await self.caller.get(url, most=len(challenge))
        except NoAnswer as problem:
            log.info("websub_not_confirmed", host=asked.callback.host, mode=asked.mode, why=str(problem))
            return False
        confirmed = 200 <= status < 300 and hmac.compare_digest(body, challenge.encode())
        if not confirmed:
            log.info("websub_not_confirmed", host=asked.callback.host, mode=asked.mode, status=status)
        return confirmed

    async def _record(self, asked: Asked) -> int | None:
        topic = asked.topic
        new = NewSubscription(
            topic=topic.name, callback=asked.callback.url, host=asked.callback.host, secret=asked.secret,
            sealed=seal(topic.token, self.keys) if topic.token else None, lease=asked.lease,
        )  # fmt: skip
        async with self.pool.connection() as connection:
            return await websub.subscribe(connection, new)

    async def _has(self, asked: Asked) -> bool:
        async with self.pool.connection() as connection:
            return await websub.has(connection, asked.topic.name, asked.callback.url)

    async def _end(self, asked: Asked) -> int | None:
        async with self.pool.connection() as connection:
            return await websub.unsubscribe(connection, asked.topic.name, asked.callback.url)

    async def _deny(self, asked: Asked, reason: str) -> str:
        await deny(self.caller, asked.callback, asked.topic_url, reason)
        log.info("websub_denied", host=asked.callback.host, reason=reason)
        return "denied"


async def deny(caller: Caller, callback: Callback, topic_url: str, reason: str) -> None:
    """Tell a subscriber that there is no subscription (§5.2), once; whatever it answers."""
    try:
        await caller.get(callback.asking(mode="denied", topic=topic_url, reason=reason))
    except NoAnswer as problem:
        log.info("websub_not_told", host=callback.host, why=str(problem))
