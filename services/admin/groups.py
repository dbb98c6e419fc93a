"""`roeland group …`: saved groups, selections with a name."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.admin.answers import Answer, Refusal, entries, lines
from services.admin.command import command, group
from services.admin.selecting import Chosen, selecting

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.contacts import Contact
    from services.store.groups import Group

app = group("group", "Saved groups: selections with a name, for messages and at the command line.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens: nachtploeg-limburg.")]
FIRST = 20
"""So many names are shown of a group's contacts."""


@command(
    app,
    "set",
    examples=[
        "group set nachtploeg --title Nachtploeg --contact gov-limburg,mun-001-a",
        "group set limburg-top --recipients 'province=Limburg and role=burgemeester,\"algemeen directeur\"'",
    ],
)
@selecting
async def set_(
    name: Name,
    *,
    chosen: Chosen,
    title: Annotated[str, typer.Option(help="What it is called in full.")] = "",
) -> Answer:
    """Let a name stand for a selection, from now on: who is in it is looked up each time that it is used.

    A message that waits for approval keeps the people whom its proof found.
    """
    from services.admin.acting import acting
    from services.contacts.groups import GroupRefused, save
    from services.runtime.configuration import configuration_in_force

    selection = chosen.selection(configuration_in_force())
    if not selection:
        raise Refusal("say who is in the group: --recipients, or one of the options under Whom")
    async with acting() as (connection, actor), connection.transaction():
        try:
            count = await save(connection, name, " ".join(title.split()), selection, actor=actor)
        except GroupRefused as why:
            raise Refusal(str(why), missing=why.missing) from None
    document = {"name": name, "title": title, "recipients": selection, "contacts": count}
    return Answer(document, lines(f"{name}: {selection}", f"{count} contacts now"))


@command(app, "list", examples=["group list", "group list --json"])
async def list_() -> Answer:
    """All groups, with what they mean."""
    from services.admin.acting import acting
    from services.store import groups

    async with acting() as (connection, _):
        found = await groups.every(connection)
    told = [(f"{each.slug}  {each.title}", [each.selection]) for each in found]
    return Answer([_document(each) for each in found], entries(told, none="there are no groups"))


@command(app, "show", examples=["group show nachtploeg", "group show nachtploeg --json"])
async def show(name: Name) -> Answer:
    """What a group means, how many are in it now, and the first of them."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        found = await _known(connection, name)
        total, people = await _people(connection, found)
    document = {
        **_document(found), "contacts": total,
        "first": [{"external_id": each.external_id, "name": each.name} for each in people],
    }  # fmt: skip
    names = [f"  {each.external_id}  {each.name}" for each in people]
    more = [f"  and {total - len(people)} more: `roeland contacts list --group {name}`"] if total > len(people) else []
    return Answer(document, lines(f"{name}  {found.title}", found.selection, f"{total} contacts now", *names, *more))


@command(app, "remove", examples=["group remove nachtploeg"])
async def remove(name: Name) -> Answer:
    """Take a name away. What names it already keeps its meaning; nothing new can name it."""
    from services.admin.acting import acting
    from services.contacts.groups import GroupRefused
    from services.contacts.groups import remove as take_away

    async with acting() as (connection, actor), connection.transaction():
        try:
            await take_away(connection, name, actor=actor)
        except GroupRefused as why:
            raise Refusal(str(why), missing=why.missing) from None
    return Answer({"removed": name}, lines(f"{name} is removed"))


async def _known(connection: "Connection", name: str) -> "Group":
    from services.store import groups

    found = await groups.find(connection, name)
    if found is None:
        raise Refusal(f"there is no group {name}: `roeland group list` shows which there are", missing=[name])
    return found


async def _people(connection: "Connection", found: "Group") -> "tuple[int, list[Contact]]":
    from services.store.contacts import ContactFilter, count_contacts, find_contacts
    from services.store.selecting import selected

    which = ContactFilter(selection=await selected(connection, found.selection))
    return await count_contacts(connection, which), await find_contacts(connection, which, most=FIRST)


def _document(each: "Group") -> dict[str, object]:
    return {
        "name": each.slug, "title": each.title, "recipients": each.selection,
        "written_by": each.written_by, "written_at": each.written_at,
    }  # fmt: skip
