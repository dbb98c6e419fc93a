"""SIGTERM in the middle: what is in hand is finished or given back, in time, and doubles nothing."""

import asyncio

import pytest

from services.runtime.postgres import Connection
from tests.faults import door
from tests.faults.harness import LOOK_EVERY, Crew
from tests.faults.programs import STOPPED_WITHIN, Program

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(120)]

PEOPLE = 300
CHANNELS = ("mail", "sms", "newsfeed")
FEEDS = ("governors", "local-governments", "senior-officials", "bcm-leads", "partners")
SETTINGS: dict[str, dict[str, object]] = {
    "editorial": {},
    "dispatch": {},
    "mail": {"smtp_connections": 10, "smtp_answer_seconds": 60},
    "sms": {"sms_connections": 10, "twilio_timeout_seconds": 60},
    "newsfeed": {},
}


@pytest.fixture(scope="module")
def at_work(module_crew: Crew) -> dict[str, Program]:
    """Every service that has a message in hand at some time. They wait for an answer as long as they like."""
    programs = {name: module_crew.start(name, ready=False, **settings) for name, settings in SETTINGS.items()}
    for program in programs.values():
        program.wait_ready()
    return programs


async def test_sigterm_in_the_middle_finishes_or_gives_back_and_doubles_nothing(
    crew: Crew, at_work: dict[str, Program]
) -> None:
    """An update of Roeland while a message is being proofed and sent is nothing that anybody notices."""
    message_id = await door.submitted(crew, PEOPLE, CHANNELS, audiences=FEEDS)
    await stopped(crew, at_work["editorial"])
    crew.restart(at_work["editorial"])
    await door.proofed(crew, message_id)
    crew.slow_peers(0.1)
    async with crew.connect() as connection, connection.transaction():
        await connection.execute("LOCK TABLE feed_entry IN EXCLUSIVE MODE")
        message = await door.approve(crew, message_id)
        await crew.until(lambda account: account.states.get("accepted", 0) > 20, message)
        await until_somebody_waits(connection, "feed_entry")
        newsfeed = asyncio.create_task(stopped(crew, at_work["newsfeed"]))
        for name in ("mail", "sms", "dispatch"):
            await stopped(crew, at_work[name])
    await newsfeed
    between = await crew.account(message)
    assert between.open > PEOPLE // 10, "it was in the middle"
    assert between.channels["newsfeed"] == {"accepted": 1, "planned": len(FEEDS) - 1}
    assert not between.states.get("claimed"), "all that was in hand is finished or given back"
    assert not between.lost
    for name in ("mail", "sms", "newsfeed", "dispatch"):
        crew.restart(at_work[name], ready=False)
    crew.quick_peers()
    account = await crew.until_done(message)
    account.holds()
    assert not crew.logged("taken_over"), "whoever stops says so: nobody waits for a lease"
    assert not crew.logged("journal_replayed"), "and leaves no journal"


async def test_sigterm_while_peers_hang_is_in_time_and_the_doubt_is_counted_or_looked_up(
    crew: Crew, at_work: dict[str, Program]
) -> None:
    """The relay took the body and never answers: nobody can know, so it is in doubt, sent again, and counted.

    Twilio took the text and never answers: it is in doubt, looked up, and found.
    """
    assert crew.sink
    assert crew.twilio
    crew.sink.faults({"at": "after-body", "do": "forget", "count": 3})
    crew.twilio.faults({"at": "response", "do": "forget", "count": 3})
    message = await crew.release(40, ("mail", "sms"))
    await crew.until(
        lambda account: all(counts.get("accepted", 0) >= 40 - 2 * 3 for counts in account.channels.values()), message
    )
    crew.trouble("three bodies and three texts without an answer")
    await asyncio.gather(stopped(crew, at_work["mail"]), stopped(crew, at_work["sms"]))
    between = (await crew.account(message)).channels
    for channel in ("mail", "sms"):
        assert between[channel]["deferred"] == 3
        assert between[channel]["accepted"] + between[channel].get("planned", 0) == 37, (
            "who waited behind is given back"
        )
    crew.restart(at_work["mail"], ready=False)
    crew.restart(at_work["sms"], ready=False)
    account = await crew.until_done(message)
    account.holds(bound=3)
    assert account.second_copies == account.possible_duplicates == 3
    assert account.second_texts == 0
    assert account.states["accepted"] + account.states.get("delivered", 0) == 80


async def stopped(crew: Crew, program: Program) -> None:
    """SIGTERM, which is obeyed in time and in order."""
    code, seconds = await asyncio.to_thread(crew.stop, program)
    assert code == 0, program.tail()
    assert seconds < STOPPED_WITHIN


async def until_somebody_waits(connection: Connection, table: str) -> None:
    """Wait until somebody waits for a lock on this table."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = %s::regclass AND NOT granted)"
    async with asyncio.timeout(60):
        while await (await connection.execute(waiting, (table,))).fetchone() != (True,):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)
