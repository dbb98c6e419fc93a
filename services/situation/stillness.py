"""How long something has been seen not to move, by our own monotonic clock; no other clock counts.

Whoever starts anew has seen nothing yet: the count begins again.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field


@dataclass
class Stillness:
    """Values as last read, and since when each has been read as this."""

    _seen: dict[Hashable, tuple[object, float, bool]] = field(default_factory=dict)

    def read(self, values: Mapping[Hashable, object], now: float) -> None:
        """One reading of everything there is; what is not in it is forgotten. `now` in monotonic seconds."""
        self._seen = {key: self._after(key, value, now) for key, value in values.items()}

    def seconds(self, key: Hashable, now: float) -> float:
        """For how long this has not moved."""
        return now - self._seen[key][1] if key in self._seen else 0.0

    def moved(self, key: Hashable) -> bool:
        """Whether it was seen to move at all."""
        return key in self._seen and self._seen[key][2]

    def _after(self, key: Hashable, value: object, now: float) -> tuple[object, float, bool]:
        if key not in self._seen:
            return value, now, False
        last, since, moved = self._seen[key]
        return (last, since, moved) if last == value else (value, now, True)
