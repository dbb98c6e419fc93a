"""A message that is being sent, by audience and province: looked at seldom, shown in sixty columns."""

import time
from collections.abc import Sequence
from typing import Any, Final

from services.admin.answers import table
from services.runtime.postgres import Connection
from services.store.breakdown import Share, breakdown
from services.store.messages import Message
from services.store.status import Status

MANY: Final = 50_000
EVERY_SECONDS: Final = 1.0
EVERY_SECONDS_OF_MANY: Final = 5.0
"""Counting reads every delivery: of a message to a million that costs seconds, which sending needs."""
NAME: Final = 15


class Looked:
    """The shares as they were when they were last counted."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._at, self._open = connection, float("-inf"), True
        self._found: Sequence[Share] = ()

    async def shares(self, message: Message, status: Status) -> Sequence[Share]:
        """Counted anew when that is due; nothing for a message that goes to nobody by mail or SMS."""
        if set(status.channels) <= {"newsfeed"}:
            return ()
        every = EVERY_SECONDS if message.recipients < MANY else EVERY_SECONDS_OF_MANY
        ended = self._open and not status.open  # the last picture is whole
        if time.monotonic() - self._at >= every or ended:
            self._found = await breakdown(self._connection, message)
            self._at, self._open = time.monotonic(), bool(status.open)
        return self._found


def shares_shown(shares: Sequence[Share]) -> list[Any]:
    """A table for audiences and one for provinces, of those first of whom most is not done."""
    asks = any(each.asked for each in shares)
    columns = ["not yet", "sent", "there", "failed", *(["know"] if asks else [])]
    shown = []
    for by in ("audience", "province"):
        rows = [
            (each.name[:NAME] or "–", each.not_yet, each.accepted, each.delivered, each.failed, *_known(each, asks))
            for each in shares
            if each.by == by
        ]
        if rows:
            shown.append(table([by, *columns], rows))
    return shown


def _known(share: Share, asks: bool) -> tuple[str, ...]:
    return (f"{share.confirmed}/{share.asked}",) if asks else ()
