"""What one kind of reader sees of an edition: only their own texts, in their language, their own province first. Pure.

A story is never half in one language and half in another. One that does not exist in the reader's language stands in
its own, and says which that is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.domain.configuration import Configuration
from services.domain.content import MessageContent, Text
from services.domain.edition_view import DateToCome, EditionView, Said, SaidPoint, Standing, Story
from services.domain.editions import EditionContent, EditionItem
from services.domain.municipalities import PROVINCES, province_of
from services.domain.selection import View, choose_language, is_for, select


@dataclass(frozen=True, slots=True)
class _Reader:
    audience: str
    language: str
    province: str


@dataclass(frozen=True, slots=True)
class Released:
    """A released message as its readers got it: the facts that it states stand in its content."""

    id: UUID
    content: MessageContent
    phase: str
    incident_title: str
    released_at: datetime


_RANK: Final[Mapping[Standing, int]] = {
    "put-right": 0, "withdrawn": 0, "new": 2, "updated": 2, "over": 3, "unchanged": 4,
}  # fmt: skip
_URGENT: Final = 1


def languages_of(content: EditionContent) -> tuple[str, ...]:
    """The languages that an edition exists in: those of its title, its own first."""
    return tuple(dict.fromkeys((content.language, *(_language(text, content) for text in content.title))))


def readers_of(content: EditionContent) -> tuple[str, ...]:
    """The audiences that get it: those for whom there is something in it, or all where a quiet day is told."""
    written = content.editorial.text if content.editorial else ()
    return tuple(
        audience
        for audience in content.audiences
        if content.quiet_day == "say-so"
        or any(audience in item.audiences for item in content.items)
        or any(is_for(text.audiences, audience) for text in written)
    )


def provinces_of(content: EditionContent, audience: str, told: Mapping[UUID, Released]) -> tuple[str, ...]:
    """The provinces whose readers get a version of their own: those that a story of this audience is about."""
    if audience not in content.by_province:
        return ()
    about = {
        province_of(place)
        for item in content.items
        if audience in item.audiences and item.message in told
        for place in told[item.message].content.area
    }
    return tuple(province for province in PROVINCES if province in about)


def view_of(
    content: EditionContent,
    told: Mapping[UUID, Released],
    *,
    audience: str,
    language: str,
    province: str = "",
    configuration: Configuration,
) -> EditionView:
    """What a reader of this audience, language and province sees. `told`: every message that the items name."""
    reader = _Reader(audience, language, province)
    stories = [_story(each, told, reader, configuration) for each in content.items if audience in each.audiences]
    stories.sort(key=lambda story: _place(story, told))
    written = content.editorial.text if content.editorial else ()
    editorial_language = language if _said(written, audience, language, content) else content.language
    return EditionView(
        newsletter_title=next(iter(_said(content.title, audience, language, content)), content.title[0].text),
        number=content.number,
        date=content.date,
        audience=audience,
        audience_name=configuration.audience(audience).names[language],
        language=language,
        province=province,
        stories=tuple(stories),
        opening=_said(content.opening, audience, language, content),
        editorial=_said(written, audience, editorial_language, content),
        editorial_language="" if editorial_language == language else editorial_language,
        dates=tuple(_dates(content, told, audience, language)),
        since=content.since,
        late=content.late,
        exercise=content.exercise,
    )


def _place(story: Story, told: Mapping[UUID, Released]) -> tuple[int, int, float, str, str]:
    """Near first, then what puts an error right, then what is urgent, then the latest."""
    rank = _RANK[story.standing]
    if story.standing in ("new", "updated") and told[story.message_id].content.urgency == "urgent":
        rank = _URGENT
    return (not story.near, rank, -story.told_at.timestamp(), story.incident, str(story.message_id))


def _story(item: EditionItem, told: Mapping[UUID, Released], reader: _Reader, configuration: Configuration) -> Story:
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


def _standing(item: EditionItem, content: MessageContent, view: View, before: frozenset[str] | None) -> Standing:
    if item.withdrawn:
        return "withdrawn"
    if content.kind in ("correction", "all-clear"):
        return "put-right" if content.kind == "correction" else "over"
    if before is None:
        return "new"
    return "updated" if set(_texts(view)) - before else "unchanged"


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


def _dates(
    content: EditionContent, told: Mapping[UUID, Released], audience: str, language: str
) -> Iterator[DateToCome]:
    """What is still to come when it goes out, by time."""
    after = max(content.composed_at, content.release_at or content.composed_at)
    found: dict[tuple[datetime, str], DateToCome] = {}
    for each in content.editorial.dates if content.editorial else ():
        own = language if _said(each.text, audience, language, content) else content.language
        for text in _said(each.text, audience, own, content):
            found[each.at, text] = DateToCome(each.at, text, "" if own == language else own)
    for item in content.items:
        message = told[item.message].content
        if audience in item.audiences and not item.withdrawn and message.next_update_at:
            own = choose_language(message, audience, language)
            title = select(message, audience=audience, language=own).title
            found[message.next_update_at, title] = DateToCome(
                message.next_update_at, title, "" if own == language else own
            )
    yield from (date for (at, _), date in sorted(found.items()) if at > after)


def _said(texts: Sequence[Text], audience: str, language: str, content: EditionContent) -> tuple[str, ...]:
    return tuple(t.text for t in texts if _language(t, content) == language and is_for(t.audiences, audience))


def _language(text: Text, content: EditionContent) -> str:
    return text.language or content.language


def _phase_name(phase: str, language: str, configuration: Configuration) -> str:
    return configuration.phase(phase).names.get(language, phase) if phase in configuration.phase_ids else phase
