"""How a message stands by audience and province: those of whom most is not done come first."""

import io

import pytest
from rich.console import Console

from services.admin.shares import shares_shown
from services.store import confirmations
from services.store.breakdown import Share, breakdown
from services.store.messages import by_number
from tests.store.world import Person, add_people, add_user, connect, release, submit

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
        found = await breakdown(connection, asked)
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


def test_sixty_columns_are_enough() -> None:
    """A phone, over ssh."""
    out = Console(file=io.StringIO(), width=60)
    for each in shares_shown(
        [Share("audience", "local-governments-and-more", 99999, 99999, 99999, 99999, 99999, 99999)]
    ):
        out.print(each)
    assert isinstance(out.file, io.StringIO)
    assert len(out.file.getvalue().splitlines()) == 2
