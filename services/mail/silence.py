"""How long a relay has been silent: one timer, armed now and then, that looks how long it has been; none per answer."""

import asyncio
from collections.abc import Callable


class Silence:
    """Of one connection. `look` is called within `often` seconds of its beginning, and again when it asks for it."""

    def __init__(self, often: float, look: Callable[[], None]) -> None:
        self._often, self._look = often, look
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0

    @property
    def seconds(self) -> float:
        """Since the last answer, or since we asked."""
        return self._loop.time() - self._since

    def begins(self) -> None:
        """The time starts anew for the next answer."""
        self._since = self._loop.time()
        if self._timer is None:
            self.look_within(self._often)

    def look_within(self, seconds: float) -> None:
        """Look again then, or sooner."""
        self._timer = self._loop.call_later(min(seconds, self._often), self._looking)

    def ends(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _looking(self) -> None:
        self._timer = None
        self._look()
