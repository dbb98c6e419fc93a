"""Readiness where there are two providers: SMS can go while either of them answers."""

from collections.abc import Collection

from services.runtime.health import Health


class OneOf:
    """What the gates of several providers say of them, told to `health` as one thing, `what`: missing when all are."""

    def __init__(self, health: Health, what: str, names: Collection[str]) -> None:
        self._health, self._what, self._names = health, what, set(names)
        self._down: dict[str, str] = {}

    def up(self, name: str) -> None:
        """This one answers."""
        self._down.pop(name, None)
        self._health.up(self._what)

    def down(self, name: str, why: str) -> None:
        """This one does not; `why` is a few words without personal data."""
        self._down[name] = why
        if self._down.keys() >= self._names:
            self._health.down(self._what, "; ".join(f"{each}: {self._down[each]}" for each in sorted(self._names)))
