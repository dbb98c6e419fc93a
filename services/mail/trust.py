"""Whether the relay does what it announced: PIPELINING.

Some do not: they drop what came behind the first command, or what came behind a body, or hang up on a group. So one
connection tries first, while the others send one command after the other; once a group that followed a body was
answered in full, all do as it did. What goes wrong in a group counts against the relay, and a relay that was caught
gets one command at a time, until it is tried again.
"""

import time
from collections.abc import Callable
from typing import Final

import structlog

PLAIN_SECONDS: Final = 600.0
"""For so long a relay that was caught is not tried again."""
FAILURES: Final = 3
"""So many silences in mid-group, within the time above, and a relay that had proved itself is not believed any more."""
HANG_UPS: Final = 2
"""So many trials in a row that ended with the connection: not a relay that happened to restart."""
SLOW_SECONDS: Final = 10.0
"""So long after a body that waited for its answer no envelope is put behind one: it would wait too, to save little."""

log = structlog.get_logger(__name__)


class Trust:
    """What is known of one relay, by all its connections."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._trying: object = None
        self._hang_ups = 0
        self._silences: list[float] = []
        self._plain_until = self._slow_until = float("-inf")
        self.proven = False
        """Whether everyone may send groups."""

    @property
    def slow(self) -> bool:
        """Whether the relay takes its time over bodies."""
        return self._clock() < self._slow_until

    def dawdles(self) -> None:
        """A body had no answer for a while."""
        self._slow_until = self._clock() + SLOW_SECONDS

    def may_try(self, session: object) -> bool:
        """Whether this connection may send groups while the relay has not proved itself."""
        if self._trying is None and self._clock() >= self._plain_until:
            self._trying = session
        return self._trying is session

    def prove(self) -> None:
        """A body with a group behind it was answered in full."""
        self.proven, self._trying, self._hang_ups = True, None, 0

    def leave(self, session: object) -> None:
        """This connection tries no more."""
        if self._trying is session:
            self._trying = None

    def silence(self, session: object) -> None:
        """A group was answered in part, and the rest not in time."""
        now = self._clock()
        self._silences = [at for at in self._silences if now - at < PLAIN_SECONDS] + [now]
        if self._trying is session or len(self._silences) >= FAILURES:
            self._catch(now)
        self.leave(session)

    def hang_up(self, session: object) -> bool:
        """The connection ended in mid-group. Relays also restart, so it counts in a trial only, and must happen twice.

        Returns whether it counted: then it says nothing else of the relay.
        """
        counts = self._trying is session
        if counts:
            self._trying = None
            self._hang_ups += 1
            if self._hang_ups >= HANG_UPS:
                self._catch(self._clock())
        return counts

    def _catch(self, now: float) -> None:
        if self._plain_until == float("-inf"):
            log.warning("relay_does_not_pipeline", again_seconds=PLAIN_SECONDS)
        self.proven, self._hang_ups, self._plain_until = False, 0, now + PLAIN_SECONDS
        self._silences.clear()
