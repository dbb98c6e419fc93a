"""What the newsfeed publishes, and what it does not any more: a claim in hand, on real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.domain.states import State
from services.fanout.carrier import Job
from services.newsfeed.service import FeedCarrier
from services.runtime.postgres import Connection, DatabaseSettings, open_pool
from services.store import feeds, ledger, messages, variants, workers
from services.store.ledger import Result
from services.store.messages import Message
from tests.store import world
from tests.store.world import SOURCE, add_user, connect, release, submit

pytestmark = pytest.mark.stack

ENTRIES = "SELECT count(*) FROM feed_entry"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url) as connection:
        yield connection


@pytest.fixture
async def message(connection: Connection) -> Message:
    """One that is released, for the public feed."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    message = await submit(connection, user, audiences=["public"], channels=["newsfeed"])
    await release(connection, message, user)
    return message


async def published(database_url: str, connection: Connection, claim: ledger.Claim) -> list[Result]:
    """What the ledger is to be told of the claim; nothing here knows of a stop but the record."""
    results: list[Result] = []
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        texts = await variants.read(connection, claim.ref.message)
        await FeedCarrier(pool).carry_out(Job(claim, texts, lambda: True, results.append))
    return results


async def carried_out(database_url: str, connection: Connection, claim: ledger.Claim) -> None:
    """And told."""
    results = await published(database_url, connection, claim)
    await ledger.settle(connection, claim, results, finished=True, source=SOURCE)


async def stop(connection: Connection, message: Message) -> None:
    async with connection.transaction():
        await messages.stop(connection, message, source=SOURCE, how="stopped")


async def expire(connection: Connection, message: Message) -> None:
    await connection.execute("UPDATE message SET expires_at = now() WHERE number = %s", (message.number,))


@pytest.mark.parametrize(("end", "state"), [(stop, "superseded"), (expire, "expired")])
async def test_what_was_ended_after_it_was_claimed_is_not_published(database_url, connection, message, end, state):
    """An outage may lie between the claim and the entry: the statement that publishes asks once more."""
    epoch = await workers.begin(connection, "newsfeed")
    claim = await ledger.claim(connection, epoch=epoch, channel="newsfeed", lanes=["urgent", "routine"])
    await end(connection, message)
    await carried_out(database_url, connection, claim)
    assert await (await connection.execute(ENTRIES)).fetchone() == (0,)
    assert await world.counted(connection, message.number) == {state: 1}


async def test_what_stands_in_the_feed_is_accepted_although_it_was_stopped_since(database_url, connection, message):
    """The one that published it died before it could say so, and its claim passed on: the feed tells."""
    dead, heir = [await workers.begin(connection, "newsfeed") for _ in range(2)]
    claim = await ledger.claim(connection, epoch=dead, channel="newsfeed", lanes=["urgent", "routine"])
    assert (await published(database_url, connection, claim))[0].state is State.ACCEPTED
    await stop(connection, message)
    await workers.end(connection, dead)
    inherited = await ledger.inherit(connection, epoch=heir, channel="newsfeed")
    await carried_out(database_url, connection, inherited)
    assert await world.counted(connection, message.number) == {"accepted": 1}


async def test_an_entry_whose_commit_is_still_on_its_way_is_waited_for(database_url, connection, message):
    """Its answer was lost, and the message expired meanwhile: the record must not say that nothing was published."""
    (variant,) = (await variants.read(connection, message.number)).values()
    soon = "UPDATE message SET expires_at = now() + interval '0.3 s' WHERE number = %s"
    await connection.execute(soon, (message.number,))
    async with await connect(database_url) as lost:
        async with lost.transaction():
            await feeds.record_entry(lost, message.number, variant)
            await asyncio.sleep(0.4)
            again = asyncio.create_task(recorded_again(database_url, message, variant))
            await asyncio.sleep(0.3)
            assert not again.done()
        assert await again is not None


async def recorded_again(database_url, message, variant):
    async with await connect(database_url) as connection, connection.transaction():
        return await feeds.record_entry(connection, message.number, variant)
