"""What else happens to a message as it is released takes no lock that a worker's claim would wait for."""

import pytest
from psycopg.errors import LockNotAvailable

from services.dispatch.falling_back import fall_back
from services.editorial import telling
from services.store import fallbacks
from tests.store import world

pytestmark = pytest.mark.stack

CLAIMS = "SELECT FROM message WHERE number = %s FOR SHARE NOWAIT"
"""What every claim does to the row of its message, but for the wait."""


async def released(connection):
    author, approver = await world.add_user(connection, "a@e.org"), await world.add_user(connection, "b@e.org")
    await world.add_crowd(connection, 3)
    message = await world.submit(connection, author, lane="urgent", channels=("sms",))
    await world.release(connection, message, approver)
    return message.number


async def test_a_notice_that_is_being_written_holds_up_no_claim_and_nobody_changes_the_message_meanwhile(database_url):
    """At night the notice that the glass was broken cost an SMS blast a tenth of a second."""
    writing, working = await world.connect(database_url), await world.connect(database_url)
    number, seen = await released(writing), []

    async def tell(_, message, __):
        await working.execute(CLAIMS, (message.number,))
        with pytest.raises(LockNotAvailable):
            await working.execute("SELECT FROM message WHERE number = %s FOR NO KEY UPDATE NOWAIT", (message.number,))
        seen.append(message.number)

    async with writing.transaction():
        await telling.of_message(tell, once=True)(writing, number, None)
    assert seen == [number]


async def test_a_look_for_whom_to_mail_instead_that_finds_nobody_holds_up_no_claim(database_url):
    """Each release by SMS alone is looked at once; most often everybody has a number."""
    looking, working = await world.connect(database_url), await world.connect(database_url)
    number = await released(looking)
    async with looking.transaction():
        await fall_back("/roeland/test")(looking, f"{number}/{fallbacks.WHOLE}")
        await working.execute(CLAIMS, (number,))
