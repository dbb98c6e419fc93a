"""What has passed undecided, since the clock was away, is decided before anybody changes anything.

Else a pause, a skip or another schedule would make something else of a date that was missed, and nobody would hear.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.newsletter import rule, upcoming
from services.newsletter.decide import decide
from services.runtime.postgres import Connection
from services.store import editions
from services.store.newsletters import NewsletterRow


async def settle(connection: Connection, newsletter: NewsletterRow, now: datetime, zone: ZoneInfo) -> None:
    """Decide each date that has passed, up to one that still goes out. Call with the newsletter's row locked."""
    while (day := await upcoming.next_day(connection, newsletter, zone)).moment <= now:
        skipped = await editions.skipped(connection, newsletter.id, day.date)
        no, _ = rule.why_not(newsletter, day, skipped.get(day.date), now)
        if no is None:
            return
        await decide(connection, newsletter, day, now, compose=_nothing, source="")


async def _nothing(*_: Any, **__: Any) -> None:
    raise AssertionError("what has passed makes no edition here")
