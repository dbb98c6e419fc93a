"""Whether workers live: their counters move. What one looked at before is remembered, for the record has no clock."""

import time
from collections.abc import Mapping
from typing import Final, Literal

SILENT_SECONDS: Final = 8.0
"""A worker beats once a second, and its peers end it after ten."""

Life = Literal["works", "silent", "absent"]


class Pulse:
    """What the counters were, and since when each stands at that."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, float]] = {}

    def of(self, beats: Mapping[str, Mapping[int, int]]) -> dict[str, Life]:
        """How each channel is: somebody works there, all are silent, or nobody is there."""
        now = time.monotonic()
        living = {epoch: beat for each in beats.values() for epoch, beat in each.items()}
        self._seen = {
            epoch: known if (known := self._seen.get(epoch)) and known[0] == beat else (beat, now)
            for epoch, beat in living.items()
        }
        return {channel: self._life(each, now) for channel, each in beats.items()}

    def _life(self, beats: Mapping[int, int], now: float) -> Life:
        if not beats:
            return "absent"
        return "works" if any(now - self._seen[epoch][1] < SILENT_SECONDS for epoch in beats) else "silent"
