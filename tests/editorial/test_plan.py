"""The plan: complete before anything is sent, each person once, in the version and language meant for them."""

import pytest

from services.store import pinning
from tests.editorial.rooms import Rooms
from tests.store.world import Person, add_people, add_user, connect, submit

pytestmark = pytest.mark.stack

PLAN = """
SELECT c.external_id, v.audience, v.language, d.contacts, d.state, d.reason FROM delivery d
JOIN message m ON m.number = d.message JOIN variant v ON v.message = d.message AND v.number = d.variant
LEFT JOIN contact c ON c.id = d.contact WHERE m.id = %s AND v.channel = %s ORDER BY d.sequence
"""


async def test_each_contact_is_planned_once_in_the_first_audience_and_its_language(desk: Rooms, incident: str):
    """g1 is in two audiences; b2 shares g2's address but for capitals; b3 has none; g3 reads French."""
    title = [{"text": "Titel"}, {"text": "Titre", "language": "fr"}]
    key = [{"text": [{"text": "Kern."}, {"text": "Noyau.", "language": "fr"}]}]
    message_id = await desk.proofed(incident=incident, title=title, key_messages=key, channels=["mail", "sms"])
    assert await desk.rows(PLAN, message_id, "mail") == [
        ("g1", "governors", "nl", 1, 0, None),
        ("g2", "governors", "nl", 2, 0, None),
        ("g3", "governors", "fr", 1, 0, None),
        ("b1", "bcm-leads", "nl", 1, 0, None),
        ("b3", "bcm-leads", "nl", 1, 50, "no-address"),
    ]
    assert {row[4:] for row in await desk.rows(PLAN, message_id, "sms")} == {(50, "no-address")}
    assert await desk.one("SELECT recipients FROM message WHERE id = %s", message_id) == 6
    number = await desk.number(message_id)
    assert await desk.rows(
        "SELECT channel, planned, suppressed FROM batch WHERE message = %s ORDER BY number", number
    ) == [("mail", 5, 1), ("sms", 0, 6)]


async def test_a_language_that_is_not_complete_is_nobodys(desk: Rooms, incident: str):
    """A title in French with a Dutch key message is a mixture: g3 gets all of it in Dutch."""
    title = [{"text": "Titel"}, {"text": "Titre", "language": "fr"}]
    message_id = await desk.proofed(incident=incident, title=title, audiences=["governors"])
    assert {row[2] for row in await desk.rows(PLAN, message_id, "mail")} == {"nl"}


@pytest.mark.parametrize(("exercise", "feeds"), [(False, ["governors", "public"]), (True, ["governors"])])
async def test_an_exercise_never_enters_the_open_feed(desk: Rooms, incident: str, exercise: bool, feeds: list[str]):
    """Every other audience's feed has it; `public` has a feed and nothing else."""
    message_id = await desk.proofed(
        incident=incident, exercise=exercise, audiences=["governors", "public"], channels=["mail", "newsfeed"]
    )
    assert [row[1] for row in await desk.rows(PLAN, message_id, "newsfeed")] == feeds
    assert {row[1] for row in await desk.rows(PLAN, message_id, "mail")} == {"governors"}


async def test_a_small_message_does_not_go_through_a_large_list_that_was_just_imported(database_url):
    """Five governors must not wait while a million others are compared with nothing; and their own changes count."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    governors = [Person(f"Gouverneur {n}", ["governors"], f"g{n}@x.example") for n in range(5)]
    await add_people(connection, governors)
    message = await submit(connection, author)
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO contact (external_id, name) SELECT 'other' || n, 'x' FROM generate_series(1, 3000) n"
        )
        await connection.execute("UPDATE address SET current = false WHERE contact = %s", (governors[1].id,))
        await connection.execute(
            "INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', 'new@x.example')", (governors[1].id,)
        )
        await connection.execute("UPDATE contact SET removed_at = now() WHERE id = %s", (governors[2].id,))
    async with connection.transaction():
        assert await pinning.pin_addresses(connection, message.number) == 2
        row = await (await connection.execute("SELECT count(*) FROM changed_contact")).fetchone()
        assert row[0] == 5, "what is looked at goes by the message, not by the list"
    rows = await connection.execute(
        "SELECT a.value FROM delivery d LEFT JOIN address a ON a.id = d.address WHERE d.message = %s ORDER BY sequence",
        (message.number,),
    )
    mails = [value for (value,) in await rows.fetchall()]
    assert mails == ["g0@x.example", "new@x.example", None, "g3@x.example", "g4@x.example"]
