"""An edition is made because a person says so: it takes the date's one decision, and is else as the clock's."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils import uuid7

from services.newsletter import arrears, upcoming, waking
from services.newsletter.compose import compose
from services.newsletter.decide import follow
from services.newsletter.refusal import Cannot
from services.runtime.postgres import Connection
from services.store import audit, editions, messages
from services.store.editions import Decided
from services.store.newsletters import NewsletterRow


async def send_now(connection: Connection, newsletter: NewsletterRow, zone: ZoneInfo, *, by: int, source: str) -> UUID:
    """Make today's edition, to go out as soon as it is approved; the id of its message. Raises `Cannot`.

    Call with the newsletter's row locked. A weekday, a holiday or a skipped date holds back the clock, not whoever
    says "now"; a pause does, for that was said of everything.
    """
    now = await messages.database_time(connection)
    today = now.astimezone(zone).date()
    await arrears.settle(connection, newsletter, now, zone)
    if newsletter.paused(now):
        raise Cannot(f"{newsletter.slug} is paused: `roeland newsletter resume {newsletter.slug}` first")
    await _refuse_decided(connection, newsletter, today, zone)
    content = await compose(connection, newsletter, today, due=now, late=False)
    if content is None:
        raise Cannot(f"there is nothing new to tell in {newsletter.slug}, and it says nothing on such days")
    message_id = UUID(str(uuid7()))
    decided = Decided(newsletter.id, today, "made", now, now, decided_by=by, message_id=message_id, content=content)
    await editions.record(connection, decided)
    await follow(connection, newsletter, decided, source)
    await waking.wake(connection, newsletter, zone)
    await _audit(connection, newsletter, today, now, by)
    return message_id


async def _refuse_decided(connection: Connection, newsletter: NewsletterRow, today: date, zone: ZoneInfo) -> None:
    first = (await upcoming.next_day(connection, newsletter, zone)).date
    if first < today:
        raise Cannot(f"the edition of {first} is still to go out: try again when the clock has made it")
    decided = await editions.find(connection, newsletter.id, today)
    if decided is not None:
        more = f", message {decided.message_id}" if decided.message_id else f" {decided.reason}".rstrip()
        raise Cannot(f"{today} is decided already: {decided.decision}{more}. There is one edition for each date")
    if first > today and newsletter.begins <= today:
        raise Cannot(f"{today} has passed for {newsletter.slug}: its next edition is that of {first}")


async def _audit(connection: Connection, newsletter: NewsletterRow, day: date, now: datetime, by: int) -> None:
    await audit.record(
        connection, actor=by, action="newsletter.edition-sent", subject=f"newsletter:{newsletter.id}",
        detail={"slug": newsletter.slug, "date": day.isoformat(), "at": now.isoformat()},
    )  # fmt: skip
