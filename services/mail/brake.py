"""How many connections may send at once to a relay that takes only so many mails a second.

It says so with 4xx to MAIL, which names no recipient: nobody is to blame, and no attempt is used. All wait a moment;
then one goes alone, and one more with each mail that is taken. The first wait is a little shorter than it lasted the
time before, each that follows a quarter of the time that it has lasted: so the pace settles just above the relay's,
whether it counts by the second or by the minute, and it is seldom asked in vain.
"""

import time
from collections.abc import Callable
from typing import Final

SHORTEST: Final = 0.02
LONGEST: Final = 1.0
"""Seconds that a wait takes."""
LASTED: Final = 0.1
"""Seconds; so long the first refusal is taken to last."""
PATIENCE: Final = 3.0
"""A relay that took nothing for so long counts as away: what is in hand is given back, and nothing is claimed."""
GATHERING: Final = 0.2
"""Seconds until the first goes when a relay takes mail again, but perhaps only one: time to claim what is urgent."""


class Brake:
    """The pace of one worker. `most`: so many connections send when nothing is refused."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._window = most
        self._since: float | None = None
        self._lasted = LASTED
        self._held = False

    @property
    def on(self) -> bool:
        """Whether fewer than usual may send."""
        return self._held or self._window < self._most

    @property
    def window(self) -> int:
        """How many may send at once."""
        return 0 if self._held else self._window

    @property
    def stubborn(self) -> bool:
        """Whether it has refused everything for too long."""
        return self._since is not None and self._clock() - self._since >= PATIENCE

    def refused(self) -> float | None:
        """Hold all. Returns for how many seconds (then call `go_on`); None when all are held already."""
        if self._held:
            return None
        now = self._clock()
        if self._since is None:
            self._since, wait = now, 0.75 * self._lasted
        else:
            wait = (now - self._since) / 4
        self._held, self._window = True, 1
        return min(max(wait, SHORTEST), LONGEST)

    def go_on(self) -> None:
        """The wait is over."""
        self._held = False

    def took(self) -> bool:
        """The relay took a mail. Returns whether one more may send; what was under way before a wait says nothing."""
        if self._held:
            return False
        since, self._since = self._since, None
        if since is not None:
            self._lasted = self._clock() - since
        if self._window >= self._most:
            return False
        self._window += 1
        return True

    def begin_anew(self) -> float:
        """It was away and is back. Returns for how many seconds all wait (then call `go_on`), before one goes alone."""
        self._since, self._held = None, self.on
        return GATHERING if self._held else 0.0
