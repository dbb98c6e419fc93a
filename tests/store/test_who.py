"""Lists of a message's people take as long as there are people, and not that squared: at 100,000 one took hours."""

from collections import Counter

import pytest

from services.domain.states import State
from services.store import who
from services.store.who import Which
from tests.store import world

pytestmark = pytest.mark.stack

PEOPLE = 400


@pytest.mark.parametrize(
    ("which", "expected"),
    [("confirmed", {"mail": 200}), ("not-confirmed", {"mail": 200}), ("not-reached", {"mail": 50, "sms": 50})],
)
async def test_a_list_reads_each_person_a_few_times(database_url: str, which: Which, expected: dict[str, int]) -> None:
    """All have two copies; every second one confirmed; of every fourth the mail failed, of every eighth both."""
    connection = await world.connect(database_url)
    async with connection:
        author, approver = [await world.add_user(connection, f"{name}@x.be", "approver") for name in "ab"]
        await world.add_crowd(connection, PEOPLE)
        message = await world.submit(connection, author, channels=("mail", "sms"))
        await world.release(connection, message, approver)
        await connection.execute(
            "UPDATE delivery d SET state = CASE WHEN contact % (CASE v.channel WHEN 'mail' THEN 4 ELSE 8 END) = 0"
            f" THEN {State.FAILED:d} ELSE {State.ACCEPTED:d} END FROM variant v WHERE v.number = d.variant"
        )
        await connection.execute(
            "INSERT INTO confirmation (message, contact, how) SELECT 1, id, 'page' FROM contact WHERE id % 2 = 0"
        )
        async with connection.transaction():
            before = await world.rows_read(connection, *TABLES)
            found = Counter([each.channel async for each in who.people(connection, message, which)])
            read = await world.rows_read(connection, *TABLES) - before
    assert found == expected
    assert read < 12 * PEOPLE, read


TABLES = ("confirmation", "delivery", "addition", "contact")
