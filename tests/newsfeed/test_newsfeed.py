"""The newsfeed as a process, on real Kafka and PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.domain.events import BatchAnnounced, envelope
from services.domain.states import State
from services.runtime import topics
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import Connection
from tests.situation.running import eventually, produce, running_service
from tests.store.world import add_user, connect, counted, release, submit

pytestmark = pytest.mark.stack

AUDIENCES = ("governors", "public")


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """To look with."""
    async with await connect(database_url) as connection:
        yield connection


@pytest.fixture
async def kafka_settings(settings_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    """Where the test's own topics are, which are there."""
    for name, value in settings_env.items():
        monkeypatch.setenv(name, value)
    await topics.create(KafkaSettings())
    return KafkaSettings()


async def test_a_released_message_is_in_every_feed_once(
    settings_env: dict[str, str], kafka_settings: KafkaSettings, connection: Connection
) -> None:
    """Both lanes come by one topic; an announcement or a delivery that comes again makes no second entry, moves no
    time and is no possible duplicate; nonsense in the topic stops nobody."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    urgent = await submit(connection, user, audiences=AUDIENCES, channels=["newsfeed"])
    routine = await submit(connection, user, audiences=AUDIENCES, channels=["newsfeed"], kind="update", lane="routine")
    await produce(kafka_settings, "deliveries.newsfeed", [b"nonsense", None, _announced(999_999, 1)])
    async with running_service("newsfeed", settings_env):
        await release(connection, urgent, user)
        await release(connection, routine, user)
        await produce(kafka_settings, "deliveries.newsfeed", [_announced(urgent.number, 1)] * 3)
        for message in (urgent, routine):
            await eventually(lambda m=message: _is(counted(connection, m.number), {"accepted": 2}))
        entries = await _entries(connection)
        await _forget_that_it_was_sent(connection, urgent.number)
        await produce(kafka_settings, "deliveries.newsfeed", [_announced(urgent.number, 1)])
        await eventually(lambda: _is(counted(connection, urgent.number), {"accepted": 2}))
        settled = await _outcomes(connection)
    assert [entry[:3] for entry in entries] == [
        (message.number, audience, f"Voor {audience}") for message in (urgent, routine) for audience in AUDIENCES
    ]
    assert await _entries(connection) == entries
    assert await _one(connection, "SELECT sum(possible_duplicates)::int FROM batch") == 0
    assert await _one(connection, "SELECT count(*) FROM dead_letter") == 1
    assert {event["data"]["counts"].get("accepted") for event in settled} == {2}


async def _forget_that_it_was_sent(connection: Connection, message: int) -> None:
    """As a takeover after a crash leaves it: perhaps sent, and to be tried again."""
    async with connection.transaction():
        await connection.execute(
            "UPDATE delivery SET state = %s, doubts = 1 WHERE message = %s", (int(State.PLANNED), message)
        )
        await connection.execute(
            "UPDATE batch SET planned = accepted, accepted = 0, epoch = NULL WHERE message = %s", (message,)
        )


async def _entries(connection: Connection) -> list[tuple[Any, ...]]:
    rows = await connection.execute(
        "SELECT message, audience, title, published_at, updated_at FROM feed_entry ORDER BY message, audience"
    )
    return await rows.fetchall()


async def _outcomes(connection: Connection) -> list[dict[str, Any]]:
    """What editorial and dispatch would publish of it."""
    rows = await (await connection.execute("SELECT event FROM outbox WHERE topic = 'outcomes' ORDER BY id")).fetchall()
    return [event for (event,) in rows]


async def _one(connection: Connection, query: str) -> Any:
    row = await (await connection.execute(query.encode())).fetchone()
    return row[0] if row else None


async def _is(found: Any, wanted: Any) -> bool:
    return bool(await found == wanted)


def _announced(message: int, batch: int) -> bytes:
    event = BatchAnnounced(message=message, batch=batch)
    return envelope(event, event_type=event.TYPE, source="/roeland/test").model_dump_json().encode()
