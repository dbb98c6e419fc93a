"""Settling for the dead by their journals, against what others said of the same deliveries meanwhile."""

import shutil
from datetime import timedelta

import pytest

from services.domain.states import State
from services.fanout.book import boot_id
from services.fanout.journal import Journal
from services.fanout.journal_format import Author
from services.fanout.replay import Replay
from services.fanout.settling import in_doubt
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import ledger, workers
from services.store.ledger import Result
from tests.store.world import SOURCE, add_crowd, add_user, connect, counted, now, release, submit

pytestmark = pytest.mark.stack

CROWD = 8


@pytest.fixture
async def world(database_url):
    """A connection, and a released message to a few by mail."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, CROWD)
    message = await submit(connection, author)
    await release(connection, message, author)
    yield connection, message
    await connection.close()


async def claimed(connection):
    """A worker's claim."""
    return await ledger.claim(
        connection, epoch=await workers.begin(connection, "mail"), channel="mail", lanes=["urgent"]
    )


async def settled(connection, claim, results):
    """All of it is recorded, and due again at once."""
    await ledger.settle(connection, claim, results, finished=True, source=SOURCE, retry_after=timedelta(0))


async def journal_of(connection, folder, claim):
    """The journal of the claim's worker, with a page for it."""
    life = await workers.find(connection, claim.epoch)
    database = await workers.database_identity(connection)
    journal = Journal(folder, Author("mail", claim.epoch, life.began, database, boot_id()), 1)
    return journal.page(claim)


def accepted(delivery, provider_id=None):
    return Result(
        delivery.sequence, delivery.attempt, State.ACCEPTED, handed_over=True, provider_id=provider_id, at=now()
    )


async def replayed(database_url, folder):
    """What the dead one left is settled for, until its epoch has ended. (Its copy: nobody holds the lock of that.)"""
    (path,) = folder.iterdir()
    left = folder.with_name("left")
    left.mkdir()
    shutil.copy(path, left)
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        replay = Replay(pool, SOURCE, left, boot_id())
        for _ in range(2):
            await replay.look()
    assert list(left.iterdir()) == []


async def again(connection):
    """Those that count as possible duplicates, by the rows; the batches say the same."""
    rows = await (await connection.execute("SELECT sequence FROM delivery WHERE again ORDER BY 1")).fetchall()
    summed = await (await connection.execute("SELECT sum(possible_duplicates) FROM batch")).fetchone()
    assert summed == (len(rows),)
    return [sequence for (sequence,) in rows]


async def test_a_second_copy_is_counted_whoever_reported_the_first_while_the_dead_one_held_it(
    world, database_url, tmp_path
):
    """A provider said `delivered` of what was in doubt; the worker that held it by then may have sent it once more."""
    connection, message = world
    first = await claimed(connection)
    await settled(connection, first, [in_doubt(delivery) for delivery in first.deliveries])
    claim = await claimed(connection)
    page = await journal_of(connection, tmp_path / "journal", claim)
    one, two, three, four, five, *_ = claim.deliveries
    for delivery in (one, two, four, five):
        page.opened(delivery)
    for delivery in (one, four):
        page.answered(accepted(delivery))
    reports = [Result(delivery.sequence, 0, State.DELIVERED) for delivery in (one, two, three)]
    await ledger.report(connection, message.number, reports, source=SOURCE)
    await replayed(database_url, tmp_path / "journal")
    assert await again(connection) == [one.sequence, two.sequence, four.sequence, five.sequence]
    assert await counted(connection, message.number) == {"delivered": 3, "accepted": 1, "deferred": 1, "planned": 3}


async def test_what_was_reported_and_never_handed_over_twice_is_not_counted(world, database_url, tmp_path):
    """The provider calls back before our own record, and the worker dies before it makes one: that is one copy."""
    connection, message = world
    claim = await claimed(connection)
    page = await journal_of(connection, tmp_path / "journal", claim)
    for delivery in claim.deliveries:
        page.opened(delivery)
        page.answered(accepted(delivery, f"SM{delivery.sequence}"))
    reports = [Result(d.sequence, 0, State.DELIVERED, provider_id=f"SM{d.sequence}") for d in claim.deliveries[:3]]
    await ledger.report(connection, message.number, reports, source=SOURCE)
    await replayed(database_url, tmp_path / "journal")
    assert await again(connection) == []
    assert await counted(connection, message.number) == {"delivered": 3, "accepted": CROWD - 3}


async def test_two_names_at_the_provider_are_two_copies_also_by_a_journal(world, database_url, tmp_path):
    """It stalled, its SMS were looked up, not found, and sent by another; then it woke, sent them, and was killed."""
    connection, _ = world
    stalled = await claimed(connection)
    page = await journal_of(connection, tmp_path / "journal", stalled)
    await workers.end(connection, stalled.epoch)
    heir = await ledger.inherit(connection, epoch=await workers.begin(connection, "mail"), channel="mail")
    sent = [
        Result(d.sequence, d.attempt, State.ACCEPTED, cleared=True, provider_id=f"SM{d.sequence}")
        for d in heir.deliveries
    ]
    await settled(connection, heir, sent)
    one, two, *_ = stalled.deliveries
    for delivery, name in ((one, f"SM{one.sequence}"), (two, "SM99")):
        page.opened(delivery)
        page.answered(accepted(delivery, name))
    await replayed(database_url, tmp_path / "journal")
    assert await again(connection) == [two.sequence]
