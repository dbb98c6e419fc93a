"""A mail relay that answers each command so many seconds after it got to it, counts, and throws away.

`python -m tests.benchmarks.slow_relay --port 2525 --delay 0.005`. smtp-sink delays by whole seconds only. Commands that
come together (RFC 2920) are taken one after the other, each with its delay, as a relay does that works for each answer.
XCOUNT is answered with `250 MAILS BYTES`: bytes of the mails as they came, dots and all.
"""

import argparse
import asyncio
import signal
from typing import Final, cast

import uvloop

READY: Final = b"220 slow-relay ESMTP\r\n"
EHLO: Final = b"250-slow-relay\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
REPLIES: Final = {
    b"EHLO": EHLO, b"HELO": b"250 slow-relay\r\n", b"MAIL": b"250 2.1.0 Ok\r\n", b"RCPT": b"250 2.1.5 Ok\r\n",
    b"DATA": b"354 Go on\r\n", b"RSET": b"250 2.0.0 Ok\r\n", b"NOOP": b"250 2.0.0 Ok\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}  # fmt: skip


class Counter:
    """What was taken by all connections."""

    mails = 0
    size = 0


class Connection(asyncio.Protocol):
    """One connection: lines, or a body up to its dot."""

    def __init__(self, counter: Counter, delay: float) -> None:
        self._counter, self._delay = counter, delay
        self._loop = asyncio.get_running_loop()
        self._buffer, self._in_body, self._free_at = bytearray(), False, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own type is none of asyncio's
        self._answer(READY)

    def data_received(self, data: bytes) -> None:
        """Take commands and bodies as far as they are whole."""
        seen = max(0, len(self._buffer) - 4)
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n.\r\n" if self._in_body else b"\n", seen)
            if end < 0:
                return
            seen = 0
            if self._in_body:
                self._counter.mails += 1
                self._counter.size += end + 2
                del self._buffer[: end + 5]
                self._in_body = False
                self._answer(b"250 2.0.0 Ok\r\n")
            else:
                verb = bytes(self._buffer[:end]).strip().upper().partition(b" ")[0]
                del self._buffer[: end + 1]
                self._command(verb)

    def _command(self, verb: bytes) -> None:
        self._in_body = verb == b"DATA"
        if verb == b"XCOUNT":
            self._transport.write(b"250 %d %d\r\n" % (self._counter.mails, self._counter.size))
        else:
            self._answer(REPLIES.get(verb, b"500 5.5.1 What?\r\n"), last=verb == b"QUIT")

    def _answer(self, reply: bytes, *, last: bool = False) -> None:
        if not self._delay:
            self._send(reply, last=last)
            return
        self._free_at = max(self._loop.time(), self._free_at) + self._delay
        self._loop.call_at(self._free_at, lambda: self._send(reply, last=last))

    def _send(self, reply: bytes, *, last: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)
            if last:
                self._transport.close()


async def _serve(port: int, delay: float) -> None:
    loop, counter, stop = asyncio.get_running_loop(), Counter(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: Connection(counter, delay), "127.0.0.1", port, backlog=1024)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS")
    given = parser.parse_args()
    uvloop.run(_serve(given.port, given.delay))
