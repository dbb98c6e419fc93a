"""`message status --watch`: looks at a message until it has ended.

On a screen the picture changes in place. Elsewhere, in a log or a pipe, each change is a line of its own, without
control characters; and where a program reads the answer, all of this goes to stderr.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from services.admin.answers import TEXT_BETWEEN, at_home, console, instant, lines, table
from services.admin.giving import known
from services.admin.shares import Looked, shares_shown
from services.admin.steps import escalation_shown, steps_shown
from services.runtime.postgres import Connection
from services.store.breakdown import Share
from services.store.messages import Message
from services.store.status import Status, status_of

ENDED: Final = frozenset({"done", "stopped", "rejected", "expired", "withdrawn"})
SECONDS_BETWEEN: Final = 0.5
SECONDS_BETWEEN_ANSWERS: Final = 2.0
"""Once all is sent, and people are asked to say that they know."""
SECONDS_TO_ADD_UP: Final = 15.0
"""After a stop the counts add up within 10 s (DESIGN, Commands); if they do not, nobody is there to do it."""


async def follow(connection: Connection, message: Message, *, as_json: bool) -> Status:
    """Look until it has ended and nothing is open any more; show it as it changes. `connection` is in autocommit."""
    looks_since_end = 0
    looked = Looked(connection)
    with _shown(console(stderr=as_json), only_meanwhile=as_json) as show:
        while True:
            now = await known(connection, message.id)
            found = await status_of(connection, now)
            shares = await looked.shares(now, found)
            show(found, shares)
            if found.state == "done" and _asks_still(found, shares):
                await asyncio.sleep(SECONDS_BETWEEN_ANSWERS)
                continue
            looks_since_end += found.state in ENDED
            if looks_since_end and (not found.open or looks_since_end * SECONDS_BETWEEN > SECONDS_TO_ADD_UP):
                return found
            await asyncio.sleep(SECONDS_BETWEEN)


def _asks_still(status: Status, shares: Sequence[Share]) -> bool:
    """Whether somebody has still to say that they know, and something still follows if they do not."""
    unanswered = any(share.confirmed < share.asked for share in shares)
    return unanswered and any(step.taken_at is None for step in status.escalation)


def picture(status: Status, shares: Sequence[Share] = ()) -> Any:
    """A status, for people; `shares`: by audience and province, at sixty columns."""
    states = sorted({state for counts in status.channels.values() for state in counts})
    rows = [[channel, *(counts.get(state, "") for state in states)] for channel, counts in status.channels.items()]
    moments = {
        "approved": status.approved_at,
        "goes out": status.release_at if status.released_at is None else None,
        "first accepted": status.first_accepted_at,
        "last accepted": status.last_accepted_at,
    }
    told = [f"{what:15} {at_home(instant(when))}" for what, when in moments.items() if when]
    if status.possible_duplicates:
        told.append(f"{status.possible_duplicates} may have been sent twice")
    head = Text(f"{status.id}: {status.state}, {status.recipients} recipients", style="bold")
    counts = [table(["", *states], rows)] if rows else []
    following = [*steps_shown(status.steps), *escalation_shown(status.escalation)]
    return Group(head, *counts, *shares_shown(shares), *following, *map(Text, told))


@contextmanager
def _shown(out: Console, *, only_meanwhile: bool) -> Iterator[Callable[[Status, Sequence[Share]], None]]:
    if out.is_terminal:
        with Live(console=out, auto_refresh=False, transient=only_meanwhile) as live:
            yield lambda status, shares: live.update(picture(status, shares), refresh=True)
        return
    told = [""]

    def show(status: Status, _: Sequence[Share]) -> None:
        if (line := _line(status)) != told[-1]:
            told.append(line)
            lines(f"{instant(datetime.now(UTC))} {line}")(out)

    yield show


def _line(status: Status) -> str:
    """`sending · mail 120 accepted, 280 planned · newsfeed 1 accepted`."""
    channels = (
        f"{channel} {', '.join(f'{count} {state}' for state, count in counts.items())}"
        for channel, counts in status.channels.items()
    )
    return TEXT_BETWEEN.join([status.state, *channels])
