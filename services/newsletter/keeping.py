"""What people do with a newsletter's clock: pause and resume, skip a date, another schedule, another name.

Each act is in the caller's transaction, with its audit record, on a newsletter whose row is locked and whose arrears
are settled (`arrears`). It never touches a date that is decided: an edition that is made is a message, held as one.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.newsletter.refusal import Cannot
from services.runtime.postgres import Connection
from services.store import audit, editions, newsletters
from services.store.newsletters import NewsletterRow

FURTHEST: Final = timedelta(days=400)
"""How far ahead a date may be skipped: further is a slip of the finger in the year."""


async def pause(
    connection: Connection, newsletter: NewsletterRow, now: datetime, *, until: datetime | None, reason: str, by: int
) -> None:
    """From now on nothing goes out, until then or until it is resumed. Paused again, the later word counts."""
    if until is not None and until <= now:
        raise Cannot("the end of the pause has passed: mend --until")
    since = newsletter.paused_at if newsletter.paused(now) else now
    await newsletters.set_pause(connection, newsletter.id, since=since, until=until, reason=reason)
    detail = {"until": until and until.isoformat(), "reason": reason}
    await _audit(connection, "paused", newsletter, by, detail)


async def resume(connection: Connection, newsletter: NewsletterRow, now: datetime, *, by: int) -> bool:
    """It goes out again; False when it was not paused."""
    if not newsletter.paused(now):
        return False
    await newsletters.set_pause(connection, newsletter.id, since=None)
    await _audit(connection, "resumed", newsletter, by)
    return True


async def skip(
    connection: Connection, newsletter: NewsletterRow, day: date, now: datetime, *, reason: str, by: int
) -> None:
    """Nothing goes out on this date."""
    await _undecided(connection, newsletter, day)
    if day - now.date() > FURTHEST:
        raise Cannot(f"{day} is more than {FURTHEST.days} days ahead: mend the date")
    await editions.skip(connection, newsletter.id, day, reason=reason, by=by)
    await _audit(connection, "date-skipped", newsletter, by, {"date": day.isoformat(), "reason": reason})


async def unskip(connection: Connection, newsletter: NewsletterRow, day: date, *, by: int) -> bool:
    """It goes out on this date after all; False when nobody had said that it would not."""
    await _undecided(connection, newsletter, day)
    if not await editions.unskip(connection, newsletter.id, day):
        return False
    await _audit(connection, "skip-undone", newsletter, by, {"date": day.isoformat()})
    return True


async def rename(connection: Connection, newsletter: NewsletterRow, to: str, *, by: int) -> None:
    """Call it otherwise. Its id, List-Id, series and history stay, and so does what was approved of it."""
    for other in (await newsletters.find(connection, to), await newsletters.once_named(connection, to)):
        if other is not None and other.id != newsletter.id:
            raise Cannot(f"{to} is taken: the newsletter {other.slug} is called so, or was")
    await newsletters.rename(connection, newsletter.id, to)
    await _audit(connection, "renamed", newsletter, by, {"to": to})


async def _undecided(connection: Connection, newsletter: NewsletterRow, day: date) -> None:
    if decided := await editions.find(connection, newsletter.id, day):
        more = f": `roeland message reject {decided.message_id}`" if decided.message_id else ""
        raise Cannot(f"{day} is decided, and stays so ({decided.decision}){more}")
    if day < newsletter.begins:
        raise Cannot(f"{newsletter.slug} begins on {newsletter.begins}")


async def _audit(
    connection: Connection, what: str, newsletter: NewsletterRow, by: int, detail: Mapping[str, Any] | None = None
) -> None:
    detail = {"slug": newsletter.slug, **(detail or {})}
    subject = f"newsletter:{newsletter.id}"
    await audit.record(connection, actor=by, action=f"newsletter.{what}", subject=subject, detail=detail)
