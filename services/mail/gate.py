"""Whether mail can be sent at all. While it cannot, nothing is claimed, and health and one line say why."""

import asyncio
import time
from math import inf
from typing import Final

import structlog

from services.fanout.bell import Bell
from services.mail.pool import Pool
from services.mail.replies import Reply
from services.mail.trouble import RelayAway, Trouble
from services.runtime.health import Health

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 5.0
LONGEST_WAIT_REFUSED: Final = 30.0
"""Seconds; a wrong password tried every few seconds gets an account locked."""
QUIET: Final = 15.0
"""Seconds without a word from the relay after which it is asked."""
CALM: Final = 60.0
"""Seconds; a relay that refused nothing for so long and then does is news."""

log = structlog.get_logger(__name__)


class Gate:
    """Closed until the relay has answered, and whenever it does not."""

    def __init__(
        self,
        pool: Pool,
        health: Health,
        *,
        sender: str,
        patience: float,
        horizon: float = inf,
        bell: Bell | None = None,
    ) -> None:
        self._pool, self._health, self._sender, self._bell = pool, health, sender, bell
        self._patience, self._horizon = patience, horizon
        self._asking = asyncio.Lock()
        self._took = time.monotonic()
        self._slowed = -inf
        self._heard: float | None = None
        self._wait = 0.0
        self._told: Trouble | None = None
        self._closed = -inf
        self._rung: Trouble | None = None
        self._hushed = False

    async def available(self) -> None:
        """Return when the relay answered within the last seconds; ask it, as often as it takes, when it did not."""
        if not self._fresh():
            async with self._asking:
                while not self._fresh():
                    await self._ask()

    def heard(self) -> None:
        """The relay took our envelope: all is well."""
        self._heard = self._took = _now()
        self._wait = 0.0
        self._pool.took()
        if not self._hushed:
            self._hush()

    @property
    def hopeless(self) -> bool:
        """Whether the relay has taken nothing of ours for the whole horizon."""
        return _now() - self._took >= self._horizon

    def slow_down(self, reply: Reply) -> bool:
        """The relay takes no mail for the moment. False: for too long by now."""
        if not self._pool.slow_down():
            return False
        if _now() - self._slowed > CALM:
            log.warning("relay_limits_us", code=reply.code)
        self._slowed = _now()
        return True

    def shut(self, trouble: Trouble) -> None:
        """Nothing can be sent; `available` waits until that is over."""
        if self._pool.away is None:
            self._close(trouble)

    def _fresh(self) -> bool:
        return self._pool.away is None and self._heard is not None and _now() - self._heard < QUIET

    async def _ask(self) -> None:
        if self._pool.away is not None:
            await asyncio.sleep(self._wait)
        try:
            async with asyncio.timeout(self._patience):
                await self._pool.check(self._sender)
        except RelayAway as away:
            self._close(away.trouble)
            if away.trouble.for_now and self.hopeless:  # one more refusal each, and what is too late has failed
                self._heard = _now()
                self._pool.open()
        except TimeoutError:
            self._close(Trouble("does not answer"))
        else:
            self._heard = _now()
            if self._told is not None and not self._told.for_now:
                self._told = None
            self._health.up("relay")
            if self._rung is None or not self._rung.of_a_mail:
                self._hush()

    def _close(self, trouble: Trouble) -> None:
        longest = LONGEST_WAIT_REFUSED if trouble.ours else LONGEST_WAIT
        self._wait = min(max(2 * self._wait, FIRST_WAIT), longest)
        self._pool.shut(trouble)
        self._health.down("relay", trouble.why)
        news, self._closed = trouble != self._told or _now() - self._closed > CALM, _now()
        if news:
            self._told = trouble
            (log.error if trouble.ours else log.warning)("relay_away", why=trouble.why, code=trouble.code)
        if trouble.ours and self._bell is not None:
            self._rung, self._hushed = trouble, False
            self._bell.ring(trouble.why)

    def _hush(self) -> None:
        """It takes mail, so whatever alarm stands, of a former life too, is over."""
        self._rung, self._hushed = None, True
        if self._bell is not None:
            self._bell.hush()


def _now() -> float:
    return time.monotonic()
