"""What happens between the moment that a statement begins and the moment that it has its lock."""

import asyncio

import psycopg
import pytest

from services.runtime.postgres import AWAY
from services.store import announcements, ledger, messages, newcomers, workers
from services.store.plan import PlanFor
from tests.store.world import SOURCE, Person, add_crowd, add_people, add_user, connect, release, submit

pytestmark = pytest.mark.stack


async def test_a_batch_that_was_announced_again_while_its_claim_began_is_claimed_whole(database_url):
    """The sweep changes the batch and not its deliveries. Nothing may be marked as ours that we are not told of."""
    connection, other, third = [await connect(database_url) for _ in range(3)]
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 150)
    first, second = await submit(connection, author), await submit(connection, author)
    for message in (first, second):
        await release(connection, message, author)
    epoch = await workers.begin(connection, "mail")
    async with other.transaction():
        paused = await messages.by_number(other, first.number, lock=True)
        await messages.pause(other, paused, source=SOURCE)
        claiming = asyncio.create_task(ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"]))
        locks = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"
        while not (await (await third.execute(locks, (connection.info.backend_pid,))).fetchone())[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with third.transaction():
            assert await announcements.announce(third, second.number, source=SOURCE) == 1
    claim = await claiming
    assert claim.ref.message == second.number
    assert len(claim.deliveries) == 150
    assert {d.attempt for d in claim.deliveries} == {1}
    for each in (connection, other, third):
        await each.close()


async def test_who_adds_to_a_message_gives_way_to_a_settlement_of_it(database_url):
    """A settlement has its batch and waits for the message, which an addition has that waits for the batch."""
    adding, settling = [await connect(database_url) for _ in range(2)]
    author = await add_user(adding, "author@ccvo.example", "author")
    first, second = [Person(name, ["governors"], mail="bus@gemeente.be") for name in ("An", "Bo")]
    await add_people(adding, [first])
    message = await submit(adding, author)
    await release(adding, message, author)
    await add_people(adding, [second])
    planned = PlanFor(message=message.number, language="nl", channels=["mail"], people=["governors"], feeds=[],
                      audience_order=["governors"])  # fmt: skip
    async with settling.transaction():
        await settling.execute("SELECT FROM batch WHERE message = %s FOR UPDATE", (message.number,))
        with pytest.raises(AWAY) as gave_way:
            async with adding.transaction():
                await messages.by_number(adding, message.number, lock=True)
                waits = asyncio.create_task(messages.by_number(settling, message.number, keep=True))
                await asyncio.sleep(0.2)
                await newcomers.append(adding, planned, [second.id], source=SOURCE)
        assert isinstance(gave_way.value, psycopg.errors.LockNotAvailable)
        assert await waits
    async with adding.transaction():
        await messages.by_number(adding, message.number, lock=True)
        assert await newcomers.append(adding, planned, [second.id], source=SOURCE) == 1
    for each in (adding, settling):
        await each.close()
