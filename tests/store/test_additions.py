"""A look for fall-backs reads what concerns those whose SMS failed, however large the message is."""

import pytest

from services.store import additions, messages
from services.store.additions import Wanted
from tests.store.world import SOURCE, add_crowd, add_user, connect, release, rows_read, submit

pytestmark = pytest.mark.stack

MANY = 1000


async def test_a_look_for_fall_backs_reads_no_more_than_those_it_is_for(database_url: str) -> None:
    """It comes four times a second in a flood of failures, of a message of which 100,000 have a mail already."""
    async with await connect(database_url) as connection:
        user = await add_user(connection, "an@ccvo.example", "crisis-manager")
        await add_crowd(connection, MANY)
        both = await submit(connection, user, channels=["mail", "sms"])
        await release(connection, both, user)
        rows = await connection.execute("SELECT id FROM contact ORDER BY id LIMIT 10")
        failed = [Wanted(contact, contact, "governors") for (contact,) in await rows.fetchall()]
        message = await messages.by_number(connection, both.number)
        assert message
        for channel, origin in (("mail", "fallback"), ("sms", "second-channel")):
            async with connection.transaction():
                before = [await rows_read(connection, table) for table in ("delivery", "address")]
                assert await additions.append(connection, message, origin, channel, failed, source=SOURCE) == []
                after = [await rows_read(connection, table) for table in ("delivery", "address")]
            assert [now - was <= 10 * len(failed) for was, now in zip(before, after, strict=True)] == [True, True]


async def test_whoever_has_it_at_a_former_address_or_behind_anothers_gets_no_second_one(database_url: str) -> None:
    """They moved since the release, or read a mailbox that others read too."""
    async with await connect(database_url) as connection:
        user = await add_user(connection, "an@ccvo.example", "crisis-manager")
        await add_crowd(connection, 4)
        rows = await connection.execute("SELECT id FROM contact ORDER BY id")
        moved, stands, behind, new = [contact for (contact,) in await rows.fetchall()]
        shared = "UPDATE address SET value = 'desk@crowd.example' WHERE contact = ANY(%s) AND channel = 'mail'"
        await connection.execute(shared, ([stands, behind],))
        await connection.execute("DELETE FROM contact_audience WHERE contact = %s", (new,))
        mails = await submit(connection, user, channels=["mail"])
        await release(connection, mails, user)
        await connection.execute("UPDATE address SET current = false WHERE contact = ANY(%s)", ([moved, behind, new],))
        anew = "INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', %s)"
        for contact, value in ((moved, "moved@x.example"), (behind, "own@x.example"), (new, "DESK@crowd.example")):
            await connection.execute(anew, (contact, value))
        wanted = [Wanted(contact, contact, "governors") for contact in (moved, stands, behind, new)]
        message = await messages.by_number(connection, mails.number)
        assert message
        async with connection.transaction():
            made = await additions.append(connection, message, "fallback", "mail", wanted, source=SOURCE)
        assert made == [new]
        rows = await connection.execute("SELECT contacts FROM delivery ORDER BY sequence")
        assert [count for (count,) in await rows.fetchall()] == [1, 3], "who is new stands behind what lies at the desk"
