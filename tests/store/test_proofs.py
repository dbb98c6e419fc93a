"""What a proof says of people: the same before it is submitted as of its plan, and true."""

from collections.abc import AsyncIterator

import pytest

from services.domain.proofs import MOST_NAMES, Missed, Reach
from services.runtime.postgres import Connection
from services.store import proofs
from services.store.proofs import Readers, Source
from services.store.recipients import Whom
from tests.store import world
from tests.store.world import Person

CHANNELS = ["mail", "sms"]
ORDER = ["governors", "bcm-leads"]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await world.connect(database_url) as made:
        yield made


@pytest.fixture(params=["as they are", "as planned"])
async def source(connection: Connection, request: pytest.FixtureRequest) -> Source:
    """Six people: one in two audiences, two behind one mailbox, one without a number, one without anything."""
    await world.add_people(
        connection,
        [
            Person("Anna", ["governors", "bcm-leads"], mail="a@x.example", mobile="+32470000001"),
            Person("Bram", ["governors"], mail="b@x.example", language="fr", mobile="+33470000001"),
            Person("Carl", ["bcm-leads"], mail="C@x.example", mobile="+32470000002"),
            Person("Dirk", ["bcm-leads"], mail="c@x.example"),
            Person("Els", ["bcm-leads"]),
            Person("Fien", ["partners"], mail="f@x.example"),
        ],
    )
    await connection.execute(
        "UPDATE contact SET province = 'Limburg', organisation = 'Stad' WHERE name IN ('Anna', 'Els')"
    )
    if request.param == "as they are":
        return proofs.as_they_are(Whom(order=ORDER, people=ORDER), CHANNELS)
    author = await world.add_user(connection, "schrijver@ccvo.example", "author")
    message = await world.submit(connection, author, audiences=ORDER, channels=CHANNELS, languages=("nl", "fr"))
    return proofs.as_planned(message.number, ORDER, CHANNELS)


async def test_everybody_counts_once_by_audience_and_by_province(connection: Connection, source: Source) -> None:
    """Someone in two audiences counts in the first; someone behind another's mailbox is reached by it."""
    assert await proofs.reach(connection, source, "audience") == [
        Reach("governors", 2, 0, 0, 0), Reach("bcm-leads", 3, 1, 2, 1),
    ]  # fmt: skip
    assert await proofs.reach(connection, source, "province") == [Reach("", 3, 0, 1, 0), Reach("Limburg", 2, 1, 1, 1)]


async def test_who_is_not_reached_is_named_and_who_is_reached_on_no_channel_first(
    connection: Connection, source: Source
) -> None:
    """Somebody has to call these."""
    found, in_all = await proofs.missed(connection, source)
    assert in_all == 2
    assert [(each.name, each.channels, each.everywhere) for each in found] == [
        ("Els", ("mail", "sms"), True), ("Dirk", ("sms",), False),
    ]  # fmt: skip
    assert isinstance(found[0], Missed)
    assert (found[0].organisation, found[0].province, found[0].audience) == ("Stad", "Limburg", "bcm-leads")


async def test_copies_are_counted_by_language_and_country(connection: Connection, source: Source) -> None:
    """One for each address, whoever shares it: that is what is sent, and what is paid."""
    assert await proofs.readers(connection, source) == [
        Readers("bcm-leads", "mail", "nl", 1, ""),
        Readers("bcm-leads", "sms", "nl", 1, "+324"),
        Readers("governors", "mail", "fr", 1, ""),
        Readers("governors", "mail", "nl", 1, ""),
        Readers("governors", "sms", "fr", 1, "+334"),
        Readers("governors", "sms", "nl", 1, "+324"),
    ]


async def test_a_thousand_names_are_told_and_then_how_many_more(connection: Connection) -> None:
    """A page of a million names is read by nobody."""
    await connection.execute(
        "INSERT INTO contact (external_id, name) SELECT n::text, 'Contact ' || n FROM generate_series(1, 1203) n"
    )
    await connection.execute("INSERT INTO contact_audience SELECT 'governors', id FROM contact")
    found, in_all = await proofs.missed(connection, proofs.as_they_are(Whom(ORDER, ORDER), CHANNELS))
    assert (len(found), in_all) == (MOST_NAMES, 1203)


async def test_nobody_at_all_is_no_failure(connection: Connection) -> None:
    """A feed alone is for nobody by name."""
    source = proofs.as_they_are(Whom([], []), [])
    assert await proofs.missed(connection, source) == ([], 0)
    assert await proofs.reach(connection, source, "audience") == await proofs.readers(connection, source) == []


async def test_the_former_text_is_that_of_the_last_message_that_was_released(connection: Connection) -> None:
    """What was only proofed nobody has read; and a message is never compared with what came after it."""
    author = await world.add_user(connection, "schrijver@ccvo.example", "author")
    await world.add_people(connection, [Person("Anna", ["governors"], mail="a@x.example")])
    first, second = [await world.submit(connection, author) for _ in range(2)]
    unreleased = await world.submit(connection, author, languages=("nl", "fr"))
    for each in (first, second):
        await world.release(connection, each, author)
    key = ("governors", "mail", "nl", "")
    found = await proofs.former(connection, world.INCIDENT)
    assert set(found) == {key}
    assert found[key].message_id == str(second.id)
    assert (await proofs.former(connection, world.INCIDENT, but=unreleased.number))[key].message_id == str(second.id)
    assert (await proofs.former(connection, world.INCIDENT, but=second.number))[key].message_id == str(first.id)
    assert await proofs.former(connection, world.INCIDENT, but=first.number) == {}
    assert await proofs.former(connection, "another") == {}
