"""What another configuration would do to what there is: templates, standing plans, incidents and contacts.

Each part answers for itself, from what is there to what would be in its way. A playbook names types, phases and
audiences too: `EFFECTS` is where its part belongs.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from services.domain.configuration import Configuration
from services.incidents.refusal import Cannot
from services.runtime.postgres import Connection
from services.store import configured, newsletters


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that the change does. A `problem` must be dealt with before it is put in force."""

    severity: Literal["problem", "remark"]
    place: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The ids that come and go, by list: languages, audiences, phases, types, levels."""

    added: dict[str, list[str]]
    removed: dict[str, list[str]]


def difference(now: Configuration, then: Configuration) -> Difference:
    """Lists without a change are left out."""
    lists = {name: (_ids(now, name), _ids(then, name)) for name in LISTS}
    return Difference(
        added={name: more for name, (old, new) in lists.items() if (more := [each for each in new if each not in old])},
        removed={
            name: gone for name, (old, new) in lists.items() if (gone := [each for each in old if each not in new])
        },
    )


async def effects(connection: Connection, now: Configuration, then: Configuration) -> list[Effect]:
    """All that the change does to what is in the database, part by part."""
    gone = difference(now, then).removed
    return [effect for part in EFFECTS for effect in await part(connection, gone)]


def version_is_higher(now: Configuration, then: Configuration) -> None:
    """Raise `Cannot` when the lists differ and the version does not rise: nobody could tell the two apart."""
    if then.model_dump(exclude={"version"}) != now.model_dump(exclude={"version"}) and then.version <= now.version:
        raise Cannot(f"version {then.version} must rise: the lists differ, and version {now.version} is in force")


async def _standing_plans(connection: Connection, gone: dict[str, list[str]]) -> Iterable[Effect]:
    """Messages that are not ended keep their plan, and are asked about when they are released or corrected."""
    found = await configured.standing(connection, gone.get("audiences", []), gone.get("phases", []))
    return [
        Effect(
            "problem",
            f"message {each.id}",
            f"It is {each.state}, and names {', '.join(each.named)}.",
            f"Let it end first, or `roeland message {'reject' if each.state != 'released' else 'stop'} {each.id}`.",
        )
        for each in found
    ]


async def _open_incidents(connection: Connection, gone: dict[str, list[str]]) -> Iterable[Effect]:
    """An open incident in a phase that goes: its next message would have no phase."""
    found = await configured.incidents_with(
        connection, gone.get("phases", []), gone.get("types", []), gone.get("levels", [])
    )
    return [
        Effect(
            "problem",
            f"incident {slug}",
            f"Its {what} is {value}.",
            f"`roeland incident {f'set {slug} --type …' if what == 'type' else f'{what} {slug} …'}`, or close it.",
        )
        for slug, what, value in found
    ]


async def _contacts(connection: Connection, gone: dict[str, list[str]]) -> Iterable[Effect]:
    """Whoever is only in an audience that goes gets nothing any more."""
    found = await configured.contacts_in(connection, gone.get("audiences", []))
    return [
        Effect(
            "remark" if not alone else "problem",
            f"audience {audience}",
            f"{total} contacts are in it, {alone} of them in no other.",
            "Import them with another audience first: `roeland contacts import`.",
        )
        for audience, total, alone in found
    ]


async def _newsletters(connection: Connection, gone: dict[str, list[str]]) -> Iterable[Effect]:
    """A newsletter for an audience that goes, or that collects in a phase or language that does."""
    named = set(gone.get("audiences", [])) | set(gone.get("phases", [])) | set(gone.get("languages", []))
    found = [(each.slug, named & each.definition.names) for each in await newsletters.all_newsletters(connection)]
    return [
        Effect(
            "problem",
            f"newsletter {slug}",
            f"It names {', '.join(sorted(names))}.",
            "Take that out of its file first: `roeland newsletter add FILE`.",
        )
        for slug, names in found
        if names
    ]


EFFECTS: Final[tuple[Callable[[Connection, dict[str, list[str]]], Awaitable[Iterable[Effect]]], ...]] = (
    _standing_plans,
    _open_incidents,
    _contacts,
    _newsletters,
)
"""Each from the ids that go, by list, to what is in the way."""

LISTS: Final = ("languages", "audiences", "phases", "types", "levels")


def _ids(configuration: Configuration, name: str) -> list[str]:
    return [each if isinstance(each, str) else each.id for each in getattr(configuration, name)]
