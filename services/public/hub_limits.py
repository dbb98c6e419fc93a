"""How many requests to subscribe are taken: nobody makes us call one host, or many, without end.

Each copy of `public` counts by itself. By callback, not by sender: behind a proxy all senders look the same.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PER_HOST: Final = (20, 0.2)
IN_ALL: Final = (200, 10.0)
"""So many at once, and so many a second after that."""

HOSTS: Final = 10_000
"""Remembered; beyond, whoever was quiet longest is forgotten."""


@dataclass(slots=True)
class _Bucket:
    """`left` at the moment `at`; it fills again with time."""

    left: float
    at: float

    def take(self, size: int, per_second: float, now: float) -> bool:
        self.left = min(size, self.left + (now - self.at) * per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Limits:
    """Token buckets in memory, one for each host and one for all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = _Bucket(IN_ALL[0], clock())
        self._hosts: OrderedDict[str, _Bucket] = OrderedDict()

    def let(self, host: str) -> bool:
        """Whether one more request for this host is taken now. What a host has too many costs the others nothing."""
        now = self._clock()
        bucket = self._hosts.setdefault(host, _Bucket(PER_HOST[0], now))
        self._hosts.move_to_end(host)
        if len(self._hosts) > HOSTS:
            self._hosts.popitem(last=False)
        return bucket.take(*PER_HOST, now) and self._all.take(*IN_ALL, now)
