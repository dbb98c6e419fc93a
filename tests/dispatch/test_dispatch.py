"""Dispatch: what is lost is said again, what is over is settled, and an outage is waited out."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from services.domain.events import MessageReleased, envelope
from services.domain.states import State
from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack

ANNOUNCED = "SELECT bool_and(announcements >= %s) FROM batch JOIN message m ON m.number = batch.message WHERE m.id = %s"


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_a_message_that_nobody_approved_expires(desk: Rooms, incident: str):
    """By the database's clock; an approval after that is refused, its plan ends as expired."""
    message_id = await desk.proofed(incident=incident, expires_at=in_seconds(4))
    await desk.until("SELECT state = 'expired' FROM message WHERE id = %s", message_id)
    assert "expired" in ((await desk.approve(message_id)).error or "")
    await desk.until("SELECT planned = 0 AND expired = 5 FROM batch WHERE message = %s", await desk.number(message_id))


async def test_what_a_released_message_still_held_expires(desk: Rooms, incident: str):
    """Its state stays released; what was sent stays sent."""
    message_id = await desk.released(incident=incident, audiences=["governors"], expires_at=in_seconds(6))
    claimed = await desk.claim(message_id)
    assert claimed is not None
    first = claimed.deliveries[0].sequence
    await desk.settle(
        claimed, {d.sequence: State.ACCEPTED if d.sequence == first else State.PLANNED for d in claimed.deliveries}
    )
    number = await desk.number(message_id)
    await desk.until("SELECT accepted = 1 AND expired = 2 FROM batch WHERE message = %s", number)
    assert await desk.state(message_id) == "released"


async def test_after_a_stop_the_counts_add_up(desk: Rooms, incident: str):
    """By NOTIFY, by event or by the sweep, whichever is there first: a stop never waits for Kafka."""
    message_id = await desk.released(incident=incident)
    await desk.halt(message_id, "stop")
    number = await desk.number(message_id)
    await desk.until("SELECT superseded = 5 AND suppressed = 1 AND planned = 0 FROM batch WHERE message = %s", number)
    assert await desk.claim(message_id) is None


async def test_what_kafka_lost_is_announced_again(desk: Rooms, incident: str):
    """Nobody claims: the announcement may be lost, so it is said again."""
    message_id = await desk.released(incident=incident)
    await desk.until(ANNOUNCED, 2, message_id, seconds=12)


async def test_a_release_that_nobody_decided_announces_nothing(desk: Rooms, incident: str):
    """Forged events are only occasions to look; a broken one is buried by dispatch, here and in outcomes."""
    message_id = await desk.proofed(incident=incident)
    number = await desk.number(message_id)
    forged = MessageReleased(
        message_id=message_id, message=number, incident=incident, kind="alert", lane="urgent", recipients=6,
        released_at=datetime.now(UTC),
    )  # fmt: skip
    event = envelope(forged, event_type=forged.TYPE, source="/forger")
    await desk.produce(event.model_dump_json().encode(), "releases")
    broken = event.model_copy(update={"id": "broken", "data": {"message": "all of them"}})
    await desk.produce(broken.model_dump_json().encode(), "releases")
    await desk.produce(b"{}", "outcomes")
    await desk.until("SELECT count(DISTINCT topic) = 2 FROM dead_letter WHERE topic ~ 'outcomes|releases'")
    await desk.until("SELECT EXISTS (SELECT FROM inbox WHERE id = %s)", event.id)
    assert await desk.one("SELECT announcements FROM batch WHERE message = %s", number) == 0


async def test_a_deferred_batch_is_announced_when_its_time_has_come(desk: Rooms, incident: str):
    """One timer for the batch; not before, and not seconds after."""
    message_id = await desk.released(incident=incident, audiences=["governors"])
    await desk.until(ANNOUNCED, 1, message_id)
    claimed = await desk.claim(message_id)
    assert claimed is not None
    await desk.settle(claimed, State.DEFERRED, retry_after=timedelta(seconds=0.7))
    number = await desk.number(message_id)
    await desk.until(
        "SELECT announcements >= 2 AND announced_at - due BETWEEN '0' AND '1 s' FROM batch WHERE message = %s",
        number,
        seconds=4,
    )


async def test_an_outage_of_postgresql_is_waited_out(desk: Rooms, incident: str, postgres: str):
    """It goes in the middle of everything and comes back: the services go on by themselves, nothing is lost."""
    message_id = await desk.proofed(incident=incident)
    name = desk.env["ROELAND_DATABASE_URL"].rpartition("/")[2]
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as server:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        await server.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        try:
            for _ in range(5):
                await server.execute(cut, (name,))
                await asyncio.sleep(0.3)
        finally:
            await server.execute(allow.format(sql.Identifier(name), sql.Literal(True)))
    answer = await desk.approve(message_id)
    assert answer.done, answer
    await desk.until(ANNOUNCED, 1, message_id)
    for service in ("editorial", "dispatch"):
        assert "Traceback" not in desk.log(service)
