"""One life of a worker: its epoch, its beat, and its eye on its peers.

A peer takes over only after it has itself read the counter unmoved for the lease, by its own monotonic clock; if it
could not read for a while, it starts counting again. So clocks may be wrong, and PostgreSQL may be away for a minute,
without anyone taking over from the living.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from services.fanout.settings import WorkerSettings
from services.runtime.postgres import AWAY, Connection, Pool
from services.store import workers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """A peer's counter, and since when (monotonic) it has been read as this."""

    beat: int
    since: float


def watch(peers: dict[int, Seen], beats: dict[int, int], now: float, *, gap: bool) -> dict[int, Seen]:
    """What is known of the peers after one more reading; a gap in the readings starts every count again."""
    return {
        epoch: peers[epoch] if not gap and epoch in peers and peers[epoch].beat == beat else Seen(beat, now)
        for epoch, beat in beats.items()
    }


def silent(peers: dict[int, Seen], now: float, lease: float) -> list[tuple[int, int]]:
    """(epoch, beat) of the peers whose counter did not move for the lease."""
    return [(epoch, seen.beat) for epoch, seen in peers.items() if now - seen.since >= lease]


async def _nothing_left(_: Connection, __: int) -> None:
    """Where no journals are looked after."""


class Life:
    """A worker's current epoch. `fit` says whether it may start something under it."""

    def __init__(
        self,
        pool: Pool,
        service: str,
        settings: WorkerSettings,
        clock: Callable[[], float] = time.monotonic,
        *,
        begun: Callable[[int, int, bytes], None] = lambda *_: None,
        ending: Callable[[Connection, int], Awaitable[None]] = _nothing_left,
    ) -> None:
        """`begun`: told of each new epoch of ours before anything is claimed under it: its number, when it began
        (microseconds), the database's identity. `ending`: called in the transaction that ends a silent peer's epoch.
        """
        self._pool, self._service, self._settings, self._clock = pool, service, settings, clock
        self._begun, self._ending = begun, ending
        self._last_beat = float("-inf")
        self._last_read = float("-inf")
        self._peers: dict[int, Seen] = {}
        self.epoch = 0

    def fit(self, epoch: int) -> bool:
        """Whether this is still our epoch, and we could say so lately."""
        return epoch == self.epoch and self._clock() - self._last_beat < self._settings.fit_seconds

    async def run(self) -> None:
        """Beat, and take note of peers that do not, for as long as it runs."""
        while True:
            try:
                await self.beat()
                await self._end_silent_peers()
            except AWAY:
                pass
            await asyncio.sleep(self._settings.beat_seconds)

    async def beat(self) -> None:
        """Say once that we live; under a new epoch if a peer has ended ours. Raises what PostgreSQL raises."""
        asked = self._clock()
        async with self._pool.connection() as connection:
            lives = self.epoch != 0 and await workers.beat(connection, self.epoch)
        if not lives:
            await self._begin()
        self._last_beat = asked

    async def end(self) -> None:
        """Say that this life is over, so that nobody waits for it."""
        try:
            async with self._pool.connection(timeout=1) as connection:
                await workers.end(connection, self.epoch)
        except AWAY:
            log.warning("epoch_not_ended", epoch=self.epoch)

    async def _begin(self) -> None:
        async with self._pool.connection() as connection:
            epoch = await workers.begin(connection, self._service)
            life = await workers.find(connection, epoch)
            database = await workers.database_identity(connection)
        self._begun(epoch, life.began if life else 0, database)
        former, self.epoch = self.epoch, epoch
        log.info("epoch_begun", epoch=epoch, former=former or None)

    async def _end_silent_peers(self) -> None:
        async with self._pool.connection() as connection:
            beats = await workers.beats(connection, self._service)
            beats.pop(self.epoch, None)
            now = self._clock()
            gap = now - self._last_read > 3 * self._settings.beat_seconds
            self._peers, self._last_read = watch(self._peers, beats, now, gap=gap), now
            for epoch, beat in silent(self._peers, now, self._settings.lease_seconds):
                if await workers.end(connection, epoch, seen=beat):
                    await self._ending(connection, epoch)
                    log.warning("peer_silent", epoch=epoch)
