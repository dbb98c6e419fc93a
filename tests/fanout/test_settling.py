"""A claim that is put down before all of it has a result: only what may be at the peer is in doubt."""

import asyncio
from types import SimpleNamespace

import pytest

from services.domain.states import State
from services.fanout.book import Book, boot_id
from services.fanout.claims import share_of
from services.fanout.journal import NoPage
from services.fanout.journal_format import Author, read
from services.fanout.settings import WorkerSettings
from services.fanout.settling import settling
from services.fanout.worker import Worker
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import ledger, workers
from services.store.ledger import Result
from tests.store.world import SOURCE, add_crowd, add_user, connect, counted, now, release, submit

pytestmark = pytest.mark.stack

CROWD = 6


@pytest.fixture
async def world(database_url):
    """A connection, a message, a claim of it, and how to settle it on a page."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, CROWD)
    message = await submit(connection, author)
    await release(connection, message, author)
    epoch = await workers.begin(connection, "mail")
    claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        service = SimpleNamespace(source=SOURCE)
        yield connection, message, claim, lambda page: settling(service, claim, page, share_of(pool, 1), 300)
    await connection.close()


@pytest.fixture
def book(tmp_path, world):
    """The journal of the claim's epoch."""
    _, _, claim, _ = world
    book = Book(tmp_path / "journal", 1)
    book.begin(Author("mail", claim.epoch, 1, bytes(16), boot_id()))
    yield book
    assert book.close()


def accepted(delivery):
    return Result(delivery.sequence, delivery.attempt, State.ACCEPTED, handed_over=True, at=now())


async def cut_off(settle, page, claim):
    """One was accepted and one opened when the carrier was cancelled, and said nothing of the rest."""
    async with settle(page) as results:
        for delivery in claim.deliveries[:2]:
            page.opened(delivery)
        results.add(accepted(claim.deliveries[0]))
        raise asyncio.CancelledError


async def test_what_was_not_opened_when_it_was_cut_off_is_given_back_without_doubt(world, book):
    """The journal knows it. In doubt it would wait, be counted, and be `unknown` after a stop."""
    connection, message, claim, settle = world
    with pytest.raises(asyncio.CancelledError):
        await cut_off(settle, book.page(claim), claim)
    assert await counted(connection, message.number) == {"accepted": 1, "deferred": 1, "planned": CROWD - 2}
    doubted = await (await connection.execute("SELECT sequence FROM delivery WHERE doubts > 0")).fetchall()
    assert doubted == [(claim.deliveries[1].sequence,)]


async def test_without_a_journal_all_that_has_no_result_is_in_doubt(world):
    """Nobody knows what was handed over."""
    connection, message, claim, settle = world
    with pytest.raises(asyncio.CancelledError):
        await cut_off(settle, NoPage(), claim)
    assert await counted(connection, message.number) == {"accepted": 1, "deferred": CROWD - 1}


async def test_nothing_is_begun_once_the_claim_is_put_down_and_what_is_said_of_it_too_late_spoils_nothing(
    world, book, tmp_path
):
    """A connection that still has a mail of it: what was given back must not be sent, and the page may be another's."""
    connection, message, claim, settle = world
    async with settle(book.page(claim)) as results:
        assert not results.over
    assert results.over
    again = await ledger.claim(connection, epoch=claim.epoch, channel="mail", lanes=["urgent"])
    page = book.page(again)
    results.add(accepted(claim.deliveries[0]))
    (path,) = (tmp_path / "journal").iterdir()
    assert {written.answer for written in read(path.read_bytes()).pages[again.ref].values()} == {None}
    assert await counted(connection, message.number) == {"claimed": CROWD}
    page.clear()


class Breaks:
    """A carrier with a defect: it ends with an error, and a connection of it goes on with the job."""

    channel = "mail"

    async def carry_out(self, job):
        self.job, self.might = job, job.may_start()
        raise RuntimeError("unforeseen")


async def test_a_carrier_that_breaks_may_not_go_on_with_what_was_given_back(world, database_url, tmp_path, monkeypatch):
    """It would be a copy that nobody counts."""
    monkeypatch.setenv("ROELAND_DATA_DIR", str(tmp_path))
    connection, message, *_ = world
    carrier = Breaks()
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        service = SimpleNamespace(name="mail", source=SOURCE, pool=pool, stopping=asyncio.Event())
        worker = Worker(service, carrier, WorkerSettings(halt_seconds=60), pool)
        await worker._life.beat()
        await worker._halts.read()
        await connection.execute("UPDATE delivery SET state = 0, epoch = NULL")
        await connection.execute("UPDATE batch SET planned = claimed, claimed = 0, epoch = NULL")
        claim = await ledger.claim(connection, epoch=worker._life.epoch, channel="mail", lanes=["urgent"])
        with pytest.raises(RuntimeError):
            await worker._carry(claim, share_of(pool, 1))
    assert carrier.might
    assert not carrier.job.may_start()
    assert await counted(connection, message.number) == {"planned": CROWD}
