"""One date of one newsletter is decided, and recorded with all that follows from it."""

from datetime import date, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter
from uuid_utils import uuid7

from services.domain.editions import Decision, EditionContent
from services.domain.events import EditionMade, envelope
from services.domain.schedules import Day
from services.newsletter import rule
from services.runtime import outbox
from services.runtime.postgres import Connection
from services.store import alarms, editions, tellings
from services.store.alarms import EDITION_FAILS, EDITION_MISSED, Alarm
from services.store.editions import Decided
from services.store.newsletters import NewsletterRow

TOLD_AFTER: Final = timedelta(seconds=2)
"""After days of absence the missed editions are decided in one go, and told of in one notice."""

DECIDED: Final = Counter("roeland_editions_decided_total", "Dates of newsletters, by what they came to", ["decision"])

log = structlog.get_logger(__name__)


class Compose(Protocol):
    """Makes the content of an edition; None: nothing to tell, and the newsletter says nothing on such days."""

    async def __call__(
        self, connection: Connection, newsletter: NewsletterRow, day: date, *, due: datetime, late: bool
    ) -> EditionContent | None:
        """`due`: when it goes out."""


async def decide(
    connection: Connection, newsletter: NewsletterRow, day: Day, now: datetime, *, compose: Compose, source: str
) -> Decision:
    """Decide this date, whose time has come, and which is not decided. Call with the newsletter's row locked."""
    skipped = await editions.skipped(connection, newsletter.id, day.date)
    no, reason = rule.why_not(newsletter, day, skipped.get(day.date), now)
    late, content = day.late(now), None
    if no is None:
        content = await compose(connection, newsletter, day.date, due=day.moment, late=late)
    decision: Decision = no or ("made" if content else "nothing-new")
    decided = Decided(
        newsletter=newsletter.id,
        date=day.date,
        decision=decision,
        due=day.moment,
        decided_at=now,
        late=late and content is not None,
        reason=reason,
        message_id=UUID(str(uuid7())) if content else None,
        content=content,
    )
    await editions.record(connection, decided)
    await follow(connection, newsletter, decided, source)
    DECIDED.labels(decision).inc()
    log.info("decided", newsletter=newsletter.id, date=day.date.isoformat(), decision=decision, late=decided.late)
    return decision


async def follow(connection: Connection, newsletter: NewsletterRow, decided: Decided, source: str) -> None:
    """What others must hear of this decision. A missed edition is on the board until one goes out that has its news."""
    await alarms.hush(connection, (EDITION_FAILS, newsletter.incident))
    if decided.message_id:
        await alarms.hush(connection, (EDITION_MISSED, newsletter.incident))
        await _publish(connection, newsletter, decided, decided.message_id, source)
    elif decided.decision == "nothing-new":
        await alarms.hush(connection, (EDITION_MISSED, newsletter.incident))
    elif decided.decision == "too-late":
        detail = {"newsletter": newsletter.slug, "date": decided.date.isoformat()}
        await alarms.ring(connection, Alarm(EDITION_MISSED, newsletter.incident, detail))
        await tellings.ask(connection, tellings.EDITIONS_MISSED, newsletter.id, TOLD_AFTER)


async def _publish(
    connection: Connection, newsletter: NewsletterRow, decided: Decided, message_id: UUID, source: str
) -> None:
    made = EditionMade(newsletter=newsletter.id, date=decided.date, message_id=message_id)
    await outbox.put(connection, "messages", newsletter.incident, envelope(made, event_type=made.TYPE, source=source))
