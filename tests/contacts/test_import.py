"""Importing contacts into a real PostgreSQL: all or nothing, addresses as immutable versions, nobody deleted."""

import io
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import pytest
import pytest_asyncio
from psycopg import AsyncConnection

from services.contacts.export import csv_lines
from services.contacts.service import import_contacts
from services.domain.contact_row import COLUMNS, ContactsRefused
from services.store import audit
from services.store.contact_import import ImportCounts
from services.store.contacts import (
    ContactFilter,
    count_contacts,
    every_contact,
    find_contacts,
    remove_contacts,
    unknown_contacts,
)
from services.store.coverage import AudienceCoverage, audience_coverage, municipality_coverage

pytestmark = pytest.mark.stack

HEADER = ",".join(COLUMNS)
GOVERNOR = "gov-1,Gouverneur van Limburg,Provincie,gouverneur,governors,,Limburg,nl,gouverneur@limburg.example,"
AALST = "mun-1,Noodplanning Aalst,Stad Aalst,,local-governments;bcm-leads,Aalst,,,np@aalst.example,0470123456"


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


def file(*rows: str) -> BinaryIO:
    return io.BytesIO("\n".join([HEADER, *rows]).encode())


async def imported(connection: AsyncConnection[Any], *rows: str, dry_run: bool = False) -> tuple[int, int, int]:
    counts = (await import_contacts(connection, file(*rows), dry_run=dry_run)).counts
    assert isinstance(counts, ImportCounts)
    return counts.added, counts.updated, counts.unchanged


async def versions(connection: AsyncConnection[Any], external_id: str) -> list[tuple[str, str | None, bool]]:
    cursor = await connection.execute(
        """SELECT channel, value, current FROM address a JOIN contact c ON c.id = a.contact
           WHERE c.external_id = %s ORDER BY a.id""",
        (external_id,),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def test_an_import_adds_then_updates_by_external_id_and_leaves_the_rest(connection: AsyncConnection[Any]) -> None:
    """A list from one source must not take away the people of another."""
    assert await imported(connection, GOVERNOR, AALST) == (2, 0, 0)
    assert await imported(connection, AALST.replace("Noodplanning Aalst", "Noodplanning")) == (0, 1, 0)
    assert await imported(connection, GOVERNOR, AALST) == (0, 1, 1)
    assert [c.external_id for c in await find_contacts(connection)] == ["gov-1", "mun-1"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Noodplanning Aalst", "Iemand anders"),
        ("Stad Aalst", "OCMW Aalst"),
        ("local-governments;bcm-leads", "local-governments"),
        ("local-governments;bcm-leads", "bcm-leads;local-governments;governors"),
        (",Aalst,", ",Gent,"),
        (",Aalst,", ",,"),
        ("np@aalst.example", "np@stad.example"),
        ("np@aalst.example", ""),
        ("0470123456", "0470123457"),
        ("0470123456", ""),
        (",,,np@", ",,fr,np@"),
    ],
)
async def test_any_change_is_an_update_and_the_same_again_is_none(
    connection: AsyncConnection[Any], before: str, after: str
) -> None:
    """Otherwise a correction in the list would be announced as unchanged and not be there at night."""
    await imported(connection, AALST)
    changed = AALST.replace(before, after)
    assert changed != AALST
    assert await imported(connection, changed) == (0, 1, 0)
    assert await imported(connection, changed) == (0, 0, 1)


async def test_the_order_of_audiences_in_the_file_is_no_change(connection: AsyncConnection[Any]) -> None:
    """Their order is the configuration's, not the list's."""
    await imported(connection, AALST)
    assert await imported(connection, AALST.replace("local-governments;bcm-leads", "bcm-leads;local-governments")) == (
        0, 0, 1,
    )  # fmt: skip


async def test_a_changed_address_is_a_new_version_and_the_former_stays(connection: AsyncConnection[Any]) -> None:
    """A plan pins the version that it used: the record must still say where a message went."""
    await imported(connection, AALST)
    await imported(connection, AALST.replace("np@aalst", "np@stad"))
    await imported(connection, AALST.replace("np@aalst.example", ""))
    assert await versions(connection, "mun-1") == [
        ("mail", "np@aalst.example", False),
        ("sms", "+32470123456", True),
        ("mail", "np@stad.example", False),
    ]


async def test_a_dry_run_counts_and_changes_nothing(connection: AsyncConnection[Any]) -> None:
    """What it announces is what would happen, for it did happen and was taken back."""
    await imported(connection, GOVERNOR)
    assert await imported(connection, GOVERNOR, AALST, dry_run=True) == (1, 0, 1)
    assert await count_contacts(connection) == 1
    assert len(await audit.recorded(connection, "contacts")) == 1


async def test_one_problem_anywhere_and_nothing_is_imported(connection: AsyncConnection[Any]) -> None:
    """Half a list looks like a whole one."""
    with pytest.raises(ContactsRefused) as refused:
        await import_contacts(connection, file(GOVERNOR, AALST.replace(",Aalst,", ",Alst,"), GOVERNOR))
    assert [(p.line, p.column) for p in refused.value.problems] == [(3, "municipality"), (4, "external_id")]
    assert await count_contacts(connection) == 0
    assert await audit.recorded(connection, "contacts") == []


async def test_an_import_is_audited_without_personal_data(connection: AsyncConnection[Any]) -> None:
    """Who imported what can be proved by the file's hash; the audit itself needs no erasing."""
    await imported(connection, AALST)
    (row,) = await audit.recorded(connection, "contacts")
    assert row.action == "contacts.imported"
    assert row.detail.keys() == {"added", "updated", "unchanged", "sha256"}


async def test_a_line_end_in_a_name_stays_text_on_one_line(connection: AsyncConnection[Any]) -> None:
    """A name stands in a To header: stored on one line, it can begin no header of its own."""
    name = '"Jan\r\n\r\nBcc: x@evil.example\0"'
    assert await imported(connection, AALST.replace("Noodplanning Aalst", name), GOVERNOR) == (2, 0, 0)
    _, contact = await find_contacts(connection)
    assert (contact.name, contact.mail) == ("Jan Bcc: x@evil.example", "np@aalst.example")


async def test_removing_erases_every_address_and_takes_out_of_audiences(connection: AsyncConnection[Any]) -> None:
    """Who was told what stays on record; where, no longer."""
    await imported(connection, GOVERNOR, AALST)
    await imported(connection, AALST.replace("np@aalst", "np@stad"))
    assert await unknown_contacts(connection, ["mun-1", "mun-9"]) == ["mun-9"]
    assert len(await remove_contacts(connection, ["mun-1"])) == 1
    assert [(value, current) for _, value, current in await versions(connection, "mun-1")] == [(None, False)] * 3
    assert [c.external_id for c in await find_contacts(connection)] == ["gov-1"]
    (removed,) = await find_contacts(connection, ContactFilter(removed=True))
    assert (removed.external_id, removed.audiences, removed.mail) == ("mun-1", [], None)
    assert await unknown_contacts(connection, ["mun-1"]) == ["mun-1"]


async def test_a_removed_contact_that_is_imported_again_is_back(connection: AsyncConnection[Any]) -> None:
    """The list is what somebody says today; the erased versions stay erased."""
    await imported(connection, AALST)
    await remove_contacts(connection, ["mun-1"])
    assert await imported(connection, AALST) == (0, 1, 0)
    (back,) = await find_contacts(connection)
    assert (back.audiences, back.mail, back.sms) == (
        ["bcm-leads", "local-governments"], "np@aalst.example", "+32470123456",
    )  # fmt: skip


async def test_contacts_are_found_by_what_is_known_of_them(connection: AsyncConnection[Any]) -> None:
    """At the telephone somebody has a town, a word of a name, or nothing but an audience. A % is a character."""
    await imported(connection, GOVERNOR, AALST)

    async def found(**which: Any) -> list[str]:
        contacts = await find_contacts(connection, ContactFilter(**which))
        assert await count_contacts(connection, ContactFilter(**which)) == len(contacts)
        return [contact.external_id for contact in contacts]

    assert await found(audience="bcm-leads") == ["mun-1"]
    assert await found(municipality="Aalst") == ["mun-1"]
    assert await found(province="Limburg") == ["gov-1"]
    assert await found(without="sms") == ["gov-1"]
    assert await found(without="mail") == []
    assert await found(words="GOUVERNEUR van") == ["gov-1"]
    assert await found(words="%") == []
    assert [c.external_id for c in await find_contacts(connection, after="gov-1")] == ["mun-1"]


async def test_coverage_counts_who_cannot_be_reached(connection: AsyncConnection[Any]) -> None:
    """An audience or a town without anyone is exactly what must be seen before the crisis."""
    bcm_in_gent = "ent-1,BCM,Entiteit,,bcm-leads,Gent,,,,"
    await imported(connection, GOVERNOR, AALST, bcm_in_gent)
    assert await audience_coverage(connection, ["bcm-leads", "governors", "partners"]) == [
        AudienceCoverage("bcm-leads", contacts=2, without_mail=1, without_number=1, without_both=1),
        AudienceCoverage("governors", contacts=1, without_mail=0, without_number=1, without_both=0),
        AudienceCoverage("partners", contacts=0, without_mail=0, without_number=0, without_both=0),
    ]
    towns = await municipality_coverage(connection, ["Aalst", "Gent"], audience="local-governments")
    assert [(t.municipality, t.contacts, t.with_mail) for t in towns] == [("Aalst", 1, 1), ("Gent", 0, 0)]


async def test_an_export_imports_as_unchanged_and_holds_no_formula(connection: AsyncConnection[Any]) -> None:
    """Lists go out, are looked at in a spreadsheet and come back; none may run there."""
    formula = 'x-1,=HYPERLINK(""y""),+org,-role,bcm-leads,,,,=cmd@x.example,+32470123456'
    await imported(connection, GOVERNOR, AALST, formula.replace('=HYPERLINK(""y"")', '"=HYPERLINK(""y"")"'))
    async with connection.transaction():
        lines = [line async for line in csv_lines(every_contact(connection))]
    cells = [cell for line in lines for cell in line.strip().replace('"', "").split(",")]
    assert [cell for cell in cells if cell.startswith(("=", "-", "@"))] == []
    assert [cell for cell in cells if cell.startswith("+")] == ["+32470123456", "+32470123456"]  # only numbers
    assert (await import_contacts(connection, io.BytesIO("".join(lines).encode()))).counts == ImportCounts(0, 0, 3)
