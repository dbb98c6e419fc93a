"""From an entry's publication to the moment at which `public` serves it, while mails to many are being sent."""

import http.client
import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

from services.devstack.up import SERVICES
from tests.benchmarks.deployment import Deployment, Servers, deployment, say, start_all
from tests.benchmarks.feeds_rebuild import PUBLIC_URL
from tests.benchmarks.history import add_history, waiting
from tests.benchmarks.judgement import FailedRun, Figure, Target, percentile, rounded
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.sending import send

LATENCY: Final = ("feed-latency", "s, p95", Target("at most", 1.0))
LOOK_SECONDS: Final = 0.01
LEAST: Final = 0.05
"""Share of the routine message that must be open; else another one is sent, for the next entry to be beside mails."""


def measure(servers: Servers, *, contacts: int, entries: int, times: int) -> list[Figure]:
    """In a newsfeed with a history, one entry at a time, each in the open feed."""
    with deployment(servers, "latency", ROELAND_PUBLIC_URL=PUBLIC_URL) as made:
        add_contacts(made, contacts)
        add_contacts(made, 200, FEW)
        add_history(made, entries)
        relay, _ = fast_relay(made)
        start_all(made, relay, [name for name in SERVICES if name != "sms"])
        while waiting(made):
            time.sleep(0.5)
        send(made, message("Vooraf", FEW), relay.mails)
        news = [made.submit(_news(number)) for number in range(times)]
        routine, found = list[str](), list[tuple[float, float]]()
        while news:
            if not routine or _open(made, routine[-1]) < LEAST * contacts:
                routine.append(made.submit(message(f"Routine {len(routine)}")))
                made.approve(routine[-1])
            taken = _taken(made, news.pop())
            if _open(made, routine[-1]):
                found.append(taken)
                say(f"feed-latency {len(found)}/{times}: {taken[0]:.3f} s")
            else:
                news.append(made.submit(_news(times + len(routine))))
        for message_id in routine:
            made.until_done(message_id)
    values = [latency for latency, _ in found]
    details: dict[str, Any] = {
        "p50": rounded(percentile(values, 0.5)), "max": rounded(max(values)), "entries": entries,
        "since_approval_p95": rounded(percentile([since for _, since in found], 0.95)),
        "routine_recipients": contacts, "routine_messages": len(routine),
    }  # fmt: skip
    return [Figure(*LATENCY, value=percentile(values, 0.95), values=values, details=details)]


def _news(number: int) -> dict[str, Any]:
    return message(f"Nieuws {number}", "public", kind="alert", urgency="urgent", channels=["newsfeed"])


def _taken(made: Deployment, message_id: str) -> tuple[float, float]:
    """Seconds from the entry's publication, and from the approval, until the feed that is served has it."""
    reader = _Reader(made.env["ROELAND_PUBLIC_ADDRESS"], message_id)
    reader.start()
    made.approve(message_id)
    reader.join(30)
    with made.connect() as connection:
        row = connection.execute(_PUBLISHED, (message_id,)).fetchone()
    if reader.seen_at is None or row is None:
        raise FailedRun("an entry was not served within 30 s")
    return (reader.seen_at - row[0]).total_seconds(), (reader.seen_at - row[1]).total_seconds()


class _Reader(threading.Thread):
    """Asks for the open feed again and again, over one connection, as whoever has the last one, until it has this."""

    def __init__(self, address: str, message_id: str) -> None:
        super().__init__(daemon=True)
        self._address, self._message_id = address, message_id
        self.seen_at: datetime | None = None

    def run(self) -> None:
        """For half a minute at most."""
        connection, etag, until = http.client.HTTPConnection(self._address, timeout=10), "", time.monotonic() + 30
        while self.seen_at is None and time.monotonic() < until:
            connection.request("GET", "/feeds/public.atom", headers={"If-None-Match": etag} if etag else {})
            answer = connection.getresponse()
            body, etag = answer.read(), answer.headers["ETag"]
            if self._message_id.encode() in body:
                self.seen_at = datetime.now(UTC)
            time.sleep(LOOK_SECONDS)


def _open(made: Deployment, message_id: str) -> int:
    with made.connect() as connection:
        return int((connection.execute(_LEFT, (message_id,)).fetchone() or (0,))[0])


_PUBLISHED: Final = """
SELECT e.published_at, m.approved_at FROM feed_entry e JOIN message m ON m.number = e.message
WHERE m.id = %s AND e.audience = 'public'
"""

_LEFT: Final = """
SELECT coalesce(sum(b.planned + b.deferred + b.claimed), 0)
FROM batch b JOIN message m ON m.number = b.message WHERE m.id = %s
"""
