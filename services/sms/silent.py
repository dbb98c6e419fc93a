"""Asks for SMS whose provider never called back: a few a second, three times, and then no more.

A callback may be lost, and without `ROELAND_PUBLIC_URL` there are none: this is how the record hears of it then.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog

from services.domain.batches import BatchRef
from services.domain.sms_failures import CARRIER_FILTERED
from services.runtime import timers
from services.runtime.postgres import AWAY, Connection, Pool
from services.runtime.records import unforeseen
from services.runtime.repeat import every
from services.runtime.service import Service
from services.sms.codes import Ruling
from services.sms.outcomes import STATES, column
from services.sms.provider import MessageResource, Provider, provider_of
from services.sms.settings import SmsSettings
from services.store import filtered, ledger
from services.store.ledger import Result
from services.store.silent import KIND, Silent, silent

EVERY_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def silent_ones(service: Service, providers: Sequence[Provider], settings: SmsSettings) -> AsyncIterator[None]:
    """While inside, those whose timer is due are asked for."""
    if not settings.sms_asks_per_second:
        yield
        return
    asker = Asker(service.pool, service.source, providers, 1 / settings.sms_asks_per_second)
    asking = asyncio.create_task(every(EVERY_SECONDS, asker.ask_due, what="silent ones"))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


class Asker:
    """Asks for one after the other, `pause` seconds apart."""

    def __init__(self, pool: Pool, source: str, providers: Sequence[Provider], pause: float) -> None:
        self._pool, self._source, self._pause = pool, source, pause
        self._providers = {provider.name: provider for provider in providers}

    async def ask_due(self) -> None:
        """Ask for all whose timer is due. A timer that fired is not fired again: the next one asks for them anew."""
        due: list[tuple[BatchRef, Silent]] = []
        await timers.fire_due(self._pool, KIND, partial(_collect, due))
        for ref, delivery in due:
            try:
                await self._ask(ref, delivery)
            except AWAY:
                raise
            except Exception as problem:  # of one, and the others are asked for all the same
                log.error("asking_failed", message=ref.message, problem=unforeseen(problem))
            await asyncio.sleep(self._pause)
        async with self._pool.connection() as connection, connection.transaction():
            await timers.prune(connection, KIND)
            await filtered.hush_old(connection)

    async def _ask(self, ref: BatchRef, delivery: Silent) -> None:
        provider = self._providers.get(provider_of(delivery.provider_id))
        if provider is None or delivery.number is None:  # not set up any more; erased
            return
        found = await provider.fetch(delivery.provider_id, delivery.number)
        if isinstance(found, Ruling):
            log.info("not_answered", provider=provider.name, verdict=found.verdict.value)
        elif found is not None and found.status in STATES:
            await self._report(ref.message, delivery, found)

    async def _report(self, message: int, delivery: Silent, found: MessageResource) -> None:
        code, reason = column(found.sid, found.error_code)
        result = Result(
            delivery.sequence, 0, STATES[found.status], code=code, reason=reason, provider_id=delivery.provider_id
        )
        async with self._pool.connection() as connection, connection.transaction():
            await ledger.report(connection, message, [result], source=self._source)
            if reason == CARRIER_FILTERED:
                await filtered.ring(connection, message)


async def _collect(due: list[tuple[BatchRef, Silent]], connection: Connection, subject: str) -> None:
    message, _, number = subject.partition("/")
    ref = BatchRef(int(message), int(number))
    due += [(ref, delivery) for delivery in await silent(connection, ref)]
