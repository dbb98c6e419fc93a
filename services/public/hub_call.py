"""One call of one subscriber: what it is to be sent, how it answers, and what that means (WebSub §7)."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from services.public.hub_callbacks import Callback
from services.public.hub_connect import NoAnswer
from services.public.hub_http import Caller
from services.public.hub_intent import deny
from services.public.hub_retries import wait_after
from services.public.hub_seal import unsealed
from services.public.hub_shelf import Served, Shelf
from services.public.hub_topics import Topic, links
from services.runtime import clock
from services.runtime.postgres import Connection, Pool, until_there
from services.runtime.tokens import Keys
from services.store import websub
from services.store.websub import Subscription

BEHIND: Final = timedelta(seconds=0.3)
"""A copy of `public` that has not built what another one told of leaves the call for so long."""

DOUBTFUL: Final = timedelta(minutes=1)

NOT_BUILT: Final = timedelta(seconds=2)

GONE: Final = "there is no such feed any more"

CALLED: Final = Counter("roeland_websub_deliveries_total", "Calls of subscribers, by what came of them", ["outcome"])

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes calls that were claimed, and settles them."""

    pool: Pool
    caller: Caller
    shelf: Shelf
    keys: Keys = field(repr=False)
    public_url: str
    hub_url: str

    async def make(self, claimed: Subscription) -> None:
        """Send the feed as it is now, if the subscriber has another one. Waits for PostgreSQL to settle it."""
        token = unsealed(claimed.sealed, self.keys) if claimed.sealed else None
        topic = Topic(claimed.topic, token)
        served = self.shelf.served(topic.path)
        if claimed.ending is not None:
            await self._deny(claimed, topic, claimed.ending)
        elif served is None and self.shelf.gone(topic.path):
            await self._deny(claimed, topic, GONE)
        elif served is None:
            await self.put_off(claimed, NOT_BUILT)
        elif _is_behind(claimed, served):
            await self.put_off(claimed, BEHIND)
        elif served.version.etag == claimed.etag:
            modified = served.version.modified
            await self._settle(lambda connection: websub.satisfied(connection, claimed, modified))
        else:
            await self._send(claimed, topic, served)

    async def put_off(self, claimed: Subscription, wait: timedelta = timedelta(0)) -> None:
        """Leave it to whoever looks then."""
        await self._settle(lambda connection: websub.put_off(connection, claimed, wait))

    async def _send(self, claimed: Subscription, topic: Topic, served: Served) -> None:
        try:
            status = await self.caller.post(claimed.callback, served.body, self._headers(claimed, topic, served))
        except NoAnswer as problem:
            await self._failed(claimed, str(problem))
        else:
            if 200 <= status < 300:
                await self._delivered(claimed, served.version.etag)
            elif status == 410:
                await self._end(claimed, "gone")
            else:  # a redirect too: it must not be followed (§7)
                await self._failed(claimed, f"status {status}")

    def _headers(self, claimed: Subscription, topic: Topic, served: Served) -> dict[str, str]:
        headers = {
            "Content-Type": served.media_type, "Link": links(topic.path, self.public_url, self.hub_url),
        }  # fmt: skip
        if claimed.secret:
            signature = hmac.new(claimed.secret.encode(), served.body, "sha256").hexdigest()
            headers["X-Hub-Signature"] = f"sha256={signature}"
        return headers

    async def _delivered(self, claimed: Subscription, etag: str) -> None:
        if await self._settle(lambda connection: websub.delivered(connection, claimed, etag)):
            CALLED.labels("delivered").inc()
            if claimed.failing_since is not None:
                log.info("websub_answers_again", subscription=claimed.id, host=claimed.host)

    async def _failed(self, claimed: Subscription, why: str) -> None:
        failing = clock.now() - claimed.failing_since if claimed.failing_since else timedelta(0)
        wait = wait_after(claimed.tries + 1, failing)
        if not await self._settle(lambda connection: websub.failed(connection, claimed, wait)):
            return
        CALLED.labels("failed" if wait else "given up").inc()
        if claimed.failing_since is None or wait is None:
            event = "websub_failing" if wait else "websub_given_up"
            log.warning(event, subscription=claimed.id, host=claimed.host, why=why)

    async def _deny(self, claimed: Subscription, topic: Topic, why: str) -> None:
        callback = Callback(claimed.callback, claimed.host)
        await deny(self.caller, callback, f"{self.public_url}/{topic.path}", why)
        await self._end(claimed, why)

    async def _end(self, claimed: Subscription, why: str) -> None:
        if await self._settle(lambda connection: websub.ended(connection, claimed)):
            CALLED.labels("ended").inc()
            log.info("websub_ended", subscription=claimed.id, host=claimed.host, why=why)

    async def _settle(self, write: Callable[[Connection], Awaitable[bool | None]]) -> bool | None:
        """While PostgreSQL is away nobody else can claim it either: what came of a call is not lost by waiting."""

        async def settle() -> bool | None:
            async with self.pool.connection() as connection:
                return await write(connection)

        return await until_there(settle, what="websub")


def _is_behind(claimed: Subscription, served: Served) -> bool:
    """Whether another copy of `public` told of a state that is not the one this copy has, and is newer, or may be.

    Of two states that changed at one time nobody can say which is newer. For a while the other copy has to send its
    own; then it is gone, or of another version of this program, which makes other documents of the same entries.
    """
    version, wanted_at = served.version, claimed.wanted_at
    if wanted_at is None or version.etag == claimed.wanted or version.modified > wanted_at:
        return False
    return version.modified < wanted_at or clock.now() - wanted_at < DOUBTFUL
