"""Deputies in a contact list: an optional column that a list without it leaves alone."""

import io

import pytest

from services.contacts.service import import_contacts
from services.domain.contact_row import COLUMNS, ContactsRefused
from services.store.contacts import every_contact, remove_contacts
from tests.store.world import connect

pytestmark = pytest.mark.stack


def csv(*people: tuple[str, str], column: bool = True) -> io.BytesIO:
    """A list of (external id, deputies)."""
    lines = [",".join([*COLUMNS, *(["deputy"] if column else [])])]
    lines += [f"{who},Naam,,,governors,,,,," + (f",{deputies}" if column else "") for who, deputies in people]
    return io.BytesIO("\n".join(lines).encode())


async def deputies(connection):
    async with connection.transaction():
        return {each.external_id: each.deputies async for each in every_contact(connection)}


async def test_deputies_are_kept_in_order_and_a_list_without_the_column_leaves_them(database_url):
    """The first is told first; and yesterday's export of another system does not wipe them out."""
    connection = await connect(database_url)
    await import_contacts(connection, csv(("a", "c;b"), ("b", ""), ("c", "a")))
    assert await deputies(connection) == {"a": ["c", "b"], "b": [], "c": ["a"]}
    again = await import_contacts(connection, csv(("a", ""), ("b", ""), ("c", ""), column=False))
    assert (again.counts.updated, again.counts.unchanged) == (0, 3)
    changed = await import_contacts(connection, csv(("a", "b;c"), ("c", "")))
    assert (changed.counts.updated, changed.counts.unchanged) == (2, 0)
    assert await deputies(connection) == {"a": ["b", "c"], "b": [], "c": []}


async def test_who_is_removed_is_nobodys_deputy(database_url):
    """Nobody waits for an answer of somebody who left."""
    connection = await connect(database_url)
    await import_contacts(connection, csv(("a", "b"), ("b", "a")))
    await remove_contacts(connection, ["b"])
    assert await deputies(connection) == {"a": []}


@pytest.mark.parametrize(
    ("people", "line", "says"),
    [
        ([("a", "nobody")], 2, "there is no contact 'nobody'"),
        ([("b", ""), ("a", "a")], 3, "their own deputy"),
        ([("a", "b;c;d;e;f;g")], 2, "has 6 deputies"),
    ],
)
async def test_a_deputy_who_cannot_be_one_is_refused_with_the_line(database_url, people, line, says):
    """All of it or nothing, as with every other column."""
    connection = await connect(database_url)
    with pytest.raises(ContactsRefused) as refused:
        await import_contacts(connection, csv(*people))
    assert [(each.line, each.column) for each in refused.value.problems] == [(line, "deputy")]
    assert says in refused.value.problems[0].problem
    assert await deputies(connection) == {}
