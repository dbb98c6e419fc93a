"""How often somebody may ask. Buckets of this process: two consoles side by side give twice as much."""

import time
from dataclasses import dataclass, field
from typing import Final

MOST_NAMES: Final = 10_000


class TooMany(Exception):
    """429, with the seconds to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass
class Buckets:
    """`burst` at once, then `rate` a second, for each name."""

    rate: float
    burst: int
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, name: str) -> None:
        """Take one. Raises `TooMany`."""
        now = time.monotonic()
        if len(self._left) > MOST_NAMES:
            self._forget(now)
        left, at = self._left.pop(name, (float(self.burst), now))
        left = min(float(self.burst), left + (now - at) * self.rate)
        self._left[name] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise TooMany((1 - left) / self.rate)

    def clear(self) -> None:
        """Forget all."""
        self._left.clear()

    def _forget(self, now: float) -> None:
        full = self.burst / self.rate
        self._left = {name: kept for name, kept in self._left.items() if now - kept[1] < full}
        while len(self._left) > MOST_NAMES:
            self._left.pop(next(iter(self._left)))


CALLS: Final = Buckets(rate=20, burst=100)
"""Calls of a user, or of a key."""

STRANGERS: Final = Buckets(rate=1 / 6, burst=20)
"""Keys that nobody knows, from one address."""
