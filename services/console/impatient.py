"""A connection on which no whole request comes in time is closed: uvicorn itself waits for ever, and a few thousand of
those (Slowloris) would leave none for anybody else."""

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS: Final = 20.0
BYTES: Final = 64 * 1024
"""A long upload may take longer, as long as so much of it comes in each `SECONDS`."""


class Impatient(H11Protocol):
    """Uvicorn's own, with a clock for what comes in; what goes out, such as events, may last."""

    seconds: float = SECONDS
    _late: asyncio.TimerHandle | None = None
    _came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock begins before the first byte."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """It stops when a request is whole, and begins again with the next."""
        super().data_received(data)
        self._came += len(data)
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._stop_waiting()
        elif self._late is None or self._came >= BYTES:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there to be impatient with."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._late = self.loop.call_later(self.seconds, self._is_late)

    def _stop_waiting(self) -> None:
        self._came = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _is_late(self) -> None:
        self._late = None
        if self.flow.read_paused:  # it is we who do not read
            self._wait()
        else:
            self.transport.abort()
