"""Imports a contact list: read strictly, merged in one transaction, all of it or nothing.

A dry run does the same and takes it back, so that what it announces is what would happen, not an estimate.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from psycopg import AsyncConnection

from services.domain.configuration import DEFAULT, Configuration
from services.domain.contact_file import read_contacts
from services.domain.contact_row import ContactProblem, ContactRow, ContactsRefused
from services.domain.phone_numbers import is_landline
from services.store import audit, contact_differences
from services.store.contact_import import (
    ImportCounts,
    apply_compared,
    compare_staged,
    stage,
    unknown_deputies,
)

MOST_WARNINGS = 1000
PEOPLES_CHANNELS = frozenset({"mail", "sms"})


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do; `without_address`: rows with neither mail nor number, whom nothing reaches.

    `warnings`: what is no problem and yet seldom meant, as a telephone on a desk where a mobile number is asked.
    """

    counts: ImportCounts
    without_address: int
    warnings: Sequence[ContactProblem] = ()


class ContactsChanged(Exception):
    """The contacts are not any more what they were when these differences were shown; nothing was changed."""


async def import_contacts(
    connection: AsyncConnection[Any],
    source: BinaryIO,
    *,
    actor: int | None = None,
    dry_run: bool = False,
    configuration: Configuration = DEFAULT,
    shown: str | None = None,
) -> Imported:
    """Add and update contacts from a CSV file, read from its beginning and sought in.

    `shown`: the digest of the differences that somebody agreed to. Raises `ContactsRefused` with every problem, or
    `ContactsChanged` when the differences are others now; nothing changed.
    """
    async with connection.transaction(force_rollback=dry_run):
        done = await compared(connection, source, configuration)
        if shown is not None and await contact_differences.write_down(connection) != shown:
            raise ContactsChanged
        await applied(connection)
        counts = done.counts
        await audit.record(
            connection,
            actor=actor,
            action="contacts.imported",
            subject="contacts",
            detail={
                "added": counts.added,
                "updated": counts.updated,
                "unchanged": counts.unchanged,
                "sha256": _sha256(source),
            },
        )
    return done


async def compared(connection: AsyncConnection[Any], source: BinaryIO, configuration: Configuration) -> Imported:
    """Read the list and hold it against what is there, in the caller's transaction. Raises `ContactsRefused`."""
    reading = _Reading()
    items = read_contacts(source, audiences=peoples_audiences(configuration), languages=configuration.languages)
    await stage(connection, reading.sound(items))
    if reading.problems:
        raise ContactsRefused(reading.problems)
    return Imported(await compare_staged(connection), reading.without_address, reading.warnings)


async def applied(connection: AsyncConnection[Any]) -> None:
    """Change what was compared, in the same transaction. Raises `ContactsRefused`."""
    await apply_compared(connection)
    if unknown := await unknown_deputies(connection):
        raise ContactsRefused([_no_deputy(line, named) for line, named in unknown])


def _no_deputy(line: int, named: str) -> ContactProblem:
    remedy = "Give the external id of somebody in this list or of a contact: `roeland contacts list`."
    return ContactProblem(line, "deputy", f"there is no contact {named!r}", remedy)


def peoples_audiences(configuration: Configuration = DEFAULT) -> tuple[str, ...]:
    """The audiences that a contact can be in: those that get more than a newsfeed, in the configured order."""
    return tuple(each.id for each in configuration.audiences if PEOPLES_CHANNELS.intersection(each.channels))


def _sha256(source: BinaryIO) -> str:
    source.seek(0)
    return hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed wants a FileIO


class _Reading:
    """Parts problems from rows while they stream by; after the first problem no row is needed any more."""

    def __init__(self) -> None:
        self.problems: list[ContactProblem] = []
        self.without_address = 0
        self.warnings: list[ContactProblem] = []

    def sound(self, items: Iterable[ContactRow | ContactProblem]) -> Iterator[ContactRow]:
        for item in items:
            if isinstance(item, ContactProblem):
                self.problems.append(item)
            elif not self.problems:
                self.without_address += item.email is None and item.mobile is None
                self._warn(item)
                yield item

    def _warn(self, row: ContactRow) -> None:
        if row.mobile and len(self.warnings) < MOST_WARNINGS and is_landline(row.mobile):
            what = f"{row.mobile} is a landline: no SMS arrives there"
            self.warnings.append(ContactProblem(row.line, "mobile", what, "Give a mobile number, or leave it empty."))
