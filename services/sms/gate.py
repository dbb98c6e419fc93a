"""Whether a provider can be expected to answer. While it cannot, nothing is claimed, and nobody fails for it.

What somebody must mend (a token, an account, the sender) rings an alarm, until the provider takes a message.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from services.fanout.bell import Bell
from services.runtime.health import Health
from services.sms.codes import REMEDIES, Ruling, Verdict
from services.sms.ready import OneOf
from services.sms.sinch_codes import REMEDIES as SINCH_REMEDIES

WHAT: Final = "twilio"
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 5.0
MENDING_WAIT: Final = 10.0
"""Before the next try when someone has to mend something first."""


class Gate:
    """Closed until the provider has answered once, and whenever a request found it away or closed to us."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Ruling | None]],
        health: Health | OneOf,
        bell: Bell,
        *,
        what: str = WHAT,
        mending_wait: float = MENDING_WAIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._health, self._bell = ask, health, bell
        self._what, self._mending_wait, self._clock = what, mending_wait, clock
        self._asking = asyncio.Lock()
        self._wait, self._not_before = FIRST_WAIT, float("-inf")
        self.open = False
        self.closed_since = clock()
        """Monotonic; only while it is closed."""
        self.mending, self.why = False, "not yet reached"
        """Whether somebody has to mend something, and the reason in words, when it was last closed."""

    async def opened(self) -> None:
        """Return once the provider can be expected to answer."""
        while not self.open:
            async with self._asking:
                if not self.open:
                    await asyncio.sleep(max(0.0, self._not_before - self._clock()))
                    await self._try()

    def close(self, why: Ruling) -> None:
        """Take note that nothing can be sent now. The health page names the reason, and the log once."""
        if self.open:  # else the others that were under way say the same thing
            self._wait_for(why)

    def went_well(self) -> None:
        """A message was taken: all is well."""
        self._wait = FIRST_WAIT
        self._bell.hush()

    async def _try(self) -> None:
        why = await self._ask()
        if why is not None and not _answers(why):
            self._wait_for(why)
            return
        self.open = True
        self._health.up(self._what)

    def _wait_for(self, why: Ruling) -> None:
        if self.open:
            self.closed_since = self._clock()
        self.open = False
        self.mending, self.why = why.verdict is Verdict.CLOSED, _in_words(why, self._what)
        self._not_before = self._clock() + (self._mending_wait if self.mending else self._wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._health.down(self._what, self.why)
        if self.mending:
            self._bell.ring(self.why)


def _answers(ruling: Ruling) -> bool:
    """Whether a message might be taken, though this question was not answered."""
    return ruling.verdict is Verdict.REFUSED or ruling.reason == "account-not-found"


def _in_words(why: Ruling, what: str) -> str:
    code = f" ({why.code})" if why.code else ""
    remedy = REMEDIES.get(why.reason or "") if what == WHAT else SINCH_REMEDIES.get(why.reason or "")
    return f"{why.reason or why.verdict.value}{code}" + (f": {remedy}" if remedy else "")
