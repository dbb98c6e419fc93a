"""PostgreSQL away, slow, cut off, and refusing to write, while mail and SMS are being sent.

The services reach the session's PostgreSQL by a proxy of the test's own, and nobody else's tests notice.
"""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from services.store import workers
from tests import stack
from tests.conftest import delete_topics
from tests.faults.harness import Crew, crew_of
from tests.faults.proxy import Proxy, proxy_to

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(200)]

PEOPLE = 300
CONNECTIONS = 10
LEASE_SECONDS = 4
AWAY_SECONDS = 4.5
"""Longer than a lease, as a minute is longer than fifteen seconds."""
GROWTH_KB = 10_000
"""What is kept while PostgreSQL is away is small, and let go of. Seen: below 1,000."""


@pytest.fixture(scope="module")
def database(postgres: str) -> Iterator[str]:
    """URL of the module's database, without the proxy."""
    with stack.fresh_database(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def ways(database: str, background: stack.Background) -> Iterator[tuple[Proxy, Proxy]]:
    """The services' way to PostgreSQL; and one for the second mail worker, that leads to the first."""
    with proxy_to(background, database) as of_all, proxy_to(background, of_all.url) as of_one:
        yield of_all, of_one


@pytest.fixture
def proxy(ways: tuple[Proxy, Proxy]) -> Proxy:
    """Everybody's way."""
    return ways[0]


@pytest.fixture(scope="module")
def module_crew(
    kafka: str,
    ways: tuple[Proxy, Proxy],
    sink_process: stack.Sink,
    twilio_process: stack.Twilio,
    background: stack.Background,
) -> Iterator[Crew]:
    """Dispatch, sms and two mail workers, behind the proxy; the second mail worker with one of its own before it."""
    prefix = f"t{uuid4().hex[:8]}."
    env = {
        "ROELAND_KAFKA_BOOTSTRAP": kafka,
        "ROELAND_KAFKA_TOPIC_PREFIX": prefix,
        "ROELAND_DATABASE_URL": ways[0].url,
    }
    options = {"sink": sink_process, "twilio": twilio_process, "background": background}
    options |= {"smtp_connections": CONNECTIONS, "sms_connections": CONNECTIONS, "lease_seconds": LEASE_SECONDS}
    with (
        stack.folder("roeland-faults-") as folder,
        crew_of(env, folder, **options) as crew,
    ):
        for service in ("dispatch", "mail", "sms"):
            crew.start(service, ready=False)
        crew.start("mail", ready=False, database_url=ways[1].url)
        for program in crew.programs:
            program.wait_ready()
        yield crew
    background.run(delete_topics(kafka, prefix))


def nobody_took_over(crew: Crew) -> None:
    """The living were not taken for dead."""
    assert not crew.logged("peer_silent")
    assert not crew.logged("taken_over")


def nothing_unforeseen(crew: Crew) -> None:
    """Every failure was one line, and no service ended."""
    assert all(program.running and program.lives == 1 for program in crew.programs), crew.report()
    assert not crew.logged("unforeseen")
    assert not [program.name for program in crew.programs if "Traceback" in program.process.log.read_text()]


async def under_way(crew: Crew, people: int = PEOPLE):
    """A message to so many by mail and SMS, of which a part is out."""
    message = await crew.release(people, ("mail", "sms"))
    await crew.until(lambda account: account.states.get("accepted", 0) > people // 5, message)
    return message


async def test_postgres_away_for_longer_than_a_lease_and_nobody_takes_over_from_the_living(
    crew: Crew, ways: tuple[Proxy, Proxy], database: str
) -> None:
    """Two workers of each other's silence: neither could write, and neither draws conclusions from that.

    Nor does the one that reads first when it is back: the other's counter stands where it stood before, and that says
    nothing yet.
    """
    crew.slow_peers()
    message = await under_way(crew)
    ways[1].close()
    await until_read(database)  # whatever the second one had counted so far
    ways[0].close()
    await asyncio.sleep(AWAY_SECONDS)
    ways[0].open()
    await until_read(database)
    ways[1].open()
    (await crew.until_done(message)).holds()
    nobody_took_over(crew)
    nothing_unforeseen(crew)


async def beats(database: str) -> dict[int, int]:
    """How far each mail worker has counted, by epoch."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        return await workers.beats(connection, "mail")


async def until_read(database: str) -> None:
    """Wait until one mail worker has beaten thrice: the first may be under way already, and after each it reads."""
    before = await beats(database)
    async with asyncio.timeout(30):
        while not [epoch for epoch, beat in (await beats(database)).items() if beat > before.get(epoch, beat) + 2]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_connections_cut_again_and_again_also_between_commit_and_answer_double_nothing(
    crew: Crew, proxy: Proxy, database: str
) -> None:
    """A COMMIT without an answer may have happened: a claim is then not carried out twice, a result not lost."""
    crew.slow_peers()
    message = await crew.release(PEOPLE, ("mail", "sms"))
    before, memory = proxy.cut_commits, {program.name: program.resident() for program in crew.programs}
    with psycopg.connect(database, autocommit=True) as admin:
        for _ in range(8):
            proxy.commits_unanswered = 3
            await asyncio.sleep(0.15)
            proxy.cut()
            await asyncio.sleep(0.15)
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.15)
    proxy.commits_unanswered = 0
    assert proxy.cut_commits - before >= 8
    (await crew.until_done(message)).holds()
    nobody_took_over(crew)
    nothing_unforeseen(crew)
    grown = {each.name: each.resident() - memory[each.name] for each in crew.programs}
    assert max(grown.values()) < GROWTH_KB, f"kB after what memory they had in the middle: {grown}"


async def test_a_slow_postgres_slows_down_and_breaks_nothing(crew: Crew, proxy: Proxy) -> None:
    """A twentieth of a second more for each question; waits are a fifth of the real ones here, so this is a quarter."""
    proxy.delay = 0.025
    try:
        message = await crew.release(100, ("mail", "sms"))
        (await crew.until_done(message)).holds()
    finally:
        proxy.delay = 0
    nobody_took_over(crew)
    nothing_unforeseen(crew)


async def test_a_postgres_that_refuses_to_write_is_waited_for(crew: Crew, database: str) -> None:
    """Read-only, as after a fail-over to a copy: nothing is claimed, results wait, and it goes on by itself."""
    crew.slow_peers()
    message = await under_way(crew)
    read_only(database, "on")
    try:
        await asyncio.sleep(AWAY_SECONDS)
        assert (await crew.account(message)).open
    finally:
        read_only(database, "off")
    (await crew.until_done(message)).holds()
    nobody_took_over(crew)
    nothing_unforeseen(crew)


def read_only(database: str, value: str) -> None:
    """Have every transaction of this database refuse writes, or not, in sessions that stand as well."""
    with psycopg.connect(database, autocommit=True) as admin:
        name = sql.Identifier(admin.info.dbname)
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(name, sql.SQL(value)))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
