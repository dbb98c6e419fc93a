"""Contacts as a CSV file again, in the contract's columns, safe to open in a spreadsheet and sound to import anew."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.domain.contact_row import COLUMNS, OPTIONAL
from services.domain.spreadsheets import guarded
from services.store.contacts import Contact

ADDRESSES: Final = ("email", "mobile")


async def csv_lines(
    contacts: AsyncIterator[Contact], *, deputies: bool = False, addresses: bool = True
) -> AsyncIterator[str]:
    """The header row, then a line for each contact, each with its CRLF (RFC 4180). `deputies`: with their column.

    `addresses`: False leaves those columns out, so that it is no list to import any more.
    """
    names: list[str] = [each for each in COLUMNS if addresses or each not in ADDRESSES]
    yield _line([*names, *OPTIONAL] if deputies else names)
    async for contact in contacts:
        cells = columns(contact) | ({"deputy": ";".join(contact.deputies)} if deputies else {})
        cells = {name: value for name, value in cells.items() if addresses or name not in ADDRESSES}
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


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
