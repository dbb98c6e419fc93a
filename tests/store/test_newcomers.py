"""Who came in after a proof is found among those who changed since, and not by going through everybody."""

import pytest

from services.store import newcomers
from tests.store.world import Person, add_crowd, add_people, add_user, connect, release, rows_read, submit

pytestmark = pytest.mark.stack


async def test_a_look_for_newcomers_reads_who_changed_since_the_proof(database_url: str) -> None:
    """The page of a message to 100,000 is opened while it is being sent. To an edition one may come by subscribing."""
    async with await connect(database_url) as connection:
        user = await add_user(connection, "an@ccvo.example", "crisis-manager")
        await add_crowd(connection, 2000)
        await connection.execute("DELETE FROM contact_audience WHERE contact IN (SELECT id FROM contact LIMIT 1)")
        message = await submit(connection, user)
        await release(connection, message, user)
        await connection.execute(
            "INSERT INTO contact_audience SELECT 'governors', id FROM contact ON CONFLICT DO NOTHING"
        )
        await connection.execute("UPDATE contact SET updated_at = now() - interval '2 days'")
        await connection.execute("VACUUM ANALYZE contact")
        async with connection.transaction():
            before = await rows_read(connection, "delivery", "contact")
            assert await newcomers.found(connection, message.number, ["governors"]) == []
            assert await rows_read(connection, "delivery", "contact") == before
        new = Person("Nieuw", ["governors"], mail="nieuw@x.example")
        await add_people(connection, [new])
        assert [each.name for each in await newcomers.found(connection, message.number, ["governors"])] == ["Nieuw"]
        await connection.execute("UPDATE message SET kind = 'edition'")
        assert len(await newcomers.found(connection, message.number, ["governors"])) == 2
