"""What one kind of reader sees of an edition: only their own texts, in their language, their own province first. Pure.

A story is never half in one language and half in another. One that does not exist in the reader's language stands in
its own, and says which that is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.domain.configuration import Configuration
from services.domain.content import Text
from services.domain.edition_stories import Reader, Released, place_of, story_of
from services.domain.edition_view import DateToCome, EditionView
from services.domain.editions import EditionContent
from services.domain.municipalities import PROVINCES, province_of
from services.domain.selection import choose_language, is_for, select


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
    reader = Reader(audience, language, province)
    stories = [story_of(each, told, reader, configuration) for each in content.items if audience in each.audiences]
    stories.sort(key=lambda story: place_of(story, told))
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
