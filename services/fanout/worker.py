"""The loop that carries out batches: claim, send, settle, and nothing in between that is not in the ledger.

On each road claims are taken one after the other and carried out side by side, so that sending, claiming the next and
settling the last overlap; how many are in hand at once is a setting, and bounds memory.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from services.domain.variants import Variant
from services.fanout.book import Book, boot_id
from services.fanout.carrier import Carrier, Job
from services.fanout.claims import Claims, Take, share_of
from services.fanout.halts import Halts
from services.fanout.intake import roads, take_in
from services.fanout.journal_format import Author
from services.fanout.life import Life
from services.fanout.replay import Replay
from services.fanout.settings import WorkerSettings
from services.fanout.settling import PoolShare, Settling, settling
from services.runtime.dead_letters import bury_in
from services.runtime.postgres import AWAY, Connection, Pool, open_pool, until_there
from services.runtime.service import Service, until
from services.runtime.settings import data_dir
from services.store import ledger, mailing_lists
from services.store import threads as stored_threads
from services.store import variants as stored
from services.store.ledger import Claim
from services.store.mailing_lists import MailingList
from services.store.threads import Thread

LOOK_SECONDS: Final = 1.0
"""A worker looks for work this often without a hint, so that a lost hint costs no more than this."""
REMEMBERED: Final = 8
"""Messages of which a worker keeps what it sends in memory."""
RESERVED: Final = 2
"""Connections of the pool that no lane uses: for taking over, and for reading variants."""
WATCHING: Final = 2
"""Connections beside the pool, for beating and for reading what was stopped: these wait for no settlement."""

log = structlog.get_logger(__name__)


async def run_worker(service: Service, carrier: Carrier) -> None:
    """Carry out batches of the carrier's channel until the service is told to stop; then finish or give back."""
    async with open_pool(service.database, by_key=True, size=WATCHING) as watch:
        await Worker(service, carrier, WorkerSettings(), watch).run()


class Worker:
    """One worker of one channel."""

    def __init__(self, service: Service, carrier: Carrier, settings: WorkerSettings, watch: Pool) -> None:
        self._service, self._carrier, self._settings = service, carrier, settings
        self._roads = roads(carrier.channel)
        boot, folder = boot_id(), data_dir() / "journal"
        self._book = Book(folder, slots=len(self._roads) * settings.claims_per_lane + 1)
        self._replay = Replay(service.pool, service.source, folder, boot)
        self._life = Life(
            watch,
            service.name,
            settings,
            begun=lambda epoch, began, database: self._book.begin(Author(service.name, epoch, began, database, boot)),
            ending=self._replay.silent,
        )
        self._claims = Claims(service.pool, service.source, self._life)
        self._halts = Halts(watch, settings.halt_seconds)
        self._sent: dict[int, tuple[dict[int, Variant], MailingList | None]] = {}

    async def run(self) -> None:
        """Beat, watch, settle for the dead, take in and carry out until told to stop."""
        await until_there(self._life.beat, what="epoch")
        await until_there(self._replay.look, what="replay")
        await until_there(self._halts.read, what="halts")
        watching = asyncio.create_task(self._watch())
        bury = bury_in(self._service.pool, self._service.source)
        reading = [asyncio.create_task(take_in(self._service, road, bury)) for road in self._roads]
        seats = max(1, (self._service.database.database_pool - RESERVED) // len(self._roads))
        channel, in_hand = self._carrier.channel, self._settings.claims_per_lane
        try:
            async with asyncio.TaskGroup() as group:
                for road in self._roads:
                    claim = partial(ledger.claim, channel=channel, lanes=road.lanes)
                    group.create_task(self._work(claim, share_of(self._service.pool, seats), road.woken, in_hand))
                inherit = partial(_inherit, channel=channel)
                group.create_task(self._work(inherit, share_of(self._service.pool, 1), asyncio.Event(), 1))
                group.create_task(self._until_broken([watching, *reading]))
        finally:
            for task in (watching, *reading):
                task.cancel()
            await asyncio.wait({watching, *reading}, timeout=1)
            await self._end()

    async def _end(self) -> None:
        """Nobody waits for this life. What could not be settled stays in the journal, for whoever replays it."""
        with suppress(*AWAY, TimeoutError):
            await self._claims.tidy()
        if self._book.close():
            await self._life.end()

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._life.run())
            group.create_task(self._halts.run(self._service.database))
            group.create_task(self._replay.run(self._settings.beat_seconds))
            group.create_task(self._claims.run(self._settings.beat_seconds))

    async def _until_broken(self, tasks: list[asyncio.Task[None]]) -> None:
        """Until told to stop, or one of these ends, which none does by itself: then its error is the worker's."""
        stop = asyncio.create_task(self._service.stopping.wait())
        try:
            await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            stop.cancel()

    async def _work(self, take: Take, share: PoolShare, woken: asyncio.Event, in_hand: int) -> None:
        """Take claims in this way and carry them out, so many at once."""
        room, next_claim = asyncio.Semaphore(in_hand), self._claims.taker(share, take)
        async with asyncio.TaskGroup() as carrying:
            while not self._service.stopping.is_set():
                await room.acquire()
                woken.clear()
                await until(self._service.stopping, self._carrier.available())
                claim = await next_claim() if self._may_claim() else None
                if claim is not None:
                    carrying.create_task(self._carry(claim, share)).add_done_callback(lambda _: room.release())
                else:
                    room.release()
                    await self._pause(woken)

    async def _carry(self, claim: Claim, share: PoolShare) -> None:
        page, message = self._book.page(claim), claim.ref.message
        with self._halts.watching(message):
            async with settling(self._service, claim, page, share, self._settings.settle_seconds) as results:
                variants, mailing_list = await self._read_message(message)
                may_start, threads = partial(self._may_start, claim, results), await self._read_threads(claim)
                job = Job(claim, variants, may_start, results.add, page.opened, threads, mailing_list)
                await self._carrier.carry_out(job)
        self._claims.done(claim)

    def _may_claim(self) -> bool:
        """Not while halts are not known: nothing of it could start, and it would be claimed and given back for ever."""
        return not self._service.stopping.is_set() and self._halts.known

    def _may_start(self, claim: Claim, results: Settling) -> bool:
        return (
            not self._service.stopping.is_set()
            and not results.over
            and self._life.fit(claim.epoch)
            and self._halts.allows(claim.ref.message)
        )

    async def _read_message(self, message: int) -> tuple[dict[int, Variant], MailingList | None]:
        """Its variants, and on mail the list that it is on; asked once for a message."""

        async def read() -> tuple[dict[int, Variant], MailingList | None]:
            async with self._service.pool.connection() as connection:
                on_mail = self._carrier.channel == "mail"
                mailing_list = await mailing_lists.list_of(connection, message) if on_mail else None
                return await stored.read(connection, message), mailing_list

        if message not in self._sent:
            while len(self._sent) >= REMEMBERED:
                del self._sent[next(iter(self._sent))]
            self._sent[message] = await until_there(read, what="variants")
        return self._sent[message]

    async def _read_threads(self, claim: Claim) -> Mapping[int, Thread]:
        """What the mails of a correction answer; nothing is asked for any other message."""
        if claim.corrects is None or claim.channel != "mail":
            return {}

        async def read() -> Mapping[int, Thread]:
            async with self._service.pool.connection() as connection:
                sequences = [delivery.sequence for delivery in claim.deliveries]
                return await stored_threads.read(connection, claim.ref.message, sequences)

        return await until_there(read, what="threads")

    async def _pause(self, woken: asyncio.Event) -> None:
        """Until woken, told to stop, or it is time to look."""
        tasks = {asyncio.ensure_future(woken.wait()), asyncio.ensure_future(self._service.stopping.wait())}
        try:
            await asyncio.wait(tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


async def _inherit(connection: Connection, *, epoch: int, channel: str) -> Claim | None:
    """What a dead worker of this channel held, a batch at a time."""
    claim = await ledger.inherit(connection, epoch=epoch, channel=channel)
    if claim is not None:
        log.warning("taken_over", batch=str(claim.ref), in_doubt=len(claim.deliveries))
    return claim
