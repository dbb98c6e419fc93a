"""Making a piece: its entries read, its documents made, and put where they are served from: the folder, and memory."""

import asyncio
from collections.abc import Sequence
from typing import Final

from services.public.bodies import Bodies
from services.public.build import Imprint, documents, static_documents
from services.public.documents import Document
from services.public.folder import Folder
from services.public.pieces import Piece
from services.runtime.postgres import Pool
from services.store import feeds
from services.store.feeds import FeedEntry

STATIC: Final = "static"
"""The piece that shows no entries."""


class Making:
    """What makes pieces. `forget` when entries may have changed: those of an incident are read once for its pieces."""

    def __init__(self, pool: Pool, folder: Folder, bodies: Bodies, imprint: Imprint) -> None:
        self._pool, self._folder, self._bodies, self._imprint = pool, folder, bodies, imprint
        self._read: tuple[object, Sequence[FeedEntry]] = (None, ())

    async def static(self) -> None:
        """What shows no entries, if it is not there. Raises OSError as `piece` does."""
        if self._folder.signature(STATIC) is None:
            await self._put(STATIC, STATIC, await asyncio.to_thread(static_documents))

    async def piece(self, piece: Piece) -> None:
        """Make it. Raises OSError when it cannot be written: then it is served from memory, and counts as not built."""
        entries = await self._entries(piece)
        await self._put(piece.key, piece.signature, await asyncio.to_thread(documents, piece, entries, self._imprint))

    def forget(self) -> None:
        """Read entries anew."""
        self._read = (None, ())

    async def _put(self, key: str, signature: str, made: Sequence[Document]) -> None:
        try:
            prepared = await asyncio.to_thread(self._folder.prepare, made)
            self._folder.put(key, signature, prepared)
        except OSError:
            for document in made:
                self._bodies.hold(self._folder.unwritten(document), document.body)
            raise
        for each in prepared:
            self._bodies.put(each)

    async def _entries(self, piece: Piece) -> Sequence[FeedEntry]:
        asked = (piece.audience, piece.incident) if piece.entry else None
        if asked is None or self._read[0] != asked:
            async with self._pool.connection() as connection:
                found = await feeds.entries(connection, piece.audience, piece.numbers)
            self._read = (asked, found)
        return self._read[1]
