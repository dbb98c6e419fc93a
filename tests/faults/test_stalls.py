"""Workers that stall, wake, join and leave: what they hold passes on, and what they had done counts."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from services.domain.events import BatchAnnounced, envelope
from services.domain.states import State
from services.runtime import outbox
from services.store.messages import Message
from tests.faults import manners, releasing
from tests.faults.harness import Crew
from tests.faults.programs import Program
from tests.faults.working import working

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(120)]

PEOPLE = 200
CONNECTIONS = 10
PATIENT = {"smtp_timeout_seconds": 60, "smtp_answer_seconds": 60}


async def test_a_stalled_worker_that_wakes_starts_nothing_more_and_what_it_had_done_is_merged(crew: Crew) -> None:
    """SIGSTOP for longer than a lease: a peer takes its claims over. SIGCONT: its answers are read, and not lost.

    The peer sends again what was in doubt, so what the relay had and the ledger did not comes twice, and is counted.
    Of what had passed on unsent, the one that woke hands over nothing, also when its relay answers only after it heard
    that its life had been ended.
    """
    assert crew.sink
    async with working(crew, manners.Holding, smtp_connections=CONNECTIONS, **PATIENT) as (first, relay):
        message = await crew.release(PEOPLE)
        await until(lambda: manners.Holding.held == CONNECTIONS)
        crew.freeze(first)
        frozen = await crew.account(message)
        sent_by_first, unrecorded = relay.taken(), len(frozen.copies) - frozen.states.get("accepted", 0)
        second = crew.start("mail", ready=False, smtp_connections=CONNECTIONS)
        await crew.until(lambda _: second.logged("taken_over"), message)
        crew.thaw(first)
        await crew.until(lambda _: len(first.logged("epoch_begun")) == 2, message)
        manners.Holding.answering.set()
        account = await crew.until_done(message)
        passed_on = sum(line["in_doubt"] for line in second.logged("taken_over"))
        late = Counter(await until_reported(crew, message, passed_on))
        assert relay.taken() == sent_by_first
    account.holds(bound=unrecorded)
    assert late[State.ACCEPTED] >= CONNECTIONS, "what it was told after it woke is kept as a late report"
    assert late[State.PLANNED] > CONNECTIONS, "it held more than what was under way"
    crew.stop(second)


async def test_a_second_worker_joins_and_leaves_in_mid_batch_and_nothing_comes_twice(crew: Crew) -> None:
    """Kafka deals the partitions anew at each; the claims stay with those who hold them."""
    assert crew.sink
    first = crew.start("mail", smtp_connections=CONNECTIONS)
    crew.sink.faults({"at": "mail", "do": "delay", "delay_seconds": 0.2})
    message = await crew.release(4 * PEOPLE, lane="routine")
    await crew.until(lambda account: account.states.get("accepted", 0) > 20, message)
    second = crew.start("mail", smtp_connections=CONNECTIONS)
    await crew.until(lambda account: account.states.get("accepted", 0) > PEOPLE, message)
    crew.stop(second)
    crew.sink.no_faults()
    (await crew.until_done(message)).holds()
    assert not first.logged("taken_over")
    crew.stop(first)


@pytest.fixture(scope="module")
def pair(module_crew: Crew) -> list[Program]:
    """Two mail workers and a dispatcher who lose Kafka's patience after a second."""
    programs = [
        module_crew.start(name, ready=False, smtp_connections=2, claims_per_lane=1, kafka_max_poll_seconds=1)
        for name in ("mail", "mail", "dispatch")
    ]
    for program in programs:
        program.wait_ready()
    return programs


async def test_work_that_takes_longer_than_kafka_s_patience_is_done_once_and_kafka_is_heard_again(
    crew: Crew, pair: list[Program]
) -> None:
    """`max.poll.interval` runs out in mid-batch: Kafka deals the partitions anew, and the ledger deals nothing twice.

    The batches are kept locked for longer than that, so that whoever weighs an announcement cannot go on either.
    """
    assert crew.sink
    crew.sink.faults({"at": "mail", "do": "delay", "delay_seconds": 0.02})
    message = await crew.release(PEOPLE)
    await crew.until(lambda account: account.states.get("accepted", 0) > 10, message)
    async with crew.connect() as connection, connection.transaction():
        await connection.execute("LOCK TABLE batch IN ACCESS EXCLUSIVE MODE")
        await announced_again(crew, message)
        await until_put_out(crew, "mail.urgent", of=2)
    (await crew.until_done(message)).holds()
    await announced_again(crew, message)
    await all_read(crew, "deliveries.mail.urgent", "mail.urgent")


async def test_two_workers_told_of_the_same_batch_again_and_again_send_it_once(crew: Crew, pair: list[Program]) -> None:
    """An announcement is a hint: whoever comes first has the batch, the other finds nothing to do."""
    assert crew.sink
    crew.sink.faults({"at": "mail", "do": "delay", "delay_seconds": 0.02})
    message = await crew.release(PEOPLE)
    for _ in range(5):
        await announced_again(crew, message)
        await asyncio.sleep(0.1)
    (await crew.until_done(message)).holds()
    assert all(program.running and program.lives == 1 for program in pair)


async def until_put_out(crew: Crew, group: str, *, of: int) -> None:
    """Wait until Kafka has fewer members in this group than so many."""
    admin = AIOKafkaAdminClient(bootstrap_servers=crew.env["ROELAND_KAFKA_BOOTSTRAP"])
    await admin.start()
    try:
        async with asyncio.timeout(30):
            while True:
                (answer,) = await admin.describe_consumer_groups([crew.env["ROELAND_KAFKA_TOPIC_PREFIX"] + group])
                (described,) = answer.to_object()["groups"]
                if len(described["members"]) < of:
                    return
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def announced_again(crew: Crew, message: Message) -> None:
    """Say several times that there is work in the message's one batch."""
    async with crew.connect() as connection, connection.transaction():
        for key in range(4):  # a record each for both workers
            event = BatchAnnounced(message=message.number, batch=1)
            record = envelope(event, event_type=event.TYPE, source=releasing.SOURCE)
            await outbox.put(connection, "deliveries.mail.urgent", f"{message.number}/{key}", record)


async def all_read(crew: Crew, topic: str, group: str, seconds: float = 60) -> None:
    """Wait until this group has handled all that is in the topic and in the outbox."""
    prefix, client = crew.env["ROELAND_KAFKA_TOPIC_PREFIX"], {"bootstrap_servers": crew.env["ROELAND_KAFKA_BOOTSTRAP"]}
    deadline = time.monotonic() + seconds
    async with crew.connect() as connection, AIOKafkaConsumer(prefix + topic, **client) as reader:
        admin = AIOKafkaAdminClient(**client)
        await admin.start()
        try:
            while True:
                row = await (await connection.execute("SELECT count(*) FROM outbox")).fetchone()
                ends = await reader.end_offsets(reader.assignment())
                read = await admin.list_consumer_group_offsets(prefix + group)
                behind = sum(end - read[place].offset for place, end in ends.items() if end)
                if row == (0,) and behind == 0:
                    return
                assert time.monotonic() < deadline, f"{behind} behind, {row} waiting\n{crew.report()}"
                await asyncio.sleep(0.2)
        finally:
            await admin.close()


async def until_reported(crew: Crew, message: Message, count: int) -> list[State]:
    """So many states that were reported after the claim had passed on."""
    async with crew.connect() as connection, asyncio.timeout(30):
        while True:
            rows = await connection.execute("SELECT state FROM attempt WHERE message = %s AND late", (message.number,))
            found = [State(state) for (state,) in await rows.fetchall()]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what has no event."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
