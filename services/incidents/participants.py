"""The list of an exercise: whoever is on it, and nobody else, gets its messages."""

from collections.abc import Sequence

from services.incidents.refusal import Cannot
from services.incidents.service import locked
from services.runtime.postgres import Connection
from services.store import audit, participants
from services.store.contacts import unknown_contacts


async def add(connection: Connection, slug: str, external_ids: Sequence[str], *, actor: int | None) -> int:
    """Put these contacts on the list; how many were not on it. Raises `Cannot`, and then nobody was."""
    await _exercise(connection, slug)
    if unknown := await unknown_contacts(connection, external_ids):
        raise Cannot(
            f"there is no contact {', '.join(unknown)}: nobody was added. `roeland contacts list` shows all",
            missing=unknown,
        )
    if not await participants.count(connection, slug) and (
        sending := await participants.still_sending(connection, slug)
    ):
        raise Cannot(
            f"message {sending[0]} is still being sent, to everyone in its audiences: wait until it is done, or"
            f" `roeland message stop {sending[0]}`, then say who takes part"
        )
    added = await participants.add(connection, slug, external_ids)
    await _audit(connection, "added", slug, added, actor)
    return len(added)


async def remove(connection: Connection, slug: str, external_ids: Sequence[str], *, actor: int | None) -> int:
    """Take these contacts off the list; how many that were. What waits for approval will not go to them either."""
    await _exercise(connection, slug)
    if sending := await participants.still_sending(connection, slug):
        raise Cannot(
            f"message {sending[0]} is still being sent, to everyone who was on the list when it was released: wait"
            f" until it is done, or `roeland message stop {sending[0]}`, then remove them"
        )
    removed = await participants.remove(connection, slug, external_ids)
    if len(removed) < len(set(external_ids)):
        raise Cannot(
            f"{len(set(external_ids)) - len(removed)} of these are not on the list, and nobody was removed:"
            f" `roeland incident participants {slug} list` shows who is"
        )
    if not await participants.count(connection, slug):
        raise Cannot(
            "nobody would be left on the list, and an exercise without a list goes to everyone in its audiences:"
            " add who takes part first, then remove the others"
        )
    await _audit(connection, "removed", slug, removed, actor)
    return len(removed)


async def _exercise(connection: Connection, slug: str) -> None:
    await participants.lock(connection, slug)
    incident = await locked(connection, slug)
    if not incident.exercise:
        raise Cannot(f"the incident {slug} is real: only an exercise has a list of participants")


async def _audit(connection: Connection, what: str, slug: str, contacts: list[int], actor: int | None) -> None:
    if contacts:
        await audit.record(
            connection, actor=actor, action=f"incident.participants-{what}", subject=f"incident:{slug}",
            detail={"contacts": sorted(contacts)},
        )  # fmt: skip
