"""What users are told goes through the same ledger, and reaches nobody else."""

from collections.abc import AsyncIterator

import pytest

from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import contacts, messages, notices, users
from tests.store import world

VARIANTS = [
    Variant("", "nl", "", "mail", "Er wacht een bericht", "Kijk.", "<p>Kijk.</p>"),
    Variant("", "nl", "", "sms", "", "CCVO: er wacht een bericht.", ""),
]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await world.connect(database_url) as made:
        yield made


@pytest.fixture
async def about(connection: Connection) -> messages.Message:
    author = await world.add_user(connection, "schrijver@ccvo.example", "author")
    await world.add_people(connection, [world.Person("Gouverneur", ["governors"], mail="g@example.org")])
    return await world.submit(connection, author)


async def test_every_user_gets_every_variant_on_what_they_have(connection: Connection, about: messages.Message) -> None:
    """Whoever has no number gets the mail, and the record says that the SMS could not be sent."""
    for email in ("een@ccvo.example", "twee@ccvo.example"):
        await world.add_user(connection, email, "crisis-manager")
    first, second = await users.with_role(connection, ["crisis-manager"])
    first = await users.set_mobile(connection, first.id, "+32470000001")
    async with connection.transaction():
        told = await notices.tell(
            connection, [first, second], VARIANTS, about=about, by=about.submitted_by, source="/t"
        )
    assert told.state == "released"
    assert await world.counted(connection, told.number) == {"planned": 3, "suppressed": 1}


async def test_it_is_no_message_for_anybody_else(connection: Connection, about: messages.Message) -> None:
    """A list of what was said to the world, and whom an all-clear owes, know nothing of it; nor do the contacts."""
    (author,) = await users.with_role(connection, ["author"])
    async with connection.transaction():
        await notices.tell(connection, [author], VARIANTS, about=about, by=author.id, source="/t")
    assert [each.id for each in await messages.recent(connection)] == [about.id]
    assert await messages.told_in(connection, about.incident) == []
    assert [each.name for each in await contacts.find_contacts(connection)] == ["Gouverneur"]


async def test_the_address_of_now_is_used(connection: Connection, about: messages.Message) -> None:
    """A user's new number counts from the next notice on; the former stays in the record of the former."""
    (author,) = await users.with_role(connection, ["author"])
    for mobile in ("+32470000001", "+32470000002"):
        author = await users.set_mobile(connection, author.id, mobile)
        async with connection.transaction():
            await notices.tell(connection, [author], VARIANTS, about=about, by=author.id, source="/t")
    query = (
        """SELECT a.value FROM delivery d JOIN address a ON a.id = d.address AND a.channel = 'sms' ORDER BY d.message"""
    )
    rows = await (await connection.execute(query)).fetchall()
    assert [value for (value,) in rows] == ["+32470000001", "+32470000002"]
