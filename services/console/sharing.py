"""Of what there are few of, nobody takes all: so many are one user's at a time, and the others of theirs wait. Else a
program that asks too much while editorial is away would hold up the pages of everybody."""

import asyncio
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

OF_ONE: Final = 3


@dataclass(frozen=True, slots=True)
class Shares:
    """`async with SHARES.of(user):` waits until fewer than `OF_ONE` of theirs are inside."""

    _held: WeakValueDictionary[int, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)

    def of(self, user: int) -> asyncio.Semaphore:
        """Theirs; forgotten when nobody is inside or waits."""
        return self._held.setdefault(user, asyncio.Semaphore(OF_ONE))
