"""A connection that stands only after the stop: whether an SMS may go is asked last, before its first byte."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from services.domain.states import State
from tests.sms.jobs import NUMBERS, Sent, job, world
from tests.stack import Twilio

pytestmark = pytest.mark.stack


class Busy:
    """A server whose queue of connections is full: TCP's handshake waits, and is tried again after a second."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.port = int(listening.getsockname()[1])

    async def first_bytes(self) -> list[bytes]:
        """Take the connections that filled the queue and the one that waited; what each was sent first."""
        loop, got = asyncio.get_running_loop(), []
        for _ in range(FILLING + 1):
            connection, _ = await loop.sock_accept(self._listening)
            with connection:
                connection.setblocking(False)
                got.append(await loop.sock_recv(connection, 4096))
        return got


FILLING = 1


@contextmanager
def busy() -> Iterator[Busy]:
    """Connections that fill the queue are closed at once, having said nothing."""
    with ExitStack() as open_, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        listening.setblocking(False)
        for _ in range(FILLING):
            filling = open_.enter_context(socket.create_connection(listening.getsockname()))
            filling.shutdown(socket.SHUT_WR)
        yield Busy(listening)


@pytest.mark.parametrize("stopped", [True, False])
async def test_what_was_stopped_while_it_connected_does_not_go_out(
    twilio: Twilio, database_url: str, stopped: bool
) -> None:
    """Connecting may take five seconds, and a stop allows one. Given back: nothing was opened, nobody doubts."""
    with busy() as server:
        async with world(
            twilio, database_url, twilio_base_url=f"http://127.0.0.1:{server.port}", twilio_timeout_seconds=5.0
        ) as here:
            here.gate.open = True
            sent, opened = Sent(), list[int]()
            one = replace(job(sent, NUMBERS[0]), opening=lambda delivery: opened.append(delivery.sequence))
            carrying = asyncio.create_task(here.carrier.carry_out(one))
            await asyncio.sleep(0.3)
            assert opened == []
            sent.stopped = stopped
            async with asyncio.timeout(4):
                got = await server.first_bytes()
            sent.stopped = True
            carrying.cancel()
            await asyncio.wait({carrying})
            assert here.gate.open
    assert got[:FILLING] == [b""] * FILLING
    if stopped:
        assert (got[-1], opened) == (b"", [])
        assert (sent.only.state, sent.only.in_doubt) == (State.PLANNED, False)
    else:
        assert got[-1].startswith(b"POST ")
        assert opened == [1]
