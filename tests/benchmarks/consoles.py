"""200 open consoles while a message to many is sent: what they see and when, what it costs, how quick pages are."""

import bisect
import hashlib
import http.client
import json
import re
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from services.console.access import COOKIE
from services.devstack import processes
from services.devstack.up import SERVICES
from tests.benchmarks.deployment import APPROVER, Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of, percentile, rounded
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.sending import Sent, send

SEEN: Final = ("consoles-progress", "s, p95", Target("at most", 1.0))
FAN_OUT: Final = ("consoles-fan-out", "of without consoles", Target("at least", 0.95))
PAGES: Final = ("consoles-pages", "s, p95", Target("at most", 0.2))
PATHS: Final = ("/", "/messages")
PAGE_EVERY: Final = 0.5
"""Somebody opens a page: of 200 consoles each one every 100 s."""
LOOK_EVERY: Final = 0.05
"""The meter looks at the ledger, in runs with consoles and without."""
EVENT: Final = re.compile(rb"event: progress\nid: [^\n]*\ndata: ([^\n]*)\n\n")


def measure(servers: Servers, *, contacts: int, consoles: int, runs: int) -> list[Figure]:
    """All three figures of the same runs: by turns without and with open consoles, which also load pages."""
    with deployment(servers, "consoles") as made:
        add_contacts(made, contacts)
        add_contacts(made, 200, FEW)
        address = made.env["ROELAND_CONSOLE_ADDRESS"] = f"127.0.0.1:{processes.free_port()}"
        relay, _ = fast_relay(made)
        start_all(made, relay, [name for name in SERVICES if name not in {"sms", "console"}])
        made.start("console")
        send(made, message("Vooraf", FEW), relay.mails)
        cookies = _sessions(made, consoles)
        pairs, seen, pages, costs = list[tuple[Sent, Sent]](), list[float](), list[float](), list[dict[str, Any]]()
        for run in range(runs):
            with watching(made, address, []):
                without = send(made, message(f"Zonder {run}"), relay.mails)
                time.sleep(1.5)
            with watching(made, address, cookies) as watched:
                with_ = send(made, message(f"Met {run}"), relay.mails)
                time.sleep(1.5)  # the last that is settled is seen too
            pairs.append((without, with_))
            seen += watched.latencies()
            pages += watched.pages
            costs.append(watched.cost(with_))
            say(f"consoles {run + 1}/{runs}: {without.rate:.0f}/s without, {with_.rate:.0f}/s with; {costs[-1]}")
    return figures(pairs, seen, pages, costs, consoles)


def figures(
    pairs: Sequence[tuple[Sent, Sent]],
    seen: list[float],
    pages: list[float],
    costs: list[dict[str, Any]],
    consoles: int,
) -> list[Figure]:
    """What the runs come to."""
    details: dict[str, Any] = {
        "consoles": consoles, "recipients": pairs[0][0].recipients, "runs": costs,
        "mails_per_second": [[rounded(each.rate) for each in pair] for pair in pairs],
        "machine_during": [with_.machine for _, with_ in pairs],
    }  # fmt: skip
    return [
        Figure(*SEEN, value=percentile(seen, 0.95), values=[percentile(seen, 0.5), max(seen)], details=details),
        figure_of(*FAN_OUT, [with_.rate / without.rate for without, with_ in pairs], details=details),
        Figure(
            *PAGES, value=percentile(pages, 0.95), values=[percentile(pages, 0.5), max(pages)],
            details={"pages": len(pages), "paths": PATHS},
        ),
    ]  # fmt: skip


@dataclass
class Watched:
    """What open consoles saw. `ledger`, `shown`: moments and how many contacts were settled, there and on a page."""

    ledger: list[tuple[float, int]] = field(default_factory=list)
    shown: list[tuple[float, int]] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    bytes: int = 0
    events: int = 0
    cpu: float = 0.0
    seconds: float = 0.0

    def latencies(self) -> list[float]:
        """From each count of the ledger to the first event that shows it."""
        rising, last = list[tuple[int, float]](), 0
        for at, count in self.shown:
            if count > last:
                rising.append((count, at))
                last = count
        found, before = list[float](), 0
        for at, count in self.ledger:
            place = bisect.bisect_left(rising, (count, 0.0))
            if count > before and place < len(rising):
                found.append(max(rising[place][1] - at, 0.0))
            before = max(before, count)
        if not found:
            raise FailedRun("no console saw any progress")
        return found

    def cost(self, sent: Sent) -> dict[str, Any]:
        """What it took of the console."""
        return {
            "console_cores": rounded(self.cpu / self.seconds), "events": self.events,
            "megabytes": rounded(self.bytes / 1e6),
            "cpu_us_per_event": rounded(1e6 * self.cpu / max(self.events, 1)),
            "console_during_send": rounded(sent.cpu.get("console", 0.0) / sent.seconds),
        }  # fmt: skip


@contextmanager
def watching(made: Deployment, address: str, cookies: Sequence[str]) -> Iterator[Watched]:
    """So many read the board, the last as a program does; somebody loads pages; the ledger is looked at.

    Without cookies nobody reads or loads, and the ledger is looked at all the same.
    """
    watched, over = Watched(), threading.Event()
    opened = [_open(address, cookie, "/live/board") for cookie in cookies[:-1]]
    work = [threading.Thread(target=_look, args=(made, watched, over))]
    if cookies:
        opened.append(_open(address, cookies[-1], "/api/v1/live/board"))
        work.append(threading.Thread(target=_read, args=(opened, watched, over)))
        work.append(threading.Thread(target=_load, args=(address, cookies[0], watched, over)))
    cpu, began = made.cpu()["console"], time.monotonic()
    for each in work:
        each.start()
    try:
        yield watched
    finally:
        watched.cpu, watched.seconds = made.cpu()["console"] - cpu, time.monotonic() - began
        over.set()
        for each in work:
            each.join()
        for stream in opened:
            stream.close()


def _sessions(made: Deployment, count: int) -> list[str]:
    """Cookies of so many who are signed in."""
    tokens = [secrets.token_urlsafe(32) for _ in range(count)]
    with made.connect() as connection:
        for token in tokens:
            connection.execute(_SESSION, (hashlib.sha256(token.encode()).digest(), APPROVER))
    return [f"{COOKIE}={token}" for token in tokens]


def _open(address: str, cookie: str, path: str) -> socket.socket:
    host, port = address.rsplit(":", 1)
    stream = socket.create_connection((host, int(port)), timeout=10)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n".encode())
    stream.setblocking(False)
    return stream


def _read(opened: Sequence[socket.socket], watched: Watched, over: threading.Event) -> None:
    """All streams, cheaply: only the last is understood."""
    selector = selectors.DefaultSelector()
    for each in opened:
        selector.register(each, selectors.EVENT_READ)
    kept = b""
    while not over.is_set():
        for key, _ in selector.select(0.1):
            received = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
            watched.bytes += len(received)
            watched.events += received.count(b"\nid: ")
            if key.fileobj is opened[-1]:
                kept = _understood(kept + received, watched)
            if not received:
                selector.unregister(key.fileobj)


def _understood(received: bytes, watched: Watched) -> bytes:
    """Take note of each whole event; what follows the last is kept. Chunks of HTTP may stand in between."""
    plain = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", received)
    end = 0
    for event in EVENT.finditer(plain):
        running = json.loads(event[1])
        counts = [channel for each in running for channel in each["channels"].values()]
        watched.shown.append((time.monotonic(), sum(each["all"] - each["open"] for each in counts)))
        end = event.end()
    return plain[end:]


def _load(address: str, cookie: str, watched: Watched, over: threading.Event) -> None:
    """A page every tenth of a second, each on a connection that stays."""
    connection = http.client.HTTPConnection(address, timeout=30)
    while not over.is_set():
        for path in PATHS:
            began = time.monotonic()
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            answer.read()
            watched.pages.append(time.monotonic() - began)
            if answer.status != 200:
                raise FailedRun(f"{path} answered {answer.status}")
            over.wait(PAGE_EVERY)


def _look(made: Deployment, watched: Watched, over: threading.Event) -> None:
    """How many of what runs are settled, as the ledger has it."""
    with made.connect() as connection:
        while not over.is_set():
            row = connection.execute(_SETTLED).fetchone()
            watched.ledger.append((time.monotonic(), int(row[0] or 0) if row else 0))
            over.wait(LOOK_EVERY)


_SESSION: Final = "INSERT INTO session (token, user_id, how) SELECT %s, id, 'password' FROM users WHERE email = %s"

_SETTLED: Final = """
SELECT sum(b.accepted + b.delivered + b.failed + b.bounced + b.unknown)
FROM batch b WHERE b.message IN (SELECT message FROM batch WHERE planned + deferred + claimed > 0)
"""
