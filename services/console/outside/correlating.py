"""Events that belong together, and in whose name what they lead to is kept."""

import re
from datetime import timedelta
from typing import Final

from services.domain import limits
from services.domain.event_mapping import Rule
from services.domain.identity import may
from services.rendering.event_words import fill
from services.runtime.errors import Foreseen
from services.runtime.postgres import Connection
from services.store import duty, incidents, tellings, users
from services.store.incidents import Incident
from services.store.outside_events import Claimed

CORRELATION_CHARACTERS: Final = 300
_OTHERS: Final = re.compile("[^a-z0-9]+")


def correlation_of(event: Claimed, rule: Rule) -> str:
    """What events have in common that belong together: only events of one sender do."""
    key = fill(rule.correlation, event.body, event.sender_name, field="correlation", most=CORRELATION_CHARACTERS)
    return f"{event.sender}/{key}"


def quiet(rule: Rule) -> timedelta:
    """So long further events are only counted."""
    return timedelta(minutes=rule.within_minutes)


def slug_of(event: Claimed, rule: Rule, given: str | None) -> str:
    """The id of the incident, as the mapping says, or from sender and correlation."""
    key = correlation_of(event, rule).partition("/")[2]
    made = fill(given, event.body, event.sender_name, field="incident") if given else f"{event.sender_name}-{key}"
    slug = _OTHERS.sub("-", made.lower()).strip("-")[: limits.INCIDENT_CHARACTERS - 4].strip("-")
    if not slug:
        raise Foreseen(f"no incident can be named after {made!r}: give `incident` in the rule")
    return slug


async def open_incident(connection: Connection, wanted: Incident) -> tuple[Incident, bool]:
    """The open incident of this name, and whether it was opened now. A closed one is left alone: the next has -2."""
    slug = wanted.slug
    for number in range(2, 1000):
        if await incidents.open_new(connection, _named(wanted, slug), None, "outside system"):
            return await incidents.find(connection, slug, lock=True) or _named(wanted, slug), True
        found = await incidents.find(connection, slug, lock=True)
        if found is not None and found.closed_at is None:
            return found, False
        slug = f"{wanted.slug}-{number}"
    raise Foreseen(f"there are too many incidents named {wanted.slug}")


async def keeper(connection: Connection, event: Claimed) -> int:
    """In whose name a draft is kept: who registered the source, else who is on duty, else who could write it."""
    registered = await users.user_by_id(connection, event.by) if event.by else None
    if registered and registered.disabled_at is None:
        return registered.id
    shift = await duty.in_force(connection)
    everybody = [user for user in await users.all_users(connection) if user.disabled_at is None]
    on_duty = [user.id for user in everybody if shift and user.id in shift.users]
    writers = [user.id for user in everybody if may("submit", user.roles)]
    if not (found := [*on_duty, *writers, *(user.id for user in everybody)]):
        raise Foreseen("there is no user who could keep a draft: `roeland users add EMAIL --role author`")
    return found[0]


async def tell(connection: Connection, rule: Rule, thread: int) -> None:
    """Whoever is on duty is told once: when the thread begins."""
    if rule.tell:
        await tellings.ask(connection, tellings.OUTSIDE, thread)


def _named(wanted: Incident, slug: str) -> Incident:
    return Incident(slug, wanted.title, wanted.phase, wanted.exercise, wanted.type, wanted.level)
