"""`roeland contacts …`: the people who are told."""

import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from services.admin.answers import Answer, Invalid, Refusal, entries, lines, table
from services.admin.command import command, group
from services.admin.invocation import current
from services.admin.selecting import Chosen, meaning, selecting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from services.contacts.service import Imported
    from services.runtime.postgres import Connection
    from services.store.contacts import Contact
    from services.store.selecting import Selected

app = group("contacts", "The people who are told: import, look up, remove, export, and who cannot be reached.")

WARNINGS = 20
"""So many are told to a person."""
NOTHING_CHANGED = {"added": 0, "updated": 0, "unchanged": 0}


@command(app, "import", examples=["contacts import people.csv --dry-run", "contacts import people.csv"])
async def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV in UTF-8, with the columns of the contract.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
) -> Answer:
    """Add and update contacts from a CSV file: all of it, or nothing when there is any problem.

    The header row is external_id, name, organisation, role, audience, municipality, province, language, email, mobile,
    without spaces: with commas or semicolons; several audiences in one field are separated by a semicolon. Contacts
    are known by their external_id. Those that the file does not name stay as they are. A column deputy may follow:
    external ids of who stands in for the contact, the first to be told first.
    """
    from services.admin.acting import acting
    from services.contacts.service import import_contacts
    from services.domain.contact_row import ContactsRefused
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    async with acting() as (connection, actor):
        try:
            with _sought_in(file) as source:
                done = await import_contacts(
                    connection, source, actor=actor, dry_run=dry_run, configuration=configuration
                )
        except ContactsRefused as refused:
            error = f"{refused}: nothing was imported. Mend {file}, then import it again."
            raise Invalid(error, problems=refused.problems, more={**NOTHING_CHANGED, "dry_run": dry_run}) from None
    counts = {name: getattr(done.counts, name) for name in NOTHING_CHANGED}
    warned = {"warnings": done.warnings} if done.warnings else {}
    document = {**counts, "problems": [], **warned, "dry_run": dry_run}
    return Answer(document, lines(*_about_import(done, file, dry_run)))


@command(
    app,
    "list",
    examples=[
        "contacts list --audience governors",
        "contacts list --municipality Aalst",
        "contacts list --province Limburg --role burgemeester --without number",
        "contacts list --recipients 'province=Limburg and not group=nachtploeg'",
    ],
)
@selecting
async def list_(
    *,
    chosen: Chosen,
    without: Annotated[Literal["mail", "number"] | None, typer.Option(help="Only those without one.")] = None,
    search: Annotated[str | None, typer.Option(help="Words in the name, organisation or role.")] = None,
    removed: Annotated[bool, typer.Option("--removed", help="Those who were removed, instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    after: Annotated[str, typer.Option(help="Begin after this external id: the `next` of the page before.")] = "",
) -> Answer:
    """Look up contacts, by external id, a page at a time; those whom a message with these recipients would be for."""
    from services.admin.acting import acting
    from services.runtime.configuration import configuration_in_force
    from services.store.contacts import ContactFilter, count_contacts, find_contacts

    channel = "sms" if without == "number" else without
    selection = chosen.selection(configuration_in_force())
    async with acting() as (connection, _):
        meant = await meaning(connection, selection)
        which = ContactFilter(without=channel, words=search, removed=removed, selection=meant)
        total = await count_contacts(connection, which)
        found = await find_contacts(connection, which, after=after, most=limit)
    following = found[-1].external_id if len(found) == limit else None
    people = [_document(contact) for contact in found]
    document = {"total": total, "selection": selection or None, "contacts": people, "next": following}
    return Answer(document, _shown(found, total, following))


@command(app, "remove", examples=["contacts remove gov-limburg", "contacts remove mun-001-a mun-001-b"])
async def remove(external_id: Annotated[list[str], typer.Argument(metavar="EXTERNAL_ID...")]) -> Answer:
    """Take contacts out of every audience and erase their addresses; who was told what stays on record."""
    from services.admin.acting import acting
    from services.store import audit
    from services.store.contacts import remove_contacts, unknown_contacts

    async with acting() as (connection, actor), connection.transaction():
        if unknown := await unknown_contacts(connection, external_id):
            error = f"there is no contact {', '.join(unknown)}: nothing was removed. `roeland contacts list` shows all"
            raise Refusal(error, more={"removed": 0}, missing=unknown)
        removed = await remove_contacts(connection, external_id)
        for contact in removed:
            await audit.record(connection, actor=actor, action="contact.removed", subject=f"contact:{contact}")
    return Answer({"removed": len(removed)}, lines(f"{len(removed)} removed, their addresses erased"))


@command(
    app,
    "export",
    examples=[
        "contacts export --output people.csv",
        "contacts export --province Limburg --role burgemeester > some.csv",
    ],
)
@selecting
async def export(
    *,
    chosen: Chosen,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this new file, not to stdout.")
    ] = None,
) -> Answer:
    """Write contacts as CSV, in the columns that `contacts import` reads; safe to open in a spreadsheet.

    All of them, or those who fit a selection.
    """
    from services.admin.acting import acting
    from services.runtime.configuration import configuration_in_force
    from services.store.contacts import every_contact

    selection = chosen.selection(configuration_in_force())
    async with acting() as (connection, _), connection.transaction():
        meant = await meaning(connection, selection)
        if output:
            if output.exists():
                raise Refusal(f"{output} is there already, and may be the only copy: choose another name")
            written = await _write_csv(connection, output, meant)
            return Answer({"exported": written, "file": str(output)}, lines(f"{written} contacts in {output}"))
        if current.get().json:
            return Answer({"contacts": [_exported(each) async for each in every_contact(connection, meant)]}, lines())
        await _write_csv(connection, None, meant)
    return Answer({}, lines())


@command(app, "coverage", examples=["contacts coverage", "contacts coverage --json"])
async def coverage() -> Answer:
    """Who would not be reached now: contacts without mail or number, municipalities without anyone, and for which
    function there is no mail or number that works, since when; for whom nobody stands in.
    """
    from services.admin.acting import acting
    from services.contacts.gaps import gaps
    from services.contacts.service import peoples_audiences
    from services.domain.municipalities import municipalities
    from services.runtime.configuration import configuration_in_force
    from services.store.coverage import audience_coverage, deputy_coverage, municipality_coverage, standings

    async with acting() as (connection, _):
        named = peoples_audiences(configuration_in_force())
        audiences = await audience_coverage(connection, named)
        deputies = await deputy_coverage(connection, named)
        towns = await municipality_coverage(connection, list(municipalities()), audience="local-governments")
        missing = gaps(await standings(connection, audience="local-governments"))
    lacking = {
        "total": len(towns),
        "without_contact": [town.municipality for town in towns if not town.contacts],
        "without_mail": [town.municipality for town in towns if not town.with_mail],
        "without_number": [town.municipality for town in towns if not town.with_number],
    }
    document = {"audiences": audiences, "municipalities": lacking, "deputies": deputies, "gaps": missing}

    def show(out: "Console") -> None:
        _show_coverage(out, audiences, lacking)
        lines(
            "", *(f"{each.without_deputy} of {each.contacts} without a deputy: {each.audience}" for each in deputies)
        )(out)

    return Answer(document, show)


@contextmanager
def _sought_in(file: Path) -> "Iterator[BinaryIO]":
    """The file, or all that comes out of a pipe."""
    with file.open("rb") as source:
        yield source if source.seekable() else io.BytesIO(source.read())


def _about_import(done: "Imported", file: Path, dry_run: bool) -> list[str]:
    counts = done.counts
    told = [f"{counts.added} added, {counts.updated} updated, {counts.unchanged} unchanged"]
    if done.without_address:
        told.append(f"{done.without_address} have neither mail nor number: nothing will reach them")
    told += [f"line {each.line}, {each.column}: {each.problem}. {each.remedy}" for each in done.warnings[:WARNINGS]]
    if (more := len(done.warnings) - WARNINGS) > 0:
        told.append(f"and {more} more of such numbers: --json has them")
    if dry_run:
        return [*told, f"This was a dry run: nothing was changed. Import it: `roeland contacts import {file}`"]
    return [*told, "Who would not be reached: `roeland contacts coverage`"]


async def _write_csv(connection: "Connection", path: Path | None, meant: "Selected") -> int:
    from services.contacts.export import csv_lines
    from services.store.contacts import any_deputies, every_contact

    deputies = await any_deputies(connection)
    count = -1  # the header
    # A new file only, and for its owner alone: it holds addresses of people.
    out = (
        os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8", newline="")
        if path
        else sys.stdout
    )
    try:
        async for line in csv_lines(every_contact(connection, meant), deputies=deputies):
            out.write(line)
            count += 1
    finally:
        if path:
            out.close()
    return count


def _exported(contact: "Contact") -> dict[str, Any]:
    from services.contacts.export import columns

    return {**columns(contact), "deputy": ";".join(contact.deputies)}


def _document(contact: "Contact") -> dict[str, Any]:
    from services.contacts.export import columns

    more = {"deputies": contact.deputies, "chosen_language": contact.chosen_language, "removed_at": contact.removed_at}
    return {**columns(contact), "audience": contact.audiences, **more}


def _shown(found: "Sequence[Contact]", total: int, following: str | None) -> "Callable[[Console], None]":
    told = [(f"{each.external_id}  {each.name}", _more(each)) for each in found]
    more = f"; the next ones: --after {following}" if following and len(found) < total else ""

    def show(out: "Console") -> None:
        entries(told, none="there is nobody like that")(out)
        lines(f"{len(found)} of {total}{more}")(out)

    return show


def _more(contact: "Contact") -> list[str]:
    mail, number = contact.mail or "no mail", contact.sms or "no number"
    return [contact.organisation, ", ".join(contact.audiences), mail, number]


def _show_coverage(out: "Console", audiences: list[Any], lacking: dict[str, Any]) -> None:
    rows = [(a.audience, a.contacts, a.without_mail, a.without_number, a.without_both) for a in audiences]
    out.print(table(["audience", "contacts", "no mail", "no number", "neither"], rows))
    out.print(f"\n{lacking['total']} municipalities")
    for what in ("contact", "mail", "number"):
        towns = lacking[f"without_{what}"]
        out.print(
            f"  without a {what}: {len(towns)} {', '.join(towns[:20])}{' …' if len(towns) > 20 else ''}", markup=False
        )
