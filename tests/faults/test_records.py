"""Events that come twice, that contradict themselves, and that nobody can read."""

import asyncio
import json
import time
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from uuid_utils import uuid7

from services.domain.commands import ApproveMessage, Command, SubmitMessage
from services.domain.events import BatchAnnounced, MessageReleased, envelope
from tests.faults import door, releasing
from tests.faults.harness import Crew
from tests.faults.programs import Program

pytestmark = [pytest.mark.long, pytest.mark.stack, pytest.mark.timeout(120)]

PEOPLE = 100
GROUPS = {"messages": "editorial", "releases": "dispatch", "deliveries.mail.urgent": "mail.urgent"}
"""Who owns which topic."""


@pytest.fixture(scope="module", autouse=True)
def at_work(module_crew: Crew) -> list[Program]:
    """Those who read the topics that anybody may write to."""
    programs = [module_crew.start(service, ready=False) for service in ("editorial", "dispatch", "mail")]
    for program in programs:
        program.wait_ready()
    return programs


@pytest.fixture(autouse=True)
async def no_dead_letters(crew: Crew) -> None:
    """Each test counts its own."""
    async with crew.connect() as connection:
        await connection.execute("DELETE FROM dead_letter")


async def produced(crew: Crew, topic: str, *values: bytes | None, key: bytes = b"k") -> None:
    """Write these records, as anybody could who may write to Kafka."""
    async with AIOKafkaProducer(bootstrap_servers=crew.env["ROELAND_KAFKA_BOOTSTRAP"]) as producer:
        for value in values:
            await producer.send_and_wait(crew.env["ROELAND_KAFKA_TOPIC_PREFIX"] + topic, value, key=key)


async def records(crew: Crew, *topics: str) -> list[tuple[str, bytes, bytes]]:
    """All that is in these topics: name without prefix, key, value."""
    prefix = crew.env["ROELAND_KAFKA_TOPIC_PREFIX"]
    names = [prefix + topic for topic in topics]
    found = []
    async with AIOKafkaConsumer(
        *names, bootstrap_servers=crew.env["ROELAND_KAFKA_BOOTSTRAP"], auto_offset_reset="earliest"
    ) as reader:
        while batches := await reader.getmany(timeout_ms=1000):
            found += [(r.topic.removeprefix(prefix), r.key, r.value) for rs in batches.values() for r in rs]
    return found


async def dead_letters(crew: Crew, count: int, seconds: float = 30) -> list[tuple[str, str]]:
    """(topic, reason) of each dead letter, oldest first, once there are so many; fails when there are more."""
    deadline = time.monotonic() + seconds
    while True:
        async with crew.connect() as connection:
            found = await connection.execute("SELECT topic, reason FROM dead_letter ORDER BY id")
            rows = [(topic.partition(".")[2], reason) for topic, reason in await found.fetchall()]
        if len(rows) >= count or time.monotonic() > deadline:
            assert len(rows) == count, rows
            return rows
        await asyncio.sleep(0.1)


async def handled(crew: Crew, topic: str, group: str, seconds: float = 30) -> None:
    """Wait until a marker written now is behind this group: then all before it was handled."""
    prefix = crew.env["ROELAND_KAFKA_TOPIC_PREFIX"]
    deadline = time.monotonic() + seconds
    async with AIOKafkaConsumer(
        group_id=prefix + group, bootstrap_servers=crew.env["ROELAND_KAFKA_BOOTSTRAP"], enable_auto_commit=False
    ) as watcher:
        places = await _places(watcher, prefix + topic)
        ends = await watcher.end_offsets(places)
        for place, end in ends.items():
            while end and (await watcher.committed(place) or 0) < end:
                assert time.monotonic() < deadline, f"{topic} is not read\n{crew.report()}"
                await asyncio.sleep(0.1)


async def _places(watcher: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await watcher._client.fetch_all_metadata()
    return [TopicPartition(topic, number) for number in watcher.partitions_for_topic(topic) or ()]


async def test_a_command_given_twice_is_carried_out_once_and_answered_the_same(crew: Crew) -> None:
    """A door that asks again, because its connection broke, hears what it would have heard. Another body is refused."""
    message_id = await door.submitted(crew, 10)
    await door.proofed(crew, message_id)
    async with crew.connect() as connection:
        _, approver = await releasing.users(connection)
    body = ApproveMessage(message_id=message_id)
    command = Command(id=UUID(str(uuid7())), user=approver, given_at=datetime.now(UTC), body=body)
    first, second = await asyncio.gather(door.give_this(crew, command), door.give_this(crew, command))
    assert first.done
    assert first == second == await door.give_this(crew, command)
    async with crew.connect() as connection:
        row = await connection.execute("SELECT count(*) FROM audit WHERE action = 'message.approved'")
        assert await row.fetchone() == (1,)
    other = command.model_copy(update={"body": SubmitMessage(message_id=message_id, content={})})
    record = envelope(other, event_type=other.body.type, source="/forged", event_id=str(other.id))
    await produced(crew, "messages", record.model_dump_json(exclude_none=True).encode())
    assert await dead_letters(crew, 1) == [("messages", "this command id came before with another body")]


async def test_every_record_written_again_changes_nothing(crew: Crew) -> None:
    """Commands, releases, announcements and outcomes, all a second time: at least once is what Kafka promises."""
    message = await door.approved(crew, PEOPLE)
    before = await crew.until_done(message)
    before.holds()
    topics = ("messages", "releases", "deliveries.mail.urgent", "outcomes")
    written = [each for each in await records(crew, *topics) if b"/forged" not in each[2]]
    assert {topic for topic, _, _ in written} == set(topics)
    for topic, key, value in written:
        await produced(crew, topic, value, key=key)
    for topic, group in (
        ("messages", "editorial"),
        ("releases", "dispatch"),
        ("deliveries.mail.urgent", "mail.urgent"),
    ):
        await handled(crew, topic, group)
    after = await crew.account(message)
    after.holds()
    assert (after.states, len(after.copies)) == (before.states, PEOPLE)
    assert await dead_letters(crew, 0, seconds=0) == []


async def test_an_id_that_comes_again_with_another_body_is_refused_and_reported(crew: Crew) -> None:
    """The same id with another body: refused where it is read, and reported as a dead letter that says so."""
    message = await door.approved(crew, PEOPLE, title=[{"text": "Eens"}])
    await crew.until_done(message)
    written = [
        json.loads(v) for _, _, v in await records(crew, "messages", "releases") if str(message.id).encode() in v
    ]
    command = next(record for record in written if record["type"] == ApproveMessage(message_id=message.id).type)
    command["data"]["user"] += 1
    release = next(record for record in written if record["type"] == MessageReleased.TYPE)
    release["data"]["recipients"] += 1
    await produced(crew, "messages", json.dumps(command).encode())
    await produced(crew, "releases", json.dumps(release).encode())
    found = await dead_letters(crew, 2)
    assert sorted(found) == [
        ("messages", "this command id came before with another body"),
        ("releases", "this id came before with another body"),
    ]
    (await crew.account(message)).holds()


async def test_records_that_nobody_can_read_are_a_dead_letter_each_and_hold_nobody_up(
    crew: Crew, at_work: list[Program]
) -> None:
    """Among good records, ones that nobody can read: one dead letter each, however often read, and the rest goes on."""
    poison = [b"\xff\xfe", b"{}", b"[" * 100_000, b'{"specversion":"1.0","id":"x"}']
    for topic in GROUPS:
        await produced(crew, topic, *poison, None)
    made_up = BatchAnnounced(message=2**60, batch=7)
    forged = MessageReleased(
        message_id=UUID(int=1), message=2**60, incident="x", kind="alert", lane="urgent", recipients=1,
        released_at=datetime.now(UTC),
    )  # fmt: skip
    for topic, event in (("deliveries.mail.urgent", made_up), ("releases", forged)):
        record = envelope(event, event_type=event.TYPE, source="/forged")
        await produced(crew, topic, record.model_dump_json(exclude_none=True).encode())
    message = await door.approved(crew, PEOPLE, title=[{"text": "Daarna"}])
    (await crew.until_done(message)).holds()
    found = await dead_letters(crew, 3 * len(poison))
    assert {topic for topic, _ in found} == set(GROUPS)
    mail = at_work[-1]
    crew.kill(mail)
    crew.restart(mail)
    await handled(crew, "deliveries.mail.urgent", "mail.urgent")
    await dead_letters(crew, len(found), seconds=0)
