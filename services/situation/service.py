"""What the situation service does: follow the stream, write progress, judge alarms.

Progress comes from the stream and is brought up to date from the record where the stream is silent; alarms are judged
from the record alone. Whatever is kept in memory is made anew from the record when it is gone.
"""

import time
from datetime import UTC, datetime
from typing import Final

import structlog

from services.domain.events import (
    BatchSettled,
    Envelope,
    MessageHalted,
    MessageReleased,
    MessageResumed,
    Unreadable,
    read_event,
)
from services.runtime.postgres import until_there
from services.runtime.service import Service
from services.situation import alarms as rules
from services.situation.board import Board, Noted, note
from services.situation.settings import SituationSettings
from services.situation.stillness import Stillness
from services.store import alarms, progress

SILENT_SECONDS: Final = 10
"""Of a message that is not finished and of which nothing was heard for so long, the record is asked."""

log = structlog.get_logger(__name__)


class Situation:
    """What this worker knows; nothing that could not be read again."""

    def __init__(self, service: Service, settings: SituationSettings) -> None:
        self._pool, self._settings = service.pool, settings
        self._board, self._stillness = Board(), Stillness()

    async def on_outcome(self, event: Envelope) -> None:
        """A batch was settled."""
        settled = read_event(event, BatchSettled)
        if not self._board.knows(settled.message, settled.batch):
            await self._ask_the_record(settled.message)
        known = self._board.knows(settled.message, settled.batch)
        if known and not self._board.update(settled, event.time, _now()):
            raise Unreadable("the counts do not add up to the batch")

    async def on_release(self, event: Envelope) -> None:
        """A message may be sent: have its progress there before anything is. The others are known by their outcomes."""
        released = read_event(event, MessageReleased, MessageHalted, MessageResumed)
        if isinstance(released, MessageReleased):
            await self._ask_the_record(released.message)

    def forget(self) -> None:
        """Partitions went to someone else, or come anew."""
        self._board.running.clear()

    async def write_progress(self) -> None:
        """Write what changed since it was last written, and let go of what is finished."""
        now = _now()
        await self._ask_about_the_silent(now)
        found = [each for message in self._board.running for each in self._board.progress(message, now)]
        changed = [each for each in found if self._board.running[each.message].written.get(each.channel) != each]
        if changed:
            async with self._pool.connection() as connection, connection.transaction():
                await progress.record(connection, changed)
        self._board.note_written(changed, now)

    async def judge_alarms(self) -> None:
        """Have just those alarms stand that the record warrants now."""
        async with self._pool.connection() as connection, connection.transaction():
            works = await alarms.open_work(connection)
            now = time.monotonic()
            self._stillness.read(rules.remaining(works), now)
            stalls = rules.stalls(works, self._stillness, now, self._settings)
            failing = await alarms.failing(connection, self._settings.situation_failure_share)
            standing = [
                *stalls.standing,
                *rules.failures(failing, self._settings),
                *rules.overdue(await alarms.overdue(connection)),
                *rules.left_paused(await alarms.left_paused(connection)),
            ]
            raised, cleared = await alarms.set_standing(connection, standing, undecided=stalls.undecided)
        for kind, subject in raised:
            log.warning("alarm_raised", kind=kind, subject=subject)
        for kind, subject in cleared:
            log.info("alarm_cleared", kind=kind, subject=subject)

    async def _ask_about_the_silent(self, now: datetime) -> None:
        for message, running in list(self._board.running.items()):
            if now.timestamp() - running.heard_at >= SILENT_SECONDS and not self._board.finished(message, now):
                await self._ask_the_record(message)

    async def _ask_the_record(self, message: int) -> None:
        after = 0

        async def ask() -> list[progress.BatchStand]:
            async with self._pool.connection() as connection:
                return await progress.batches(connection, message, after=after)

        noted: list[Noted] = []
        while page := await until_there(ask, what="situation"):
            noted.extend(map(note, page))
            after = page[-1].number
        self._board.seed(message, noted, _now())


def _now() -> datetime:
    return datetime.now(UTC)
