"""A connection on which no whole request comes in time, or of which nobody takes the answer, is closed: uvicorn itself
waits for ever, and a few thousand of those (Slowloris) would leave none for anybody else."""

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS: Final = 20.0
BYTES: Final = 64 * 1024
"""A long upload may take longer, as long as so much of it comes in each `SECONDS`."""
TAKING_SECONDS: Final = 60.0
TAKEN_BYTES: Final = 4 * 1024
"""Of what waits to go out, so much at least is taken in each `TAKING_SECONDS`: a telephone with bad reception does."""


class Impatient(H11Protocol):
    """Uvicorn's own, with a clock for what comes in, and one for what is not taken: events may last as they like."""

    seconds: float = SECONDS
    seconds_taking: float = TAKING_SECONDS
    _late: asyncio.TimerHandle | None = None
    _untaken: asyncio.TimerHandle | None = None
    _came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock begins before the first byte."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # to be told of all that waits, however little
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
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to go out than should."""
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        """It is being taken."""
        super().resume_writing()
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def _look_again(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._untaken = self.loop.call_later(self.seconds_taking, self._is_taken, left)

    def _is_taken(self, left: int) -> None:
        if left - self.transport.get_write_buffer_size() < TAKEN_BYTES:
            self.transport.abort()
        else:
            self._look_again()

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
