"""`roeland newsletter add|list|show …`: newsletters, as what they are; others put more commands on this group."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.admin.answers import Answer, Invalid, Refusal, entries, lines
from services.admin.command import command, group
from services.admin.newsletter_view import (
    LOOK_AHEAD,
    SHOWN_DATES,
    about,
    approval_note,
    dates,
    document_of,
    particulars,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from services.runtime.postgres import Connection
    from services.store.newsletters import Lock, NewsletterRow
    from services.store.users import User

app = group("newsletter", "Newsletters: one mail at a fixed hour with what changed, instead of thirty.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, as `newsletter list` has it.")]

NONE: Final = "there is no newsletter: `roeland newsletter add FILE`, as in examples/newsletter.yaml"


@command(app, "add", examples=["newsletter add examples/newsletter.yaml", "newsletter add nieuwsbrief.yaml --json"])
async def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What it is, in YAML or JSON: docs/newsletter.md.")],
) -> Answer:
    """Make a newsletter; if there is one of this name, define it anew.

    It begins with the first date whose hour is still to come. A definition that changes ends a standing approval.
    """
    return await define(_text(file), named=str(file))


async def define(text: str, *, named: str) -> Answer:
    """What `newsletter add` does with what its file says; `named`: what problems call that."""
    from services.admin.acting import acting
    from services.domain.newsletter_file import parse_newsletter
    from services.newsletter import defining
    from services.runtime.configuration import configuration_in_force
    from services.store import messages

    configuration = configuration_in_force()
    definition = parse_newsletter(text, name=named, configuration=configuration)
    _refuse_without_links()
    async with acting() as (connection, _), connection.transaction():
        user = await keeper(connection)
        now = await messages.database_time(connection)
        made = await defining.define(connection, definition, configuration, now=now, zone=zone(), by=user.id)
        document = await document_of(connection, made.newsletter, SHOWN_DATES)
    document |= {"change": made.change, "approval_voided": made.voided, "approval_holds_again": made.holds_again}
    return Answer(
        document, lines(f"{definition.slug}: {made.change}", *approval_note(made), *dates(document["coming"]))
    )


@command(app, "list", examples=["newsletter list", "newsletter list --json"])
async def list_() -> Answer:
    """All newsletters, with when the next edition goes out."""
    from services.admin.acting import acting
    from services.store import newsletters

    async with acting() as (connection, _):
        found = [
            await document_of(connection, each, LOOK_AHEAD) for each in await newsletters.all_newsletters(connection)
        ]
    told = [(f"{each['newsletter']}  {each['title']}", about(each)) for each in found]
    return Answer(found, entries(told, none=NONE))


@command(app, "show", examples=["newsletter show lokale-besturen", "newsletter show lokale-besturen --json"])
async def show(name: Name) -> Answer:
    """What a newsletter is: whom it is for, when it goes out, what it collects, and the dates to come."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        document = await document_of(connection, await known(connection, name), SHOWN_DATES)
    head = f"{document['newsletter']}  {document['title']}"
    return Answer(document, lines(head, *(f"    {each}" for each in particulars(document)), *dates(document["coming"])))


async def known(connection: "Connection", name: str, *, lock: "Lock" = "") -> "NewsletterRow":
    """The newsletter of this name; `lock`: as it is until the transaction ends. Raises `Refusal` when there is none."""
    from services.domain.problems import nearest
    from services.store import newsletters

    found = await newsletters.find(connection, name, lock=lock)
    if found is None:
        names = [each.slug for each in await newsletters.all_newsletters(connection)]
        raise Refusal(
            f"there is no newsletter {name}. {nearest(name, names)}" if names else NONE.replace(":", f" {name}:", 1),
            missing=[name],
        )
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """A newsletter, locked, with what had passed of it decided; who changes it; and the hour."""

    connection: "Connection"
    newsletter: "NewsletterRow"
    user: "User"
    now: datetime


@asynccontextmanager
async def changing(name: str) -> AsyncIterator[Change]:
    """A transaction in which a newsletter is changed. What has passed of it is decided first, as it was meant."""
    from services.admin.acting import acting
    from services.newsletter import arrears
    from services.store import messages

    async with acting() as (connection, _), connection.transaction():
        user = await keeper(connection)
        newsletter = await known(connection, name, lock="wait")
        now = await messages.database_time(connection)
        await arrears.settle(connection, newsletter, now, zone())
        yield Change(connection, newsletter, user, now)


async def keeper(connection: "Connection") -> "User":
    """The acting user, who may keep newsletters. Raises `Refusal`."""
    from services.admin.acting import acting_user
    from services.domain.identity import may

    user = await acting_user(connection)
    if not may("keep-newsletters", user.roles):
        raise Refusal(f"{user.email} may not: it takes the role author, crisis-manager or administrator")
    return user


def zone() -> "ZoneInfo":
    """The centre's time zone: that in which its newsletters go out."""
    from services.rendering.centre import zone_in_force

    return zone_in_force()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{file} is not UTF-8: save it as UTF-8") from None


def _refuse_without_links() -> None:
    from services.runtime.public_url import PublicUrlSettings

    if PublicUrlSettings().public_url is None:
        raise Refusal("set ROELAND_PUBLIC_URL first: every mail of a newsletter has a link to end it")
