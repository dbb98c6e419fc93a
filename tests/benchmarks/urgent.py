"""Urgent messages while a routine one to many is being sent: from the approval to the first and the last accepted."""

import time
from datetime import UTC, datetime
from typing import Any, Final

from tests.benchmarks.deployment import Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import Account, FailedRun, Figure, Target, judge, percentile, rounded
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import FEW, URGENT, add_contacts, message
from tests.benchmarks.sending import account, send

FIRST: Final = ("urgent-first", "s, p95", Target("at most", 0.5))
LAST: Final = ("urgent-last", "s, p95", Target("at most", 2.0))
PEOPLE: Final = 300
TEXT: Final = "CCVO: dringend, zie uw mail."
LEAST: Final = 0.05
"""Share of a routine message that must be open for the next urgent one; else another routine one is sent first."""


def measure(servers: Servers, *, contacts: int, times: int) -> list[Figure]:
    """Both figures, over the slower of the two channels each time."""
    with deployment(servers, "urgent") as made:
        add_contacts(made, contacts)
        add_contacts(made, PEOPLE, URGENT, mobile=True)
        add_contacts(made, 200, FEW)
        relay, _ = fast_relay(made)
        start_all(made, relay)
        send(made, message("Vooraf", FEW), relay.mails)
        mails = relay.mails()
        waiting = [made.submit(urgent(number)) for number in range(times)]
        routine: list[str] = []
        found: list[dict[str, list[float]]] = []
        while waiting:
            if not routine or _open(made, routine[-1]) < LEAST * contacts:
                routine.append(made.submit(message(f"Routine {len(routine)}")))
                made.approve(routine[-1])
            message_id, asked = waiting.pop(), datetime.now(UTC)
            made.approve(message_id)
            made.until_done(message_id, look_every=0.02)
            if _open(made, routine[-1]):  # else it was not beside routine mail to its end
                found.append(_times(made, message_id, asked))
                say(f"urgent {len(found)}/{times}: {found[-1]}")
            else:
                waiting.append(made.submit(urgent(times + len(routine))))
            time.sleep(0.2)
        for message_id in routine:
            made.until_done(message_id)
        _judge(made, routine, relay.mails() - mails, times)
    return figures(found, contacts, len(routine))


def urgent(number: int) -> dict[str, Any]:
    """An urgent message on mail and SMS."""
    return message(f"Dringend {number}", URGENT, kind="alert", urgency="urgent", channels=["mail", "sms"], sms=TEXT)


def figures(found: list[dict[str, list[float]]], contacts: int, routine: int) -> list[Figure]:
    """The 95th percentile of first and last; the details have both channels."""
    details: dict[str, Any] = {"recipients": PEOPLE, "routine_recipients": contacts, "routine_messages": routine}
    for channel in ("mail", "sms"):
        for place, name in enumerate(("first", "last", "last_since_command")):
            values = [times[channel][place] for times in found]
            details[f"{channel}_{name}"] = {
                "p50": rounded(percentile(values, 0.5)), "p95": rounded(percentile(values, 0.95)),
                "max": rounded(max(values)),
            }  # fmt: skip
    slower = [[max(times[channel][place] for channel in times) for times in found] for place in (0, 1)]
    return [
        Figure(*promise, value=percentile(values, 0.95), values=values, details=details)
        for promise, values in zip((FIRST, LAST), slower, strict=True)
    ]


def _times(made: Deployment, message_id: str, asked: datetime) -> dict[str, list[float]]:
    """Seconds from approval to the first and to the last acceptance, and from the command to the last; by channel."""
    with made.connect() as connection:
        rows = connection.execute(_ACCEPTED, (message_id,)).fetchall()
    found = {
        channel: [_seconds(approved, first), _seconds(approved, last), _seconds(asked, last)]
        for channel, approved, first, last in rows
    }
    if set(found) != {"mail", "sms"}:
        raise FailedRun(f"an urgent message went out on {sorted(found)} only")
    return found


def _seconds(since: datetime, until: datetime | None) -> float:
    if until is None:
        raise FailedRun("an urgent message was done and nobody had it")
    return (until - since).total_seconds()


def _open(made: Deployment, message_id: str) -> int:
    with made.connect() as connection:
        return int((connection.execute(_LEFT, (message_id,)).fetchone() or (0,))[0])


def _judge(made: Deployment, routine: list[str], mails: int, times: int) -> None:
    """All that were sent, of both kinds, against the two sinks."""
    with made.connect() as connection:
        ids = [str(row[0]) for row in connection.execute("SELECT id FROM message WHERE lane = 'urgent'").fetchall()]
    statuses = [made.status(message_id) for message_id in (*routine, *ids)]
    for channel, at_sink in (("mail", mails), ("sms", made.texts())):
        accounts = [account(status, 0, channel) for status in statuses if channel in status["channels"]]
        judge(
            Account(
                recipients=sum(each.recipients for each in accounts),
                state=next((each.state for each in accounts if each.state != "done"), "done"),
                counts={"accepted": sum(each.accepted for each in accounts)},
                possible_duplicates=sum(each.possible_duplicates for each in accounts),
                at_sink=at_sink,
            )
        )
    if len(ids) < times:
        raise FailedRun(f"{len(ids)} of {times} urgent messages were sent")


_ACCEPTED: Final = """
SELECT b.channel, m.approved_at, min(b.first_accepted_at), max(b.last_accepted_at)
FROM batch b JOIN message m ON m.number = b.message WHERE m.id = %s GROUP BY 1, 2
"""

_LEFT: Final = """
SELECT coalesce(sum(b.planned + b.deferred + b.claimed), 0)
FROM batch b JOIN message m ON m.number = b.message WHERE m.id = %s
"""
