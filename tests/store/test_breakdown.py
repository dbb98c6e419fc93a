"""How a message stands by audience and province: those of whom most is not done come first."""

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from services.admin.shares import Looked, shares_shown
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import confirmations, ledger, workers
from services.store.breakdown import Share
from services.store.ledger import Result
from services.store.messages import by_number
from services.store.status import status_of
from tests.store.world import SOURCE, Person, add_crowd, add_people, add_user, connect, release, rows_read, submit

pytestmark = pytest.mark.stack


async def test_copies_are_counted_by_audience_and_province_and_the_not_yets_come_first(database_url: str) -> None:
    """Who has no number is among those who did not get it; and whoever confirmed is counted there."""
    people = [Person(f"L{n}", ["governors"], mobile=f"+3247000000{n}") for n in range(3)]
    async with await connect(database_url) as connection:
        user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
        await add_people(connection, [*people, Person("Zonder", ["partners"])])
        await connection.execute("UPDATE contact SET province = 'Limburg' WHERE name = 'L0'")
        message = await submit(connection, user, channels=["sms"], audiences=["governors", "partners"])
        await release(connection, message, user)
        await connection.execute("UPDATE delivery SET state = 100 WHERE sequence = 1")
        await connection.execute("UPDATE message SET confirm_minutes = 15 WHERE number = %s", (message.number,))
        row = await (await connection.execute("SELECT contact FROM delivery WHERE sequence = 1")).fetchone()
        assert row
        await confirmations.record(connection, message.number, [row[0]], how="page")
        asked = await by_number(connection, message.number)
        assert asked
        found = await Looked(connection).shares(asked, await status_of(connection, asked))
    shares = {(each.by, each.name): each for each in found}
    assert [each.name for each in found if each.by == "audience"] == ["governors", "partners"]
    governors = shares["audience", "governors"]
    assert (governors.open, governors.delivered, governors.asked, governors.confirmed, governors.not_yet) == (
        2,
        1,
        3,
        1,
        2,
    )
    assert shares["audience", "partners"].failed == 1
    assert {name for by, name in shares if by == "province"} == {"", "Limburg"}


async def test_a_look_reads_what_moved_since_the_last_and_no_more(database_url: str) -> None:
    """Somebody follows a message to 100,000 all evening: that must cost sending nothing."""
    async with await connect(database_url) as connection:
        user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
        await add_crowd(connection, 1000)
        message = await submit(connection, user)
        await release(connection, message, user)
        looked = Looked(connection)
        assert sum(each.open for each in await look(looked, connection, message.number)) == 2000
        claim = await ledger.claim(
            connection, epoch=await workers.begin(connection, "mail"), channel="mail", lanes=["urgent"]
        )
        assert claim and len(claim.deliveries) == 200
        accepted = [Result(d.sequence, d.attempt, State.ACCEPTED, handed_over=True) for d in claim.deliveries]
        await ledger.settle(connection, claim, accepted, finished=True, source=SOURCE)
        async with connection.transaction():
            before = await rows_read(connection, "delivery")
            (share, _) = await look(looked, connection, message.number)
            assert (share.open, share.accepted) == (800, 200)
            assert await rows_read(connection, "delivery") == before + 200


async def look(looked: Looked, connection: Connection, number: int) -> Sequence[Share]:
    message = await by_number(connection, number)
    assert message
    return await looked.shares(message, await status_of(connection, message))


def test_sixty_columns_are_enough() -> None:
    """A phone, over ssh."""
    out = Console(file=io.StringIO(), width=60)
    for each in shares_shown(
        [Share("audience", "local-governments-and-more", 99999, 99999, 99999, 99999, 99999, 99999)]
    ):
        out.print(each)
    assert isinstance(out.file, io.StringIO)
    assert len(out.file.getvalue().splitlines()) == 2
