"""Which provider the next SMS goes through: the first, or the second while the first does not do its work.

This chooses for what is surely nowhere yet. What may have been taken is looked up where it may be (`errand.py`), and
never goes another way because of what is said here (docs/decisions/0025-failover-and-doubt.md).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.sms.breaker import Breaker
from services.sms.gate import Gate
from services.sms.pace import Pace
from services.sms.provider import Provider

LOOK_SECONDS: Final = 0.1

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Trunk:
    """The way to one provider."""

    provider: Provider
    bucket: Bucket
    pace: Pace
    gate: Gate
    breaker: Breaker


class Switch:
    """The trunks in the order in which they are preferred, one or two. `after`: seconds that the first may be away."""

    def __init__(
        self, trunks: Sequence[Trunk], bell: Bell, *, after: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.trunks, self._bell = tuple(trunks), bell
        self._after, self._clock = after, clock
        self._chosen = self.trunks[0].provider.name

    def choose(self) -> Trunk | None:
        """The way for an SMS that nobody has; None while there is none."""
        if len(self.trunks) == 1:
            return self.trunks[0] if self.trunks[0].gate.open else None
        first = self.trunks[0]
        if self._away(first) and not first.breaker.tripped:
            first.breaker.trip()
        if first.gate.open and first.breaker.allows and not self._held(first):
            return first
        if not first.breaker.tripped and not self._held(first):  # away for a moment
            return None
        open_ = [trunk for trunk in self.trunks if trunk.gate.open]
        others = [trunk for trunk in open_ if trunk is not first and trunk.breaker.allows and not self._held(trunk)]
        return next(iter(others or open_), None)  # of those that all fail, the first is as good as any

    async def available(self) -> None:
        """Return once an SMS may go some way."""
        if len(self.trunks) == 1:
            await self.trunks[0].gate.opened()
            return
        while self.choose() is None:  # noqa: ASYNC110  (of clocks as much as of answers)
            await asyncio.sleep(LOOK_SECONDS)

    def went_well(self, trunk: Trunk) -> None:
        """It took an SMS: something can be sent."""
        if len(self.trunks) == 1:
            return
        self._bell.hush()
        if trunk.provider.name != self._chosen:
            self._chosen = trunk.provider.name
            log.warning("provider", name=self._chosen)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """While inside, providers that are away are asked whether they are back, and when all are, the bell rings."""
        if len(self.trunks) == 1:  # who waits for it asks
            yield
            return
        async with (
            asyncio.TaskGroup() as group
        ):  # one that ends by what nobody foresaw ends the service: it starts anew
            watching = [group.create_task(self._ask(trunk)) for trunk in self.trunks]
            watching.append(group.create_task(self._sound()))
            try:
                yield
            finally:
                for task in watching:
                    task.cancel()

    async def _ask(self, trunk: Trunk) -> None:
        while True:
            await trunk.gate.opened()
            await asyncio.sleep(LOOK_SECONDS)

    async def _sound(self) -> None:
        while True:
            if all(self._away(trunk) for trunk in self.trunks):
                self._bell.ring("; ".join(f"{trunk.provider.name}: {trunk.gate.why}" for trunk in self.trunks))
            elif any(trunk.gate.open and not trunk.gate.mending for trunk in self.trunks):
                self._bell.hush()
            await asyncio.sleep(LOOK_SECONDS)

    def _away(self, trunk: Trunk) -> bool:
        """For so long that it does not count as a moment; at once when somebody has to mend something."""
        return not trunk.gate.open and (trunk.gate.mending or self._clock() - trunk.gate.closed_since >= self._after)

    def _held(self, trunk: Trunk) -> bool:
        """Told to wait for longer than it takes to go another way."""
        return trunk.pace.held > self._after
