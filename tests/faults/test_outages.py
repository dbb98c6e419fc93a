"""Kafka, PostgreSQL, the relay and Twilio: killed, away for a while, and everything at once."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests import stack
from tests.faults.harness import Crew, crew_of
from tests.faults.servers import Servers, own_servers

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(280)]

PEOPLE = 300
CONNECTIONS = 10
AWAY_SECONDS = 4
"""Longer than the lease of a worker, as a minute is longer than fifteen seconds."""


@pytest.fixture(scope="module")
def servers(background: stack.Background) -> Iterator[Servers]:
    """A Kafka and a PostgreSQL that these tests may kill."""
    with own_servers(background) as made:
        yield made


@pytest.fixture(scope="module")
def module_crew(
    servers: Servers, sink_process: stack.Sink, twilio_process: stack.Twilio, background: stack.Background
) -> Iterator[Crew]:
    """Dispatch, mail and sms on servers of their own."""
    with stack.fresh_database(servers.postgres.url) as database_url, stack.folder("roeland-faults-") as folder:
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": servers.kafka.bootstrap,
            "ROELAND_KAFKA_TOPIC_PREFIX": "roeland.",
            "ROELAND_DATABASE_URL": database_url,
        }
        options = {"sink": sink_process, "twilio": twilio_process, "background": background}
        with crew_of(env, folder, smtp_connections=CONNECTIONS, sms_connections=CONNECTIONS, **options) as crew:
            for service in ("dispatch", "mail", "sms"):
                crew.start(service, ready=False)
            for program in crew.programs:
                program.wait_ready()
            yield crew


async def half_sent(crew: Crew, people: int = PEOPLE):
    """A message to so many by mail and SMS, of which a part is out."""
    message = await crew.release(people, ("mail", "sms"))
    await crew.until(lambda account: account.states.get("accepted", 0) > people // 5, message)
    return message


async def all_ready(crew: Crew, seconds: float = 60) -> None:
    """Wait until every service says that it has all it needs."""
    async with asyncio.timeout(seconds):
        for program in crew.programs:
            while not program.ready():
                assert program.running, program.tail()
                await asyncio.sleep(0.1)


async def nothing_waits(crew: Crew, seconds: float = 30) -> None:
    """Wait until all that was to be published is in Kafka."""

    async def waiting() -> int:
        row = await (await connection.execute("SELECT count(*) FROM outbox")).fetchone()
        return int(row[0]) if row else 0

    deadline = time.monotonic() + seconds
    async with crew.connect() as connection:
        while await waiting():
            assert time.monotonic() < deadline, crew.report()
            await asyncio.sleep(0.1)


async def test_postgres_killed_in_the_middle_loses_nothing_and_leaves_nothing_in_doubt(
    crew: Crew, servers: Servers
) -> None:
    """Away for longer than a lease: what was sent meanwhile is kept in memory and recorded when it is back."""
    crew.slow_peers()
    message = await half_sent(crew)
    servers.kill_postgres()
    await asyncio.sleep(AWAY_SECONDS)
    servers.start_postgres()
    crew.quick_peers()
    account = await crew.until_done(message)
    account.holds()
    await all_ready(crew)


async def test_everything_killed_in_one_moment_goes_on_where_it_was_even_before_kafka_is_back(
    crew: Crew, servers: Servers
) -> None:
    """Kafka, PostgreSQL and every service, as when the machine is switched off and on; Kafka takes its time.

    Mail that was on its way when its worker was killed may come twice, and is counted; SMS are looked up. What was said
    while Kafka was away is published later.
    """
    crew.slow_peers()
    message = await half_sent(crew)
    kill_all(crew, servers)
    servers.start_postgres()
    left = (await crew.until(lambda _: True, message)).open
    restart_all(crew)
    crew.quick_peers()
    account = await crew.until_done(message)
    assert left, "it was in the middle"
    account.holds(bound=CONNECTIONS)
    assert set(account.texts.values()) == {1}
    (await crew.until_done(await crew.release(20, ("mail", "sms")))).holds(bound=CONNECTIONS)
    servers.start_kafka()
    await all_ready(crew)
    await nothing_waits(crew)
    crew.forget()
    (await crew.until_done(await crew.release(20))).holds()


async def test_kafka_killed_in_the_middle_delays_nobody(crew: Crew, servers: Servers) -> None:
    """What was released is sent without Kafka. (The last test here: Kafka stays away.)"""
    crew.slow_peers()
    message = await half_sent(crew)
    servers.kill_kafka()
    (await crew.until_done(message)).holds()


def kill_all(crew: Crew, servers: Servers) -> None:
    """Every service, Kafka and PostgreSQL, one right after the other."""
    for program in crew.programs:
        crew.kill(program)
    servers.kill_postgres()
    servers.kill_kafka()


def restart_all(crew: Crew) -> None:
    """Every service, without waiting for it."""
    for program in crew.programs:
        crew.restart(program, ready=False)
