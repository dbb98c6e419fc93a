"""Codes in PostgreSQL: there from the submission on, known to nobody before the release."""

from dataclasses import replace

import pytest

from services.domain.release_order import ReleaseStep
from services.domain.verification import code_of
from services.store import messages, notices, users, variants, verification
from tests.store.world import SOURCE, add_user, connect, release, submit

pytestmark = pytest.mark.stack


async def asked(connection, message, audience="governors"):
    return await verification.find(connection, code_of(str(message.id), audience))


async def test_a_code_is_known_once_its_message_is_released(database_url):
    """Before that its author's draft would be told to whoever can reckon."""
    async with await connect(database_url) as connection:
        author = await add_user(connection, "author@ccvo.example", "author")
        message = await submit(connection, author, audiences=["governors", "public"], channels=["mail", "newsfeed"])
        assert await asked(connection, message) is None
        await release(connection, message, author)
        found = await asked(connection, message)
        assert found is not None and (found.audience, found.kind, found.title) == ("governors", "alert", None)
        assert found.sent_at == (await messages.by_number(connection, message.number)).released_at
        assert await asked(connection, message, "bcm-leads") is None, "they got nothing"
        assert await verification.find(connection, "-" * 10) is None


async def test_in_a_release_in_order_each_audience_at_its_step(database_url):
    """Who is told first could otherwise find out whom else we are going to tell."""
    order = [ReleaseStep(audiences=("governors",)), ReleaseStep(audiences=("bcm-leads",), after=300)]
    async with await connect(database_url) as connection:
        author = await add_user(connection, "author@ccvo.example", "author")
        message = await submit(connection, author, audiences=["governors", "bcm-leads"], release_order=order)
        await release(connection, message, author)
        assert await asked(connection, message) is not None
        assert await asked(connection, message, "bcm-leads") is None
        await connection.execute("UPDATE release_step SET opened_at = clock_timestamp() WHERE step = 1")
        later = await asked(connection, message, "bcm-leads")
        assert later is not None and later.sent_at > (await asked(connection, message)).sent_at


async def test_a_revision_takes_over_the_code(database_url):
    """What was printed in a proof is what goes out; the revision that is not sent answers nothing."""
    async with await connect(database_url) as connection:
        author = await add_user(connection, "author@ccvo.example", "author")
        first = await submit(connection, author)
        async with connection.transaction():
            await messages.set_replaced(connection, first.number)
            row = await connection.execute(
                "INSERT INTO message (id, revision, incident, kind, lane, priority, phase, exercise, content,"
                " content_hash, state, submitted_by) SELECT id, 2, incident, kind, lane, priority, phase, exercise,"
                " content, 'other', 'proofed', submitted_by FROM message WHERE number = %s RETURNING number",
                (first.number,),
            )
            (number,) = await row.fetchone()
            await variants.record(connection, number, list((await variants.read(connection, first.number)).values()))
        await release(connection, replace(first, number=number), author)
        found = await asked(connection, first)
        assert found is not None and found.message_id == first.id


async def test_a_correction_and_a_withdrawal_are_told(database_url):
    """Whoever asks about an old mail must hear that it no longer holds; of a correction only those who got it too."""
    async with await connect(database_url) as connection:
        author = await add_user(connection, "author@ccvo.example", "author")
        wrong = await submit(connection, author, audiences=["governors", "bcm-leads"])
        await release(connection, wrong, author)
        right = await submit(connection, author, kind="correction", corrects=wrong.number)
        assert (await asked(connection, wrong)).put_right_by is None, "not released yet"
        await release(connection, right, author)
        found = await asked(connection, wrong)
        assert found.put_right_by == right.id and found.put_right_at >= found.sent_at
        assert (await asked(connection, wrong, "bcm-leads")).put_right_by is None
        async with connection.transaction():
            await messages.withdraw(connection, await messages.by_number(connection, wrong.number), source=SOURCE)
        assert (await asked(connection, wrong)).withdrawn_at is not None


async def test_what_users_are_told_has_no_code(database_url):
    """A notice or a test is for those inside."""
    async with await connect(database_url) as connection:
        author = await add_user(connection, "author@ccvo.example", "author")
        about = await submit(connection, author)
        versions = list((await variants.read(connection, about.number)).values())
        async with connection.transaction():
            user = await users.user_by_id(connection, author)
            test = await notices.tell(
                connection, [user], versions, about=about, by=author, source=SOURCE, kind="test"
            )  # fmt: skip
        rows = await connection.execute("SELECT count(*) FROM verification WHERE message = %s", (test.number,))
        assert await rows.fetchone() == (0,)
