"""One story of an edition, as one reader sees it, and where it stands among the others. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.edition_view import Said, SaidPoint, Standing, Story
from services.domain.editions import EditionItem
from services.domain.municipalities import province_of
from services.domain.selection import View, choose_language, select


@dataclass(frozen=True, slots=True)
class Released:
    """A released message as its readers got it: the facts that it states stand in its content."""

    id: UUID
    content: MessageContent
    phase: str
    incident_title: str
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads it. `province`: '' for readers at large."""

    audience: str
    language: str
    province: str


_RANK: Final[Mapping[Standing, int]] = {
    "put-right": 0, "withdrawn": 0, "new": 2, "updated": 2, "over": 3, "unchanged": 4,
}  # fmt: skip
_URGENT: Final = 1


def story_of(item: EditionItem, told: Mapping[UUID, Released], reader: Reader, configuration: Configuration) -> Story:
    """What an item tells this reader. `told`: every message that it names."""
    audience, language = reader.audience, reader.language
    message = told[item.notice or item.message]
    content = message.content
    own = choose_language(content, audience, language)
    view = select(content, audience=audience, language=own)
    silent = item.withdrawn and item.notice is None
    before = _texts_before(told.get(item.before) if item.before else None, audience, own)
    points = () if silent else _points(view, before)
    unknown, actions = (() if silent else _marked(texts, before) for texts in (view.unknown, view.actions))
    return Story(
        incident=item.incident,
        incident_title=message.incident_title,
        phase=message.phase,
        phase_name=_phase_name(message.phase, language, configuration),
        kind=content.kind,
        standing=_standing(item, content, view, before),
        message_id=item.message,
        title=view.title,
        told_at=message.released_at,
        folded=len(item.folded),
        key_messages=points,
        unknown=unknown,
        actions=actions,
        corrected=() if silent else _wrong(content, view, told, audience, own),
        next_update_at=None if silent else content.next_update_at,
        places=content.area,
        near=bool(reader.province) and reader.province in {province_of(place) for place in content.area},
        language="" if own == language else own,
    )


def place_of(story: Story, told: Mapping[UUID, Released]) -> tuple[int, int, float, str, str]:
    """Near first, then what puts an error right, then what is urgent, then the latest."""
    rank = _RANK[story.standing]
    if story.standing in ("new", "updated") and told[story.message_id].content.urgency == "urgent":
        rank = _URGENT
    return (not story.near, rank, -story.told_at.timestamp(), story.incident, str(story.message_id))


def _standing(item: EditionItem, content: MessageContent, view: View, before: frozenset[str] | None) -> Standing:
    if item.withdrawn:
        return "withdrawn"
    if content.kind in ("correction", "all-clear"):
        return "put-right" if content.kind == "correction" else "over"
    if before is None:
        return "new"
    return "unchanged" if set(_texts(view)) == before else "updated"


def _texts_before(message: Released | None, audience: str, language: str) -> frozenset[str] | None:
    """All that the former one said to this audience in this language; None when there was none, so all is new."""
    if message is None:
        return None
    return frozenset(_texts(select(message.content, audience=audience, language=language)))


def _texts(view: View) -> Iterator[str]:
    yield view.title
    for point in view.key_messages:
        yield from (point.text, *point.facts)
    yield from (*view.unknown, *view.actions, *filter(None, [view.sms if not view.key_messages else None]))


def _points(view: View, before: frozenset[str] | None) -> tuple[SaidPoint, ...]:
    """An SMS alone has no key messages: then it is what was said."""
    if not view.key_messages and view.sms:
        return (SaidPoint(view.sms, _is_new(view.sms, before)),)
    return tuple(
        SaidPoint(point.text, _is_new(point.text, before), _marked(point.facts, before)) for point in view.key_messages
    )


def _marked(texts: Sequence[str], before: frozenset[str] | None) -> tuple[Said, ...]:
    return tuple(Said(text, _is_new(text, before)) for text in texts)


def _is_new(text: str, before: frozenset[str] | None) -> bool:
    return before is None or text not in before


def _wrong(
    content: MessageContent, view: View, told: Mapping[UUID, Released], audience: str, language: str
) -> tuple[str, ...]:
    """What was wrong: in its author's words, or else what this audience was told then."""
    if content.kind != "correction":
        return ()
    error = told.get(UUID(content.corrects)) if content.corrects else None
    if view.wrong or error is None:
        return view.wrong
    said = select(error.content, audience=audience, language=choose_language(error.content, audience, language))
    return tuple(point.text for point in said.key_messages)


def _phase_name(phase: str, language: str, configuration: Configuration) -> str:
    return configuration.phase(phase).names.get(language, phase) if phase in configuration.phase_ids else phase
