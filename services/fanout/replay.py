"""Settling what a dead worker held, by its journal.

A journal whose lock is free has lost its owner. Whoever takes the lock settles for it: what was answered as it was
answered; what was opened is in doubt; what was not touched is given back without doubt. Then the epoch ends and the
file goes. Each batch is a transaction and says the same however often it is done, so that who replays may die too.

A journal of another boot may have lost its last pages to a power cut, and another machine's lock on a network folder
is not to be believed: it is read once its epoch is over by the lease, its answers count, and all else is in doubt.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from logging import ERROR, WARNING
from pathlib import Path
from typing import Final

import psycopg
import structlog

from services.domain.batches import BatchRef
from services.domain.states import FINAL
from services.fanout.carrier import give_back
from services.fanout.journal_format import Journalled, Unusable, Written, read
from services.fanout.left_behind import content, left_behind, remove
from services.fanout.settling import in_doubt, soonest
from services.runtime.postgres import AWAY, Connection, Pool
from services.store import ledger, recovery, workers
from services.store.ledger import Delivery, Result
from services.store.recovery import Held, Known

BAD: Final = ".bad"
UNUSABLE: Final = (Unusable, psycopg.Error, LookupError)
"""What a bad file raises, or one that does not fit the record."""

log = structlog.get_logger(__name__)


class Replay:
    """Looks after the journals in a folder whose owners are dead."""

    def __init__(self, pool: Pool, source: str, folder: Path, boot: bytes) -> None:
        self._pool, self._source, self._folder, self._boot = pool, source, folder, boot
        self._known: set[str] = set()  # files that were settled for once
        self._told: set[str] = set()

    async def run(self, seconds: float) -> None:
        """Look this often, for as long as it runs."""
        while True:
            await asyncio.sleep(seconds)
            with suppress(*AWAY):
                await self.look()

    async def look(self) -> None:
        """Settle for those that are dead now. Raises what PostgreSQL raises when it is away.

        The epoch ends at the second look: a claim that its owner sent with its last breath may commit a little later.
        """
        for path, file in left_behind(self._folder):
            try:
                await self._replay(path, content(file))
            except AWAY:
                raise
            except UNUSABLE as problem:
                self._set_aside(path, str(problem) if isinstance(problem, Unusable) else type(problem).__name__)
            except OSError as problem:  # a disk that fails, or takes no changes: it stays, and the lease decides
                self._once("journal_out_of_reach", path, level=ERROR, why=os.strerror(problem.errno or 0))
            finally:
                os.close(file)

    async def silent(self, connection: Connection, epoch: int) -> None:
        """The lease ends this epoch, in this transaction: what a journal of another boot knows of it counts first."""
        for _, file in left_behind(self._folder, f"*-{epoch}-*"):
            try:
                left = read(content(file))
                if left.author.epoch == epoch and await _is_here(connection, left):
                    async with connection.transaction():
                        await self._settle_all(connection, left)
            except AWAY:
                raise
            except (*UNUSABLE, OSError):  # the next look says so; the epoch ends all the same
                pass
            finally:
                os.close(file)

    async def _replay(self, path: Path, written: bytes) -> None:
        left = read(written)
        epoch = left.author.epoch
        async with self._pool.connection() as connection:
            here = await _is_here(connection, left)
            life = await workers.find(connection, epoch)
        if not here:
            self._once("journal_of_another_database", path)
        elif life is None or life.began != left.author.began:
            raise Unusable("its epoch is not in the record")
        elif left.author.boot != self._boot and not life.ended:
            self._once("journal_of_another_boot", path)
        else:
            await self._settle_for(path, left)

    async def _settle_for(self, path: Path, left: Journalled) -> None:
        epoch, last = left.author.epoch, path.name in self._known
        async with self._pool.connection() as connection:
            became = await self._settle_all(connection, left)
            if last:
                await workers.end(connection, epoch)
        if last:
            remove(path)
            self._known.discard(path.name)
        else:
            self._known.add(path.name)
        if became or last:
            log.warning("journal_replayed", epoch=epoch, complete=self._complete(left), ended=last, **became)

    async def _settle_all(self, connection: Connection, left: Journalled) -> Counter[str]:
        """Settle every batch of this epoch, each in a transaction; how many deliveries became what."""
        became: Counter[str] = Counter()
        async with connection.transaction():
            held = await recovery.held_by(connection, left.author.epoch)
        for ref in sorted(held | left.pages.keys()):
            async with connection.transaction():
                became += await self._settle(connection, left, ref)
        return became

    async def _settle(self, connection: Connection, left: Journalled, ref: BatchRef) -> Counter[str]:
        batch = await recovery.hold(connection, left.author.epoch, ref)
        if batch is None:
            return Counter()
        page, proof = left.pages.get(ref, {}), self._complete(left)
        results = [
            what_became(delivery, page.get(delivery.sequence), proof=proof) for delivery in batch.claim.deliveries
        ]
        results += _late(page, batch)
        if results or batch.held:
            await ledger.settle(
                connection, batch.claim, results,
                finished=True, source=self._source, retry_after=soonest(batch.claim, results),
            )  # fmt: skip
        return Counter(result.state.word for result in results)

    def _complete(self, left: Journalled) -> bool:
        """Whether what it does not say did not happen."""
        return left.author.boot == self._boot and not left.overflown

    def _set_aside(self, path: Path, why: str) -> None:
        self._once("journal_set_aside", path, level=ERROR, why=why)
        with suppress(OSError):
            path.rename(path.with_suffix(BAD))

    def _once(self, what: str, path: Path, *, level: int = WARNING, **more: str) -> None:
        if path.name not in self._told:
            self._told.add(path.name)
            log.log(level, what, file=path.name, **more)


def what_became(delivery: Delivery, written: Written | None, *, proof: bool) -> Result:
    """Of a delivery that a dead worker held, by what it wrote. `proof`: what it did not write did not happen."""
    if written is None or written.attempt != delivery.attempt:
        return give_back(delivery) if proof else in_doubt(delivery)
    if written.answer:
        return written.answer
    return in_doubt(delivery) if written.opened or not proof else give_back(delivery)


def _late(page: Mapping[int, Written], batch: Held) -> list[Result]:
    """What was answered of deliveries that have passed on, where the ledger does not know as much yet."""
    owed = {delivery.sequence for delivery in batch.claim.deliveries}
    answers = [written.answer for sequence, written in page.items() if written.answer and sequence not in owed]
    return [a for a in answers if a.state in FINAL and _is_news(a, batch.known.get(a.sequence))]


def _is_news(answer: Result, known: Known | None) -> bool:
    """A higher state, or another name at the provider: then somebody else sent it too."""
    return known is not None and (known.state < answer.state or answer.provider_id not in (None, known.provider_id))


async def _is_here(connection: Connection, left: Journalled) -> bool:
    return left.author.database == await workers.database_identity(connection)
