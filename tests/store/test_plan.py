"""The plan: who gets which variant, exactly once, before anything is sent."""

import pytest

from services.store import pinning, plan
from services.store.plan import PlanFor
from tests.store.world import Person, add_crowd, add_people, add_user, connect, counted, submit

pytestmark = pytest.mark.stack


async def planned(connection, message):
    """(contact, audience, language, channel, how many contacts, has an address) of each delivery, in order."""
    rows = await connection.execute(
        """SELECT d.contact, v.audience, v.language, v.channel, d.contacts, d.address IS NOT NULL
           FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
           WHERE d.message = %s ORDER BY d.sequence""",
        (message,),
    )
    return await rows.fetchall()


async def test_a_person_in_two_audiences_gets_the_version_of_the_first_one_only(database_url):
    """Nobody is told twice, and the configured order says which version wins."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    both = Person("Both", ["bcm-leads", "governors"], mail="both@crowd.example")
    await add_people(connection, [both])
    message = await submit(connection, author, audiences=["governors", "bcm-leads"])
    assert await planned(connection, message.number) == [(both.id, "governors", "nl", "mail", 1, True)]


async def test_equal_addresses_become_one_delivery_that_stands_for_all_contacts(database_url):
    """One mailbox gets one mail, in the first audience's version, and every contact behind it is counted."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    later = Person("Later audience", ["bcm-leads"], mail="Shared@crowd.example")
    first = Person("First audience", ["governors"], mail="shared@crowd.example")
    other = Person("Same audience, higher number", ["governors"], mail="shared@crowd.example")
    await add_people(connection, [later, first, other])
    message = await submit(connection, author, audiences=["governors", "bcm-leads"])
    assert await planned(connection, message.number) == [(first.id, "governors", "nl", "mail", 3, True)]
    assert await counted(connection, message.number) == {"planned": 3}
    shared = await connection.execute(
        "SELECT contact, sequence FROM shared_delivery WHERE message = %s", (message.number,)
    )
    assert sorted(await shared.fetchall()) == sorted([(later.id, 1), (other.id, 1)])


async def test_a_contact_without_an_address_is_in_the_plan_as_suppressed(database_url):
    """Nobody is forgotten: who cannot be reached on a channel is on the record as such."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_people(
        connection, [Person("Mute", ["governors"], mail="mute@crowd.example"), Person("None", ["governors"])]
    )
    await submit(connection, author, channels=["mail", "sms", "newsfeed"])
    row = await (await connection.execute("SELECT recipients FROM message")).fetchone()
    assert row == (2,)
    rows = await connection.execute("SELECT channel, planned, suppressed FROM batch ORDER BY number")
    assert await rows.fetchall() == [("mail", 1, 1), ("sms", 0, 2), ("newsfeed", 1, 0)]
    reasons = await connection.execute(
        "SELECT DISTINCT reason FROM delivery WHERE address IS NULL AND contact IS NOT NULL"
    )
    assert await reasons.fetchall() == [("no-address",)]


async def test_a_contact_gets_its_own_language_where_there_is_a_version_in_it(database_url):
    """The message's own language is for everyone else."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    people = [
        Person("Fr", ["governors"], mail="fr@crowd.example", language="fr"),
        Person("De", ["governors"], mail="de@crowd.example", language="de"),
    ]
    await add_people(connection, people)
    message = await submit(connection, author, languages=["nl", "fr"])
    assert [row[2] for row in await planned(connection, message.number)] == ["fr", "nl"]


async def test_batches_cover_each_delivery_once_and_no_more(database_url):
    """A delivery in no batch is never sent; one in two is sent twice."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 450)
    message = await submit(connection, author, channels=["mail", "sms"])
    rows = await connection.execute(
        """SELECT d.sequence, count(b.number) FROM delivery d LEFT JOIN batch b ON b.message = d.message
           AND d.sequence BETWEEN b.first_sequence AND b.last_sequence WHERE d.message = %s GROUP BY 1""",
        (message.number,),
    )
    found = await rows.fetchall()
    assert len(found) == 900
    assert {count for _, count in found} == {1}
    sizes = await connection.execute("SELECT channel, last_sequence - first_sequence + 1 FROM batch ORDER BY number")
    assert await sizes.fetchall() == [
        ("mail", 200),
        ("mail", 200),
        ("mail", 50),
        ("sms", 200),
        ("sms", 200),
        ("sms", 50),
    ]


async def test_an_address_corrected_between_proof_and_release_is_the_one_that_is_used(database_url):
    """The plan pins addresses at release; what changed since the proof counts."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    changed = Person("Changed", ["governors"], mail="old@crowd.example")
    gone = Person("Gone", ["governors"], mail="gone@crowd.example")
    await add_people(connection, [changed, gone])
    message = await submit(connection, author)
    async with connection.transaction():
        await connection.execute("UPDATE address SET current = false")
        await connection.execute(
            "INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', 'new@crowd.example')", (changed.id,)
        )
        await connection.execute("UPDATE contact SET updated_at = now()")
    async with connection.transaction():
        await pinning.pin_addresses(connection, message.number)
    rows = await connection.execute(
        "SELECT a.value, d.reason FROM delivery d LEFT JOIN address a ON a.id = d.address ORDER BY d.sequence"
    )
    assert await rows.fetchall() == [("new@crowd.example", None), (None, "no-address")]
    assert await counted(connection, message.number) == {"planned": 1, "suppressed": 1}


async def move(connection, person, mail):
    """This person gets another mail address; None: is removed."""
    await connection.execute("UPDATE address SET current = false WHERE contact = %s", (person.id,))
    if mail:
        await connection.execute(
            "INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', %s)", (person.id, mail)
        )
    await connection.execute(
        "UPDATE contact SET updated_at = now(), removed_at = CASE WHEN %s THEN now() END WHERE id = %s",
        (mail is None, person.id),
    )


@pytest.mark.parametrize(
    ("who", "mail", "copies"),
    [
        ("first", "moved@x.example", {"first": 1, "behind": 1, "alone": 1}),
        ("behind", "moved@x.example", {"first": 1, "behind": 1, "alone": 1}),
        ("behind", "Alone@x.example", {"first": 1, "behind": 2}),
        ("alone", "Shared@x.example", {"first": 3}),
        ("first", None, {"behind": 1, "alone": 1}),
        ("behind", None, {"first": 1, "alone": 1}),
    ],
)
async def test_who_shares_an_address_is_decided_at_release(database_url, who, mail, copies):
    """By the plan of the proof, one who has an address alone now would get no copy, or two in one mailbox one each."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    people = {
        "first": Person("first", ["governors"], mail="shared@x.example"),
        "behind": Person("behind", ["governors"], mail="shared@x.example"),
        "alone": Person("alone", ["governors"], mail="alone@x.example"),
    }
    await add_people(connection, list(people.values()))
    message = await submit(connection, author)
    await add_people(connection, [Person("newcomer", ["governors"], mail="new@x.example")])
    await move(connection, people[who], mail)
    async with connection.transaction():
        assert await pinning.pin_addresses(connection, message.number) is None
        same = PlanFor(message.number, "nl", ["mail"], ["governors"], [], audience_order=["governors"])
        assert await plan.write_again(connection, same) == sum(copies.values())
    rows = await connection.execute(
        "SELECT c.name, d.contacts FROM delivery d JOIN contact c ON c.id = d.contact WHERE d.message = %s",
        (message.number,),
    )
    assert dict(await rows.fetchall()) == copies
    assert await counted(connection, message.number) == {"planned": sum(copies.values())}


async def test_a_change_that_leaves_who_shares_what_as_it_is_leaves_the_plan(database_url):
    """A name, a telephone number, an address of one's own: nothing is written that need not be."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    first, behind = (Person(name, ["governors"], mail="shared@x.example") for name in ("first", "behind"))
    alone = Person("alone", ["governors"], mail="alone@x.example")
    await add_people(connection, [first, behind, alone])
    message = await submit(connection, author)
    await move(connection, behind, "SHARED@x.example")
    await move(connection, alone, "moved@x.example")
    async with connection.transaction():
        assert await pinning.pin_addresses(connection, message.number) == 1


async def test_a_list_imported_just_before_a_message_does_not_hold_up_its_release(database_url):
    """All contacts are new then, and the planner knows none of the plan: row by row, 20,000 took ten minutes."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 20_000)
    message = await submit(connection, author)
    await connection.execute("UPDATE address SET current = false WHERE channel = 'mail' AND contact % 2 = 0")
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = '60s'")  # it takes half a second
        assert await pinning.pin_addresses(connection, message.number) == 10_000
    assert await counted(connection, message.number) == {"planned": 10_000, "suppressed": 10_000}
