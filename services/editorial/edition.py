"""An edition that the clock made becomes a message, as every other: with a proof, an approval and a release.

The event only hints: what is not taken up is asked of PostgreSQL, so Kafka may lose everything, and an edition that is
heard of twice is taken up once.
"""

from datetime import date

import structlog

from services.domain.editions import KIND, EditionContent, edition_hash
from services.domain.events import EditionMade, Envelope, read_event
from services.domain.lanes import PRIORITY
from services.editorial import edition_overdue, proof
from services.editorial.desk import Desk
from services.runtime import timers
from services.runtime.health import HANDLED
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import audit, editions, incidents, messages, newsletters
from services.store.editions import EditionRow
from services.store.messages import Message, NewMessage

log = structlog.get_logger(__name__)


async def heard_of(event: Envelope, desk: Desk) -> None:
    """Take up the edition that this event tells of, if it is there and nobody did. Raises `Unreadable`."""
    made: EditionMade = read_event(event, EditionMade)
    async with desk.pool.connection() as connection, connection.transaction():
        await _take_up(connection, made.newsletter, made.date, desk)
    HANDLED.labels(event.type).inc()


async def sweep(desk: Desk) -> None:
    """Take up what no event told of, each in a transaction of its own."""
    async with desk.pool.connection() as connection:
        waiting = await editions.not_taken_up(connection)
    for newsletter, day in waiting:
        try:
            async with desk.pool.connection() as connection, connection.transaction():
                await _take_up(connection, newsletter, day, desk)
        except AWAY:
            raise
        except Exception as problem:  # the others are taken up all the same
            log.error("edition_not_taken_up", newsletter=newsletter, problem=unforeseen(problem))


async def _take_up(connection: Connection, newsletter: int, day: date, desk: Desk) -> None:
    row = await editions.take_up(connection, newsletter, day)
    if row is None or row.message_id is None:
        return
    content = EditionContent.model_validate(row.content)
    message = await messages.record_submitted(connection, await _new(connection, row, content, desk))
    await proof.ask(connection, message.number)
    await set_timers(connection, message, content)
    await audit.record(
        connection, actor=row.decided_by, action="message.submitted", subject=f"message:{message.id}",
        detail={"message": message.number, "incident": message.incident, "revision": 1,
                "content": message.content_hash, "newsletter": newsletter, "date": day.isoformat()},
    )  # fmt: skip
    log.info("edition_taken_up", message=message.number, newsletter=newsletter, items=len(content.items))


async def set_timers(connection: Connection, message: Message, content: EditionContent) -> None:
    """What ends it: the edition when it was not released in time, this revision when its day is over."""
    await edition_overdue.set_timer(connection, message, content)
    if message.expires_at:
        await timers.set_timer(connection, messages.EXPIRY, str(message.number), "expires_at", message.expires_at)


async def _new(connection: Connection, row: EditionRow, content: EditionContent, desk: Desk) -> NewMessage:
    """Its author is who wrote what the newsletter is, for that decides what an edition says by itself."""
    series = await incidents.find(connection, content.incident, lock=True)
    newsletter = await newsletters.by_id(connection, row.newsletter)
    assert row.message_id is not None  # noqa: S101 - asked for by the caller
    assert series is not None and newsletter is not None  # noqa: S101 - the edition's row refers to them
    return NewMessage(
        id=row.message_id,
        incident=content.incident,
        kind=KIND,
        lane=content.urgency,
        priority=PRIORITY[KIND],
        phase=series.phase,
        exercise=content.exercise,
        content=content.model_dump(mode="json"),
        content_hash=edition_hash(content),
        corrects=None,
        findings=[],
        submitted_by=newsletter.written_by,
        expires_at=content.expires_at,
        next_update_at=None,
        issued_at=content.composed_at,
        rendered_with=desk.rendered_with,
        release_at=content.release_at,
    )
