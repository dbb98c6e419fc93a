"""Whether Twilio can be expected to answer. While it cannot, nothing is claimed, and nobody fails for it.

What somebody must mend (a token, an account, the sender) rings the channel's one alarm, until Twilio takes a message.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from services.fanout.bell import Bell
from services.runtime.health import Health
from services.sms.codes import REMEDIES, Ruling, Verdict

WHAT: Final = "twilio"
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 5.0
MENDING_WAIT: Final = 10.0
"""Before the next try when someone has to mend something first."""


class Gate:
    """Closed until Twilio has answered once, and whenever a request found it away or closed to us."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Ruling | None]],
        health: Health,
        bell: Bell,
        *,
        mending_wait: float = MENDING_WAIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._health, self._bell = ask, health, bell
        self._mending_wait, self._clock = mending_wait, clock
        self._asking = asyncio.Lock()
        self._wait, self._not_before = FIRST_WAIT, float("-inf")
        self.open = False

    async def opened(self) -> None:
        """Return once Twilio can be expected to answer."""
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
        self._health.up(WHAT)

    def _wait_for(self, why: Ruling) -> None:
        self.open = False
        mending = why.verdict is Verdict.CLOSED
        self._not_before = self._clock() + (self._mending_wait if mending else self._wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._health.down(WHAT, _in_words(why))
        if mending:
            self._bell.ring(_in_words(why))


def _answers(ruling: Ruling) -> bool:
    """Whether a message might be taken, though this question was not answered."""
    return ruling.verdict is Verdict.REFUSED or ruling.reason == "account-not-found"


def _in_words(why: Ruling) -> str:
    code = f" ({why.code})" if why.code else ""
    remedy = REMEDIES.get(why.reason or "")
    return f"{why.reason or why.verdict.value}{code}" + (f": {remedy}" if remedy else "")
