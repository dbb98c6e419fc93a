"""Whether a provider does its work: by the share of requests without a clear answer in the last minute.

Once it does not, it is left alone for a while, and then tried with one SMS at a time; only when some of these in a row
went well does everything go there again, and each time that one did not, it is left alone for twice as long. So a
provider that comes and goes is not swung to and fro with all that is to be sent.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 60.0
FEWEST: Final = 10
"""Requests in the window before a share of them says anything."""
IN_A_ROW: Final = 3
"""SMS that must go well, one after the other, before all go there again."""
LONGEST_BACK: Final = 300.0


class Breaker:
    """Of one provider, in one worker. Times are monotonic seconds."""

    def __init__(self, share: float, back: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._usual_back, self._clock = share, back, clock
        self._recent: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._back, self._try_at = back, float("-inf")
        self._trying, self._row = False, 0
        self.tripped = False

    @property
    def allows(self) -> bool:
        """Whether an SMS may go this way now."""
        return not self.tripped or (not self._trying and self._clock() >= self._try_at)

    def trip(self) -> None:
        """Leave it alone for a while."""
        self._back = min(2 * self._back, LONGEST_BACK) if self.tripped else self._usual_back
        self.tripped, self._trying, self._row = True, False, 0
        self._try_at = self._clock() + self._back
        self._recent.clear()
        self._failed = 0

    def begin(self) -> None:
        """An SMS goes this way now; say what came of it with `went`."""
        self._trying = self.tripped

    def went(self, well: bool | None) -> None:
        """The provider answered clearly, or not; None: this SMS says nothing of it."""
        if self.tripped:
            self._tried(well)
        elif well is not None:
            self._count(well)
            if len(self._recent) >= FEWEST and self._failed >= self._share * len(self._recent):
                self.trip()

    def _tried(self, well: bool | None) -> None:
        was_trial, self._trying = self._trying, False
        if not was_trial or well is None:  # it was under way before, or was not sent
            return
        if not well:
            self.trip()
            return
        self._row += 1
        if self._row >= IN_A_ROW:
            self.tripped, self._back = False, self._usual_back

    def _count(self, well: bool) -> None:
        now = self._clock()
        self._recent.append((now, well))
        self._failed += not well
        while now - self._recent[0][0] > WINDOW_SECONDS:
            self._failed -= not self._recent.popleft()[1]
