"""What an edition tells one audience of one incident: everything that is new, folded into where it stands now. Pure.

An incident is told once, by its latest message. Two things are told besides, for nobody may be left with an error: a
correction that is not itself the latest, and a message that was withdrawn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.editions import EditionItem


@dataclass(frozen=True, slots=True)
class Heard:
    """A released message that an audience may know of. `news`: no edition has told the audience of it, as it now is.

    `void`: it was withdrawn, is held, or was stopped before any edition told of it: nobody may go by it. `withdrawn`:
    that is to be told. `notice`: it is itself the word that what it corrects was withdrawn.
    """

    id: UUID
    number: int
    incident: str
    kind: str
    corrects: UUID | None
    released_at: datetime
    news: bool
    void: bool = False
    withdrawn: bool = False

    @property
    def notice(self) -> bool:
        """Only the notice of a withdrawal is an update of another message (`editorial.withdrawal_notice`)."""
        return self.kind == "update" and self.corrects is not None


def folded(heard: Iterable[Heard], *, before: Mapping[str, UUID], audience: str) -> list[EditionItem]:
    """The items for one audience, from all that it may know of the incidents that have news; by incident.

    `before`: by incident, what the last edition that told this audience of it had as its latest.
    """
    incidents: dict[str, list[Heard]] = {}
    for each in sorted(heard, key=lambda each: (each.incident, each.released_at, each.number)):
        incidents.setdefault(each.incident, []).append(each)
    return [
        EditionItem(incident=incident, audiences=(audience,), **parts)
        for incident, said in incidents.items()
        for parts in (*_withdrawn(said), *_standing(said, before.get(incident)))
    ]


def merged(items: Iterable[EditionItem]) -> tuple[EditionItem, ...]:
    """The same for several audiences at once: what is told to more than one of them stands once."""
    audiences: dict[EditionItem, list[str]] = {}
    for item in items:
        audiences.setdefault(item.model_copy(update={"audiences": ("",)}), []).extend(item.audiences)
    return tuple(item.model_copy(update={"audiences": tuple(of)}) for item, of in audiences.items())


def _standing(said: Sequence[Heard], before: UUID | None) -> Iterator[dict[str, object]]:
    """Where the incident stands, if anything in it is new; and corrections of what came before that."""
    alive = [each for each in said if not each.void and not each.notice]
    fresh = [each for each in alive if each.news]
    put_right = {each.corrects for each in alive if each.corrects is not None}
    standing = [each for each in alive if each.id not in put_right]
    if not fresh or not standing:
        return
    place = _places(alive)
    latest = max(standing, key=lambda each: place[each.id])
    apart = [each for each in fresh if each.kind == "correction" and each in standing and each is not latest]
    for each in apart:
        yield {"message": each.id, "before": each.corrects}
    if rest := [each for each in fresh if each not in apart]:
        yield {"message": latest.id, "folded": tuple(each.id for each in rest if each is not latest), "before": before}


def _places(alive: Sequence[Heard]) -> dict[UUID, tuple[datetime, int, datetime, int]]:
    """When what a message says was first said: a correction stands where the error stood."""
    by_id = {each.id: each for each in alive}
    found = {}
    for each in alive:
        first = each
        while first.corrects in by_id and first.corrects is not None:
            first = by_id[first.corrects]
        found[each.id] = (first.released_at, first.number, each.released_at, each.number)
    return found


def _withdrawn(said: Sequence[Heard]) -> Iterator[dict[str, object]]:
    notices = {each.corrects: each for each in said if each.notice and not each.void}
    for each in said:
        notice = notices.pop(each.id, None)
        if each.withdrawn and (each.news or (notice and notice.news)):
            yield {"message": each.id, "withdrawn": True, "notice": notice.id if notice else None}
    for notice in notices.values():  # of what this audience cannot know, and was told that it is withdrawn all the same
        if notice.news:
            yield {"message": notice.id, "withdrawn": True, "notice": notice.id}
