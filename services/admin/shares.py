"""A message that is being sent, by audience and province: a little of it read at each look, shown in sixty columns."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from services.admin.answers import table
from services.runtime.postgres import Connection
from services.runtime.seldom import Seldom
from services.store import by_batch, confirmations
from services.store.breakdown import Share, breakdown
from services.store.by_batch import Part
from services.store.confirmations import Tallies
from services.store.messages import Message
from services.store.status import Status

AT_ONCE: Final = 50
"""Batches at a look: 10,000 deliveries, some 60 ms."""
NAME: Final = 15


class Looked:
    """The shares as they were last read: of each batch anew once it moved (`services.store.by_batch`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._parts: dict[int, tuple[int, list[Part]]] = {}
        self._tallies = Seldom[Tallies]()
        self._open = True
        self._of: object = None

    async def shares(self, message: Message, status: Status) -> Sequence[Share]:
        """None of a large message until all of it was read once; nor of one that goes to nobody by mail or SMS."""
        if set(status.channels) <= {"newsfeed"}:
            return ()
        if self._of != (of := (message.proof_hash, message.released_at)):  # planned anew
            self._of, self._parts = of, {}
        ended = self._open and not status.open  # the last picture is whole
        self._open = bool(status.open)
        whole = await self._read(message.number, whole=ended)
        if not whole:
            return ()
        told = None
        if message.confirm_minutes is not None:
            ask = partial(confirmations.tallies, self._connection, message.number)
            told = await self._tallies.get(ask, anew=ended)
        return breakdown((part for _, parts in self._parts.values() for part in parts), told)

    async def _read(self, message: int, *, whole: bool) -> bool:
        """Read what moved, those first that were read longest ago; returns whether every batch was read once."""
        versions = await by_batch.versions(self._connection, message)
        moved = [number for number, (version, _) in self._parts.items() if versions.get(number, version) != version]
        moved = [*sorted(versions.keys() - self._parts.keys()), *moved]
        for start in range(0, len(moved) if whole else min(len(moved), AT_ONCE), AT_ONCE):
            numbers = moved[start : start + AT_ONCE]
            parts = await by_batch.parts(self._connection, message, numbers)
            for number in numbers:
                self._parts.pop(number, None)
                self._parts[number] = versions[number], [part for part in parts if part.batch == number]
        return versions.keys() <= self._parts.keys()


def shares_shown(shares: Sequence[Share]) -> list[Any]:
    """A table for audiences and one for provinces, of those first of whom most is not done."""
    asks = any(each.asked for each in shares)
    columns = ["not yet", "sent", "there", "failed", *(["know"] if asks else [])]
    shown = []
    for by in ("audience", "province"):
        rows = [
            (each.name[:NAME] or "–", each.not_yet, each.accepted, each.delivered, each.failed, *_known(each, asks))
            for each in shares
            if each.by == by
        ]
        if rows:
            shown.append(table([by, *columns], rows))
    return shown


def _known(share: Share, asks: bool) -> tuple[str, ...]:
    return (f"{share.confirmed}/{share.asked}",) if asks else ()
