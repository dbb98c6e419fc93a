"""The alarms that workers ring and hush."""

import pytest

from services.domain.variants import Variant
from services.store import alarms, messages, notices, users
from services.store.alarms import CANNOT_SEND, Alarm
from tests.store.world import SOURCE, add_crowd, add_user, connect, release, submit

pytestmark = pytest.mark.stack


async def test_an_alarm_that_stands_says_what_is_wrong_now_and_since_when_it_stands(database_url):
    """The password was mended, and now it is the certificate: whoever is woken must not mend the password again."""
    connection = await connect(database_url)
    whys = "refuses our login", "cannot be trusted"
    stood = []
    for why in whys:
        await alarms.ring(connection, Alarm(CANNOT_SEND, "mail", {"why": why}))
        stood += await alarms.rung(connection)
    assert [each.detail["why"] for each in stood] == list(whys)
    assert stood[0].since == stood[1].since
    await alarms.hush(connection, (CANNOT_SEND, "mail"))
    assert await alarms.rung(connection) == []
    await alarms.ring(connection, Alarm(CANNOT_SEND, "mail", {"why": whys[0]}))
    (again,) = await alarms.rung(connection)
    assert again.since > stood[1].since
    await connection.close()


async def paused_for_a_correction(connection):
    """A released message of which nothing went out yet, and the correction for which it waits."""
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 2)
    original = await submit(connection, author)
    await release(connection, original, author)
    correction = await submit(connection, author, kind="correction", corrects=original.number)
    await pause(connection, original)
    return original, correction


async def pause(connection, message):
    async with connection.transaction():
        await messages.pause(connection, message, source=SOURCE)


async def end(connection, message, how):
    if how == "expired":
        await messages.set_expired(connection, message.number)
    else:
        await messages.set_rejected(connection, message.number, how)


@pytest.mark.parametrize("how", ["rejected", "withdrawn", "expired"])
async def test_a_message_left_paused_by_a_correction_that_will_not_come_is_an_alarm(database_url, how):
    """Half a province was told, the other half waits, and everyone believes that somebody else decides."""
    connection = await connect(database_url)
    original, correction = await paused_for_a_correction(connection)
    assert await alarms.left_paused(connection) == []
    await end(connection, correction, how)
    (left,) = await alarms.left_paused(connection)
    assert (left.id, left.correction, left.ended) == (original.id, correction.id, how)
    another = await submit(connection, original.submitted_by, kind="correction", corrects=original.number)
    assert await alarms.left_paused(connection) == []
    await end(connection, another, "rejected")
    assert len(await alarms.left_paused(connection)) == 1
    async with connection.transaction():
        await messages.resume(connection, original, source=SOURCE)
    assert await alarms.left_paused(connection) == []
    await connection.close()


async def test_what_a_person_had_paused_before_the_correction_came_is_no_alarm(database_url):
    """They know: it was they who did it."""
    connection = await connect(database_url)
    original, _ = await paused_for_a_correction(connection)
    await connection.execute(
        "UPDATE message SET paused_at = submitted_at - interval '1 minute' WHERE number = %s", (original.number,)
    )
    await connection.execute("UPDATE message SET state = 'rejected' WHERE corrects = %s", (original.number,))
    assert await alarms.left_paused(connection) == []
    await connection.close()


async def test_what_users_are_told_keeps_no_promise_to_the_public(database_url):
    """Word was promised to everyone; a call to whoever is on duty is not that word."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 2)
    promised = await submit(connection, author)
    await release(connection, promised, author)
    await connection.execute("UPDATE message SET next_update_at = now() - interval '1 minute'")
    async with connection.transaction():
        (user,) = await users.with_role(connection, ["author"])
        told = [Variant("", "nl", "", "sms", "", "CCVO: er wacht een bericht.", "")]
        await notices.tell(connection, [user], told, about=promised, by=user.id, source=SOURCE)
    assert [each.message for each in await alarms.overdue(connection)] == [promised.number]
    await connection.close()
