"""Keeping the folder what PostgreSQL says: each change is looked for, and what shows it is made anew, newest first.

A change is told by NOTIFY, and looked for each second in case a call was lost. A full rebuild is the same, with every
piece to be made; what changes meanwhile comes first. While PostgreSQL is away what is built stays.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import Gauge

from services.public.bodies import Bodies
from services.public.build import Imprint
from services.public.folder import Folder
from services.public.known import Known, Touched
from services.public.making import STATIC, Making
from services.public.manifest import Kept
from services.public.pieces import Piece, Pieces, pieces
from services.runtime.postgres import Pool, until_there
from services.store import feed_index

SECONDS: Final = 1.0
TROUBLED_SECONDS: Final = 5.0
"""Between two tries to write, when that fails."""
WAITING: Final = Gauge("roeland_feed_waiting", "Pieces of the newsfeed that are still to be made")

log = structlog.get_logger(__name__)


class Watch:
    """What there is, what of it is built, and what is still to be made."""

    def __init__(self, pool: Pool, folder: Folder, bodies: Bodies, imprint: Imprint) -> None:
        self._pool, self._folder, self._imprint = pool, folder, imprint
        self._making = Making(pool, folder, bodies, imprint)
        self._known = Known()
        self._wanted: dict[str, Pieces] = {}
        self._todo: list[Piece] = []
        self._since: str | None = None
        self._trouble = False
        self.on_change: Callable[[], None] = lambda: None
        """Called when a feed's current page was made anew."""
        self.woken = asyncio.Event()
        self.current = asyncio.Event()
        """Set once every audience's own page is what PostgreSQL says."""
        self.complete = False
        """Whether all that there was at the start is built: what is not there then does not exist."""

    async def run(self) -> None:
        """For as long as it runs."""
        while True:
            self.woken.clear()
            await until_there(self._look, what="feeds")
            await self._written(self._making.static())
            await until_there(self._make, what="feeds")
            if not self._todo or self._trouble:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TROUBLED_SECONDS if self._trouble else SECONDS):
                        await self.woken.wait()

    def distrust(self, kept: Kept) -> None:
        """A document is not what was written: have what it belongs to made anew."""
        self._folder.distrust(kept)
        self._wanted.clear()
        self.woken.set()

    async def _look(self) -> None:
        if self._folder.is_lost():
            if not self._trouble:
                log.warning("folder_lost")
            self.complete = False
            if await self._written(asyncio.to_thread(self._folder.load)):
                self._wanted.clear()
        async with self._pool.connection() as connection:
            found = await feed_index.look(connection, self._since)
            if self._since is not None and self._known.misses_some(found):
                found = await feed_index.look(connection, None)
                self._known.forget()
                self._wanted.clear()
        self._since = found.since
        touched = self._known.take(found)
        if touched or len(self._wanted) < len(self._imprint.audiences):
            await asyncio.to_thread(self._plan, touched)

    def _plan(self, touched: Touched) -> None:
        """What is to be made now, and what is there no more. What is not known to be wanted is worked out whole."""
        for audience in self._imprint.audiences:
            before = self._wanted.get(audience)
            if before is None or audience in touched:
                shown, changed = self._known.shown(audience), touched.get(audience, set())
                self._wanted[audience] = pieces(audience, shown, before=before, changed=changed)
        wanted = {key: piece for each in self._wanted.values() for key, piece in each.items()}
        todo = [piece for key, piece in wanted.items() if self._folder.signature(key) != piece.signature]
        self._todo = sorted(todo, key=lambda piece: piece.weight, reverse=True)
        WAITING.set(len(self._todo))
        self._making.forget()
        for key in self._folder.keys() - wanted.keys() - {STATIC}:
            self._folder.drop(key)

    async def _make(self) -> None:
        """Make what is to be made, until that is all, or it is time to look again."""
        until, failed = time.monotonic() + SECONDS, list[Piece]()
        try:
            while self._todo and not (self.woken.is_set() or time.monotonic() > until):
                piece = self._todo[-1]
                if not await self._written(self._making.piece(piece)):
                    failed.append(piece)
                self._todo.pop()
                self._made(piece)
        finally:
            self._todo += reversed(failed)
        WAITING.set(len(self._todo))
        if not self._todo:
            await self._all_made()

    def _made(self, piece: Piece) -> None:
        if piece.entry is None and piece.page is None:
            self.on_change()
        if not self._todo or self._todo[-1].weight[0] > 0:
            self.current.set()

    async def _all_made(self) -> None:
        if not self.complete:
            await self._written(asyncio.to_thread(self._folder.tidy))
        self.current.set()
        self.complete = True

    async def _written(self, work: Awaitable[None]) -> bool:
        """Whether this could be written. If not, that is said once; what is made is served from memory meanwhile."""
        try:
            await work
        except OSError as problem:
            if not self._trouble:
                log.error("feeds_not_written", why=problem.strerror or type(problem).__name__)
            self._trouble = True
            return False
        self._trouble = False
        return True
