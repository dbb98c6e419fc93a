"""How often the ledger asks PostgreSQL: as often for a batch of ten as for one of two hundred (issue 4)."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import ledger, messages, workers
from services.store.ledger import Claim, Result
from services.store.messages import Message
from tests.store.world import SOURCE, add_crowd, add_user, connect, counted, now, release, submit

pytestmark = pytest.mark.stack

SOON = timedelta(minutes=1)


class Counting(psycopg.AsyncCursor[Any]):
    """Counts what is asked, whoever asks it: `connection.execute` makes a cursor too."""

    asked = 0

    async def execute(self, *args: Any, **options: Any) -> "Counting":
        """One."""
        Counting.asked += 1
        return await super().execute(*args, **options)

    async def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """As many as there are rows."""
        rows = list(params_seq)
        Counting.asked += len(rows)
        await super().executemany(query, rows, **options)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """One that counts."""
    async with await connect(database_url) as made:
        made.cursor_factory = Counting
        yield made


async def questions(connection: Connection, author: int, people: int) -> dict[str, int]:
    """How much each step of a message to so many of the crowd asks."""
    audience = f"{people} people"
    await connection.execute(
        "INSERT INTO contact_audience SELECT %s, id FROM contact ORDER BY id LIMIT %s", (audience, people)
    )
    message = await submit(connection, author, audiences=[audience])
    await release(connection, message, author)
    epoch, asked = await workers.begin(connection, "mail"), {}
    Counting.asked = 0
    claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
    asked["claim"], Counting.asked = Counting.asked, 0
    assert claim is not None
    assert len(claim.deliveries) == people
    await ledger.settle(connection, claim, half_and_half(claim), finished=True, source=SOURCE, retry_after=SOON)
    asked["settle"], Counting.asked = Counting.asked, 0
    reports = [Result(each.sequence, 0, State.DELIVERED) for each in claim.deliveries[::2]]
    await ledger.report(connection, message.number, reports, source=SOURCE)
    asked["report"], Counting.asked = Counting.asked, 0
    await stopped(connection, message)
    Counting.asked = 0
    await ledger.withdraw_unsent(connection, message.number, source=SOURCE)
    asked["withdraw"] = Counting.asked
    assert await counted(connection, message.number) == {"delivered": people // 2, "superseded": people // 2}
    return asked


def half_and_half(claim: Claim) -> Sequence[Result]:
    """Every second one is accepted, the others are to be tried again."""
    return [
        Result(each.sequence, each.attempt, State.DEFERRED, code=450)
        if n % 2
        else Result(each.sequence, each.attempt, State.ACCEPTED, handed_over=True, code=250, at=now())
        for n, each in enumerate(claim.deliveries)
    ]


async def stopped(connection: Connection, message: Message) -> None:
    """Stop it."""
    async with connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        assert found is not None
        await messages.stop(connection, found, source=SOURCE, how="stopped")


async def test_ten_and_two_hundred_recipients_take_the_same_number_of_questions(connection: Connection) -> None:
    """A claim, a settlement and a withdrawal are one question each, a report two: whatever the number of rows."""
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 200)
    few, many = [await questions(connection, author, people) for people in (10, 200)]
    assert few == many == {"claim": 1, "settle": 1, "report": 2, "withdraw": 1}
