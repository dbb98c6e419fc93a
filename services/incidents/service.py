"""What people do with an incident: each act in the caller's transaction, with its history and its audit record.

Moving an incident's phase never changes a message: what was said was said in the phase that it was said in.
"""

from collections.abc import Mapping
from dataclasses import asdict

from services.domain.configuration import Configuration
from services.domain.problems import nearest
from services.incidents.refusal import Cannot
from services.runtime.postgres import Connection
from services.store import audit, incidents, messages
from services.store.incidents import Incident


async def open_incident(
    connection: Connection, new: Incident, configuration: Configuration, *, reason: str, actor: int | None
) -> Incident:
    """Open it, with what is known. Raises `Cannot` when there is one of this name, or a list has no such word."""
    _check(asdict(new), configuration)
    if not await incidents.open_new(connection, new, actor, reason):
        raise Cannot(f"there is an incident {new.slug} already: `roeland incident show {new.slug}`")
    await _audit(connection, "opened", new.slug, actor, {"exercise": new.exercise, "phase": new.phase})
    return await locked(connection, new.slug)


async def describe(
    connection: Connection, slug: str, fields: Mapping[str, str], configuration: Configuration, *, actor: int | None
) -> bool:
    """Set its title, type, entity or single point of contact; whether anything changed."""
    _check(fields, configuration)
    incident = await locked(connection, slug)
    changed = {name: value or None for name, value in fields.items() if (value or None) != getattr(incident, name)}
    if changed.get("title", "x") is None:
        raise Cannot("an incident has a title: its readers see it")
    if changed:
        await incidents.change(connection, slug, changed)
        await _audit(connection, "described", slug, actor, {"fields": sorted(changed)})
    return bool(changed)


async def move(
    connection: Connection,
    slug: str,
    to: Mapping[str, str],
    configuration: Configuration,
    *,
    reason: str,
    actor: int | None,
) -> bool:
    """Bring it to another `phase` or `level`, of which `to` has one; False when it is there already."""
    _check(to, configuration)
    ((what, value),) = to.items()
    incident = await locked(connection, slug)
    if incident.closed_at:
        raise Cannot(f"the incident {slug} is closed: `roeland incident reopen {slug}` first")
    if getattr(incident, what) == value:
        return False
    await incidents.move(connection, slug, "phase" if what == "phase" else "level", value, reason=reason, by_user=actor)
    await _audit(connection, f"{what}-changed", slug, actor, {"from": getattr(incident, what), "to": value})
    return True


async def close(connection: Connection, slug: str, *, reason: str, actor: int | None) -> bool:
    """Close it; False when it was closed already. Raises `Cannot` while a message of it waits to be decided on."""
    incident = await locked(connection, slug)
    if incident.closed_at:
        return False
    if waiting := await messages.waiting_in(connection, slug):
        ids = ", ".join(str(each.id) for each in waiting)
        raise Cannot(f"{len(waiting)} of its messages still wait for approval: approve or reject them first ({ids})")
    await incidents.move(connection, slug, "closed", reason=reason, by_user=actor)
    await _audit(connection, "closed", slug, actor, {})
    return True


async def reopen(connection: Connection, slug: str, *, reason: str, actor: int | None) -> bool:
    """Open it again, in the phase that it was closed in; False when it is open."""
    incident = await locked(connection, slug)
    if incident.closed_at is None:
        return False
    await incidents.move(connection, slug, "reopened", reason=reason, by_user=actor)
    await _audit(connection, "reopened", slug, actor, {})
    return True


async def locked(connection: Connection, slug: str) -> Incident:
    """The incident, as it is until the transaction ends. Raises `Cannot` when there is none."""
    incident = await incidents.find(connection, slug, lock=True)
    if incident is None:
        raise Cannot(f"there is no incident {slug}: `roeland incident list` shows what there is", missing=[slug])
    return incident


def _check(fields: Mapping[str, str | None], configuration: Configuration) -> None:
    known = {"phase": configuration.phase_ids, "type": configuration.type_ids, "level": configuration.level_ids}
    for name, ids in known.items():
        if (value := fields.get(name)) and value not in ids:
            raise Cannot(f"there is no {name} {value!r}. {nearest(value, ids)}")


async def _audit(connection: Connection, what: str, slug: str, actor: int | None, detail: Mapping[str, object]) -> None:
    await audit.record(connection, actor=actor, action=f"incident.{what}", subject=f"incident:{slug}", detail=detail)
