"""Saved groups: a name for a selection, which may name other groups and never, by way of them, itself."""

from services.domain.recipient_groups import GROUP, Unusable, without_groups
from services.domain.recipient_query import values_of
from services.domain.recipient_reading import read
from services.domain.recipient_values import GROUP as NAME
from services.runtime.errors import Foreseen
from services.runtime.postgres import Connection
from services.store import audit, groups, selection_names
from services.store.contacts import ContactFilter, count_contacts
from services.store.selecting import selected

LONGEST_NAME = 64
LONGEST_TITLE = 200


class GroupRefused(Foreseen):
    """It cannot be; the words say what to do about it."""


async def save(connection: Connection, name: str, title: str, selection: str, *, actor: int | None) -> int:
    """Let `name` mean this selection, in its one form; how many contacts that are now. Raises `GroupRefused`."""
    if not NAME.match(name) or len(name) > LONGEST_NAME:
        raise GroupRefused(f"{name!r} is no name of a group: small letters, digits and hyphens, as nachtploeg-limburg")
    if len(title) > LONGEST_TITLE:
        raise GroupRefused(f"the title has more than {LONGEST_TITLE} characters: shorten it")
    await groups.lock(connection)
    await _refuse_circle(connection, name, selection)
    if faults := await selection_names.missing(connection, selection):
        raise GroupRefused(" ".join(f"{what} {remedy}" for what, remedy in faults))
    await groups.write(connection, name, title, selection, by=actor)
    await audit.record(
        connection, actor=actor, action="group.set", subject=f"group:{name}",
        detail={"terms": len(selection.split("=")) - 1, "groups": values_of(read(selection), GROUP)},
    )  # fmt: skip
    return await count_contacts(connection, ContactFilter(selection=await selected(connection, selection)))


async def remove(connection: Connection, name: str, *, actor: int | None) -> None:
    """Take the name away. Raises `GroupRefused` when there is none, or another group needs it."""
    await groups.lock(connection)
    users = [each.slug for each in await groups.every(connection) if name in values_of(read(each.selection), GROUP)]
    if users:
        raise GroupRefused(f"the group {', '.join(users)} names {name}: change or remove that one first")
    if not await groups.remove(connection, name):
        raise GroupRefused(f"there is no group {name}: `roeland group list` shows which there are", missing=[name])
    await audit.record(connection, actor=actor, action="group.removed", subject=f"group:{name}", detail={})


async def _refuse_circle(connection: Connection, name: str, selection: str) -> None:
    """With this meaning every group must still come to an end, those that name this one too."""
    meanings = {**await groups.meanings(connection), name: read(selection)}
    for each in (name, *(standing.slug for standing in await groups.every(connection))):
        try:
            without_groups(read(f"group={each}"), meanings)
        except Unusable as why:
            raise GroupRefused(f"{why.problem} {why.remedy}") from None
