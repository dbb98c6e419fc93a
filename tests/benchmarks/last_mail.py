"""A message is stopped while it is being sent at full speed: how long until the last mail has left.

Asked of the sink, which counts, and not of those who send: every 5 ms, until nothing more has come for 3 s.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.deployment import APPROVER, Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of, rounded
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.sending import send

LAST_MAIL: Final = ("stop-last-mail", "s", Target("at most", 1.0))
WARM: Final = 500
LOOK_EVERY: Final = 0.005
STILL: Final = 3.0
BEGUN: Final = 0.03
"""Share of the mails that has left when the command is typed, which takes most of a second to start."""


def measure(servers: Servers, *, contacts: int, runs: int) -> list[Figure]:
    """From the commit of the stop to the last mail at the sink; the details have it from the command's return."""
    with deployment(servers, "last-mail") as made:
        add_contacts(made, WARM, FEW)
        add_contacts(made, contacts)
        relay, _ = fast_relay(made)
        start_all(made, relay)
        send(made, message("Vooraf", FEW), relay.mails)
        found = [_stopped(made, relay.mails, run, contacts) for run in range(runs)]
    details = {
        "recipients": contacts,
        "since_return": [rounded(each.since_return) for each in found],
        "mails_per_second_before": [rounded(each.rate) for each in found],
        "mails_after_stop": [each.after for each in found],
        "not_sent": [each.unsent for each in found],
    }
    return [figure_of(*LAST_MAIL, [each.since_stop for each in found], details=details)]


@dataclass(frozen=True)
class Stopped:
    """One stop. `since_stop`, `since_return`: seconds until the last mail, 0 when none came; `after`: mails since."""

    since_stop: float
    since_return: float
    rate: float
    after: int
    unsent: int


@dataclass
class Watch:
    """Counts at the sink over time, looked at by a thread of its own."""

    count: Callable[[], int]
    seen: list[tuple[float, int]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until told to end; keep each change with when it was seen (Unix seconds)."""
        while not self.ended.wait(LOOK_EVERY):
            if not self.seen or self.count() != self.seen[-1][1]:
                self.seen.append((time.time(), self.count()))

    def at(self, moment: float) -> int:
        """How many there were at this moment."""
        return next((count for when, count in reversed(self.seen) if when <= moment), self.seen[0][1])


def _stopped(made: Deployment, count: Callable[[], int], run: int, contacts: int) -> Stopped:
    message_id, before = made.submit(message(f"Meting {run}")), count()
    watch = Watch(count)
    looking = threading.Thread(target=watch.run)
    looking.start()
    try:
        made.approve(message_id)
        _wait(lambda: count() - before >= BEGUN * contacts)
        made.run("message", "stop", message_id, as_=APPROVER)
        returned = time.time()
        _wait(lambda: time.time() - max(watch.seen[-1][0], returned) > STILL)
    finally:
        watch.ended.set()
        looking.join()
    made.until_done(message_id)
    status = made.status(message_id)
    stopped = _stopped_at(made, message_id)
    last = watch.seen[-1][0]
    sent, unsent = watch.seen[-1][1] - before, status["channels"]["mail"].get("superseded", 0)
    if not unsent or sent + unsent != contacts or status["possible_duplicates"]:
        raise FailedRun(f"{sent} mails at the sink and {unsent} superseded, of {contacts}: {status['channels']}")
    found = Stopped(
        since_stop=max(last - stopped, 0.0), since_return=max(last - returned, 0.0),
        rate=2 * (watch.at(stopped) - watch.at(stopped - 0.5)), after=watch.seen[-1][1] - watch.at(stopped),
        unsent=unsent,
    )  # fmt: skip
    say(f"last mail: {found}")
    return found


def _wait(true: Callable[[], bool], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise FailedRun("nothing was sent")
        time.sleep(LOOK_EVERY)


def _stopped_at(made: Deployment, message_id: str) -> float:
    query = "SELECT extract(epoch FROM stopped_at) FROM message WHERE id = %s"
    with made.connect() as connection:
        return float((connection.execute(query, (message_id,)).fetchone() or (0,))[0])
