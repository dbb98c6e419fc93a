"""Who knows: the first confirmation counts, a shared address and a deputy count too, and nobody is forgotten."""

import pytest

from services.runtime.reader_links import Reader
from services.store import confirmations
from services.store.asked import asked
from services.store.confirmations import Tally
from tests.store.world import Person, add_crowd, add_people, add_user, connect, submit

pytestmark = pytest.mark.stack


async def world(connection, *, channels=("mail", "sms")):
    """Four recipients, of whom two share a mailbox; one lives in a province."""
    people = {
        "ann": Person("Ann", ["governors"], mail="ann@x.example", mobile="+32470000001"),
        "bob": Person("Bob", ["governors"], mail="desk@x.example"),
        "cas": Person("Cas", ["bcm-leads"], mail="desk@x.example"),
        "dan": Person("Dan", ["bcm-leads"]),
    }
    await add_people(connection, list(people.values()))
    await connection.execute("UPDATE contact SET province = 'Limburg' WHERE id = %s", (people["ann"].id,))
    author = await add_user(connection, "author@x.example", "author")
    message = await submit(connection, author, audiences=["governors", "bcm-leads"], channels=channels)
    return message, people


async def names(connection, message):
    return [each.name for each in await confirmations.unconfirmed(connection, message.number)]


async def make_deputy(connection, message, contact, deputy):
    """As the escalation does it: a copy for the deputy, in a batch of its own."""
    await connection.execute(
        "INSERT INTO addition (message, origin, contact, recipient, channel) VALUES (%s, 'deputy', %s, %s, 'mail')",
        (message.number, contact.id, deputy.id),
    )
    await connection.execute(
        "INSERT INTO delivery (message, sequence, contact, variant) VALUES (%s, 100, %s, 1)",
        (message.number, deputy.id),
    )
    await connection.execute(
        "INSERT INTO batch (message, number, channel, lane, priority, first_sequence, last_sequence, origin)"
        " VALUES (%s, 100, 'mail', 'urgent', 1, 100, 100, 'deputy')",
        (message.number,),
    )


async def test_everybody_of_the_plan_is_asked_once_also_behind_a_shared_address_and_without_one(database_url):
    """Who shares a mailbox, and who has no address at all, does not know either."""
    connection = await connect(database_url)
    message, _ = await world(connection)
    assert sorted(await names(connection, message)) == ["Ann", "Bob", "Cas", "Dan"]


async def test_who_has_no_copy_of_their_own_is_asked_too(database_url):
    """Cas reads Bob's mail, and there is no other channel on which there is a row of theirs."""
    connection = await connect(database_url)
    message, _ = await world(connection, channels=("mail",))
    assert sorted(await names(connection, message)) == ["Ann", "Bob", "Cas", "Dan"]


async def test_the_first_confirmation_counts_and_stays(database_url):
    """By page and later by telephone is by page."""
    connection = await connect(database_url)
    message, people = await world(connection)
    ann = people["ann"].id
    assert await confirmations.record(connection, message.number, [ann, ann], how="page", sequence=1) == 1
    assert await confirmations.record(connection, message.number, [ann, people["dan"].id], how="telephone") == 1
    rows = await connection.execute("SELECT contact, how, sequence FROM confirmation ORDER BY contact")
    assert await rows.fetchall() == [(ann, "page", 1), (people["dan"].id, "telephone", None)]
    assert sorted(await names(connection, message)) == ["Bob", "Cas"]
    assert await confirmations.confirmed(connection, message.number) == 2


async def test_a_deputy_confirms_for_whom_they_stand_in_and_is_not_asked_themselves(database_url):
    """The list for telephone calls must not name a deputy beside the one for whom they were told."""
    connection = await connect(database_url)
    message, people = await world(connection)
    eva = Person("Eva", [], mail="eva@x.example")
    await add_people(connection, [eva])
    await make_deputy(connection, message, people["ann"], eva)
    assert sorted(await names(connection, message)) == ["Ann", "Bob", "Cas", "Dan"]
    await confirmations.record(connection, message.number, [eva.id], how="page", sequence=100)
    assert sorted(await names(connection, message)) == ["Bob", "Cas", "Dan"]
    assert await confirmations.confirmed(connection, message.number) == 1


async def test_a_deputy_who_was_a_recipient_before_is_asked_too(database_url):
    """One answer of theirs stands for both."""
    connection = await connect(database_url)
    message, people = await world(connection)
    await make_deputy(connection, message, people["ann"], people["bob"])
    assert sorted(await names(connection, message)) == ["Ann", "Bob", "Cas", "Dan"]
    await confirmations.record(connection, message.number, [people["bob"].id], how="reply", sequence=2)
    assert sorted(await names(connection, message)) == ["Cas", "Dan"]
    assert await confirmations.confirmed(connection, message.number) == 2


async def test_a_deputy_who_knew_before_says_nothing_for_others_until_they_answer_that_copy(database_url):
    """The burgemeester is asleep: that the deputy confirmed their own copy is no reason to call nobody."""
    connection = await connect(database_url)
    message, people = await world(connection)
    await connection.execute("UPDATE message SET confirm_minutes = 15, released_at = now()")
    ann, dan = people["ann"], people["dan"]
    await confirmations.record(connection, message.number, [dan.id], how="page", sequence=4)
    await make_deputy(connection, message, ann, dan)
    assert sorted(await names(connection, message)) == ["Ann", "Bob", "Cas"]
    copy = await asked(connection, Reader(message.number, 100))
    assert copy is not None and (copy.confirmed_at, copy.sharing, set(copy.contacts)) == (None, 1, {ann.id, dan.id})
    assert await confirmations.record(connection, message.number, copy.contacts, how="page", sequence=100) == 1
    assert sorted(await names(connection, message)) == ["Bob", "Cas"]
    again = await asked(connection, Reader(message.number, 100))
    assert again is not None and again.confirmed_at is not None


async def test_tallies_by_audience_and_province_add_up(database_url):
    """Both tell of the same people."""
    connection = await connect(database_url)
    message, people = await world(connection)
    await confirmations.record(connection, message.number, [people["ann"].id], how="page")
    found = await confirmations.tallies(connection, message.number)
    row = await (await connection.execute("SELECT recipients FROM message")).fetchone()
    assert sum(each.asked for each in found.by_audience.values()) == row[0] == 4
    assert found.by_province == {"Limburg": Tally(1, 1), "": Tally(3, 0)}
    assert found.by_audience["governors"].confirmed == 1


async def test_a_crowd_is_asked_in_one_statement(database_url):
    """A list of those who have not confirmed for a large message is a query, not a loop."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@x.example", "author")
    await add_crowd(connection, 2000)
    message = await submit(connection, author, channels=("mail", "sms"))
    everybody = await confirmations.unconfirmed(connection, message.number)
    assert len(everybody) == 2000
    half = [each.contact for each in everybody[:1000]]
    assert await confirmations.record(connection, message.number, half, how="reply") == 1000
    assert {each.contact for each in await confirmations.unconfirmed(connection, message.number)}.isdisjoint(half)
    assert await confirmations.confirmed(connection, message.number) == 1000
