"""The stream processor as a process, on real Kafka and PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from services.domain.events import BatchSettled, MessageReleased, envelope
from services.domain.states import State
from services.runtime import topics
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message
from tests.situation.running import Running, eventually, produce, running_service
from tests.store.world import add_crowd, add_user, connect, release, submit

pytestmark = pytest.mark.stack

QUICK = {"ROELAND_SITUATION_STALL_SECONDS": "2", "ROELAND_SITUATION_STUCK_SECONDS": "5"}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """To play the other services with, and to look."""
    async with await connect(database_url) as connection:
        yield connection


@pytest.fixture
async def message(connection: Connection) -> Message:
    """A released message to 450 contacts: three batches of mail."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    await add_crowd(connection, 450)
    message = await submit(connection, user)
    await release(connection, message, user)
    return message


@pytest.fixture
async def kafka_settings(settings_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    """Where the test's own topics are."""
    for name, value in settings_env.items():
        monkeypatch.setenv(name, value)
    return KafkaSettings()


async def test_outcomes_become_progress_and_alarms_come_and_go(
    settings_env: dict[str, str], kafka_settings: KafkaSettings, connection: Connection, message: Message
) -> None:
    """The whole of it, in the order in which it would happen: waiting for the topics, a poison record, outcomes twice
    and late, a stall, failures, a promise broken; and everything that can end ends."""
    async with running_service("situation", {**settings_env, **QUICK}, ready=False) as running:
        await eventually(lambda: _wants_topics(running))
        await topics.create(kafka_settings)
        await eventually(lambda: _ready(running))
        await produce(kafka_settings, "releases", [b"\xff\xfe", None, b'{"specversion": "1.0"}', _released(message)])
        await eventually(lambda: _progress_is(connection, remaining=450))

        await eventually(lambda: _standing(connection, ("stalled", f"{message.number}/mail")))
        made_up = [_settled(10**15, 1, 1, {"accepted": 1}), _settled(message.number, 1, 99, {"planned": 10**12})]
        nonsense = [b"nonsense", None, *made_up]
        first = await _settle(connection, message, 1, accepted=200)
        await produce(kafka_settings, "outcomes", [*nonsense, first])
        await eventually(lambda: _progress_is(connection, remaining=250, failure_share=0))
        await eventually(lambda: _standing(connection))
        assert await running.metric('roeland_situation_skipped_total{topic="outcomes",why="unreadable"}') == 2
        assert await running.metric('roeland_situation_skipped_total{topic="releases",why="unreadable"}') == 2
        assert [line["kind"] for line in running.logged("alarm_raised")] == ["stalled"]
        assert [line["kind"] for line in running.logged("alarm_cleared")] == ["stalled"]

        late = _settled(message.number, 2, 0, {"planned": 200})
        second = await _settle(connection, message, 2, accepted=100, bounced=100)
        third = await _settle(connection, message, 3, accepted=50)
        await produce(kafka_settings, "outcomes", [second, late, third, first, second])
        await eventually(lambda: _progress_is(connection, remaining=0, failure_share=100 / 450))
        await eventually(lambda: _standing(connection, ("failures", f"{message.number}/mail")))

        await _promise(connection, message, datetime.now(UTC) - timedelta(seconds=1))
        await eventually(lambda: _standing(connection, ("update-overdue", message.incident), kind="update-overdue"))
        later = await submit(connection, message.submitted_by, kind="update")
        await release(connection, later, message.submitted_by)
        await eventually(lambda: _standing(connection, kind="update-overdue"))

        correction = await submit(connection, message.submitted_by, kind="correction", corrects=later.number)
        async with connection.transaction():
            await messages.pause(connection, later, source="/roeland/test")
            await messages.set_rejected(connection, correction.number)
        await eventually(lambda: _standing(connection, ("left-paused", str(later.id)), kind="left-paused"))
        async with connection.transaction():
            await messages.resume(connection, later, source="/roeland/test")
        await eventually(lambda: _standing(connection, kind="left-paused"))


@pytest.mark.long
async def test_it_goes_on_when_kafka_forgot_everything(
    settings_env: dict[str, str], kafka_settings: KafkaSettings, connection: Connection, message: Message
) -> None:
    """Kafka may be wiped at any moment: the stream takes up the new topics, and the record says what was before."""
    await topics.create(kafka_settings)
    async with running_service("situation", {**settings_env, **QUICK}) as running:
        await produce(kafka_settings, "outcomes", [await _settle(connection, message, 1, accepted=200)])
        await eventually(lambda: _progress_is(connection, remaining=250))
        await _forget_topics(kafka_settings)
        await eventually(lambda: _kafka_fails(running))
        await topics.create(kafka_settings)
        await eventually(lambda: _kafka_back(running))
        await produce(kafka_settings, "outcomes", [await _settle(connection, message, 2, accepted=200)])
        await eventually(lambda: _progress_is(connection, remaining=50))


async def _settle(connection: Connection, message: Message, batch: int, **counts: int) -> bytes:
    """Settle a batch in the record, as a worker does; returns what it publishes."""
    columns = ", ".join(f"{state.word} = {counts.get(state.word, 0)}" for state in State)
    row = await (
        await connection.execute(
            f"UPDATE batch SET {columns}, version = version + 1 WHERE message = %s AND number = %s"
            " RETURNING version".encode(),
            (message.number, batch),
        )
    ).fetchone()
    assert row
    return _settled(message.number, batch, row[0], counts)


def _settled(message: int, batch: int, version: int, counts: dict[str, int]) -> bytes:
    event = BatchSettled(message=message, batch=batch, channel="mail", lane="urgent", version=version, counts=counts)
    return envelope(event, event_type=event.TYPE, source="/roeland/test").model_dump_json().encode()


def _released(message: Message) -> bytes:
    event = MessageReleased(
        message_id=message.id, message=message.number, incident=message.incident, kind="alert", lane="urgent",
        recipients=450, released_at=datetime.now(UTC),
    )  # fmt: skip
    return envelope(event, event_type=event.TYPE, source="/roeland/test").model_dump_json().encode()


async def _promise(connection: Connection, message: Message, at: datetime) -> None:
    await connection.execute("UPDATE message SET next_update_at = %s WHERE number = %s", (at, message.number))


async def _progress_is(connection: Connection, **wanted: Any) -> bool:
    columns = ", ".join(wanted)
    rows = await (await connection.execute(f"SELECT {columns} FROM progress".encode())).fetchall()
    return rows == [tuple(wanted.values())]


async def _standing(connection: Connection, *wanted: tuple[str, str], kind: str = "%") -> bool:
    rows = await connection.execute(
        "SELECT kind, subject FROM alarm WHERE cleared_at IS NULL AND kind LIKE %s ORDER BY 1", (kind,)
    )
    return await rows.fetchall() == list(wanted)


async def _ready(running: Running) -> bool:
    return await running.missing() == {}


async def _wants_topics(running: Running) -> bool:
    try:
        return "no topic" in (await running.missing())["kafka"]
    except OSError:  # it does not listen yet
        return False


async def _kafka_fails(running: Running) -> bool:
    return any("topic" in line["why"] for line in running.logged("failing") if line["what"] == "kafka")


async def _kafka_back(running: Running) -> bool:
    lines = [line["event"] for line in running.lines if line.get("what") == "kafka"]
    return lines[-1:] == ["ready_again"]


async def _forget_topics(settings: KafkaSettings) -> None:
    admin = AIOKafkaAdminClient(**settings.client())
    await admin.start()
    try:
        await admin.delete_topics([settings.topic("outcomes"), settings.topic("releases")])
    finally:
        await admin.close()
