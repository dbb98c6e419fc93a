"""What happens between the moment that a statement begins and the moment that it has its lock."""

import asyncio

import pytest

from services.store import announcements, ledger, messages, workers
from tests.store.world import SOURCE, add_crowd, add_user, connect, release, submit

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
