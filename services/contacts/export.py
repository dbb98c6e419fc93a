"""Contacts as a CSV file again, in the contract's columns, safe to open in a spreadsheet and sound to import anew."""

import csv
import io
from collections.abc import AsyncIterator

from services.domain.contact_row import COLUMNS, OPTIONAL
from services.domain.spreadsheets import guarded
from services.store.contacts import Contact


async def csv_lines(contacts: AsyncIterator[Contact], *, deputies: bool = False) -> AsyncIterator[str]:
    """The header row, then a line for each contact, each with its CRLF (RFC 4180). `deputies`: with their column."""
    yield _line([*COLUMNS, *OPTIONAL] if deputies else COLUMNS)
    async for contact in contacts:
        cells = columns(contact) | ({"deputy": ";".join(contact.deputies)} if deputies else {})
        yield _line([guarded(value) if column != "mobile" else value for column, value in cells.items()])


def columns(contact: Contact) -> dict[str, str]:
    """A contact in the contract's columns, in their order; empty where there is nothing."""
    return {
        "external_id": contact.external_id,
        "name": contact.name,
        "organisation": contact.organisation,
        "role": contact.role,
        "audience": ";".join(contact.audiences),
        "municipality": contact.municipality or "",
        "province": contact.province or "",
        "language": contact.language,
        "email": contact.mail or "",
        "mobile": contact.sms or "",  # E.164, digits after a +: nothing that a spreadsheet could run
    }


def _line(cells: list[str] | tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
