"""Counts of contacts are kept by the console until contacts change: whatever changes them must be seen."""

import io

import pytest

from services.contacts.service import import_contacts
from services.store import contact_people
from tests.store import world

pytestmark = pytest.mark.stack

COLUMNS = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"


def listed(*names: str) -> io.BytesIO:
    rows = [f"{name},{name},Provincie,gouverneur,governors,,Limburg,,{name}@limburg.example," for name in names]
    return io.BytesIO("\n".join([COLUMNS, *rows]).encode())


async def test_an_import_that_commits_after_what_began_later_is_seen(database_url: str) -> None:
    """It bears the time at which it began: by times alone, who came with it was in no count until somebody else did."""
    first, second = [await world.connect(database_url) for _ in range(2)]
    async with first, second:
        async with first.transaction():
            await first.execute("SELECT now()")
            await second.execute("INSERT INTO contact (external_id, name) VALUES ('x', 'Later')")
            await import_contacts(first, listed("an", "bo"))
            before = await contact_people.last_change(second)
        assert await contact_people.last_change(second) != before


async def test_while_nothing_changes_it_is_the_same(database_url: str) -> None:
    """Else every look would count anew."""
    async with await world.connect(database_url) as connection:
        await import_contacts(connection, listed("an"))
        before = await contact_people.last_change(connection)
        assert await contact_people.last_change(connection) == before
