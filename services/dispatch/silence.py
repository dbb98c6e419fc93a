"""No provider takes an SMS: after a while all who wait for an urgent one get the same message by mail.

What is looked at is whether any SMS is taken, not why: providers that are away, an account without money and a service
that stands still are the same to who waits. The SMS stay planned, and go when somebody takes them. The alarm is of all
SMS: one that is put off for a minute, with nothing else to send, has its mail and rings nobody.
"""

import time
from collections.abc import Callable

import structlog

from services.dispatch.falling_back import TRY_AGAIN, by_mail
from services.runtime.postgres import AWAY, Connection, Pool
from services.runtime.records import unforeseen
from services.store import additions, alarms, fallbacks, messages
from services.store.alarms import SMS_SILENT, Alarm

KEY = (SMS_SILENT, "sms")

log = structlog.get_logger(__name__)


class Silence:
    """Knows since when each message waits; a pause, and a start of this process, begin that anew."""

    def __init__(self, pool: Pool, source: str, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._source, self._seconds, self._clock = pool, source, seconds, clock
        self._since: dict[tuple[int, int], float] = {}

    async def look(self) -> None:
        """Once: have mails sent for what waited for too long, and ring; hush when an SMS was taken, or none waits.

        A message for which that fails is looked at again a little later, and ends neither dispatch nor another's mails.
        """
        for message, step in await self._late():
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    await self._by_mail(connection, message, step)
            except AWAY:
                raise
            except Exception as problem:
                log.error("silence_failed", message=message, problem=unforeseen(problem))
                self._since[message, step] = self._clock() - self._seconds + TRY_AGAIN.total_seconds()

    async def _late(self) -> list[tuple[int, int]]:
        """Which messages, with the step that is open, waited for too long while no SMS was taken."""
        async with self._pool.connection() as connection:
            waiting = await fallbacks.waiting(connection)
            now = self._clock()
            self._since = {each: self._since.get(each, now) for each in waiting}
            late = sorted(each for each, since in self._since.items() if now - since >= self._seconds)
            if late and not await fallbacks.any_taken(connection, self._seconds):
                return late
            if late or not waiting:
                await alarms.hush(connection, KEY)
            return []

    async def _by_mail(self, connection: Connection, number: int, step: int) -> None:
        message = await messages.by_number(connection, number, lock=True)
        if message is None or await additions.standing(connection, number) != "goes-on":
            return
        put_off = await fallbacks.only_put_off(connection, number)
        if not put_off and not await fallbacks.look_once(connection, number, step):
            return
        wanted = await fallbacks.not_taken(connection, number)
        sent = await by_mail(connection, message, wanted, source=self._source)
        if put_off:  # no alarm for one busy number; it is looked at again, and by then it may be the provider
            self._since[number, step] = self._clock()
            return
        why = f"no SMS was taken for {self._seconds:.0f} s: who waits for an urgent one gets it by mail"
        detail = {"message": number, "waiting": len(wanted), "by_mail": sent, "why": why}
        await alarms.ring(connection, Alarm(*KEY, detail))
