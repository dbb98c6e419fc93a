"""What an alert says in one language: exactly what its audience sees of the message in that language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.domain import limits
from services.domain.content import MessageContent
from services.domain.selection import Point, View, choose_language, select
from services.public import cap_words
from services.public.cap_areas import put_areas
from services.public.cap_codes import Codes, categories_of
from services.public.cap_words import said
from services.public.cap_xml import Element, put, put_value, when
from services.public.documents import Feed
from services.public.entry_text import WITHDRAWN
from services.store.feeds import FeedEntry

HEADLINE_CHARACTERS: Final = 160  # CAP 1.2 §3.2.2: short messages may show no more
FACT: Final = "- "
"""Before each line that belongs to the one above it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message as one alert tells it, sent then. `original`: what it puts right, if the same reader can see that."""

    entry: FeedEntry
    content: MessageContent
    original: MessageContent | None
    feed: Feed
    web: str
    sent: datetime


def put_info(alert: Element, told: Told, view: View, language: str, codes: Codes) -> None:
    """The message in this language."""
    title = headline(told, view, language)
    info = _start(alert, told, language, codes)
    put(info, "headline", shortened(title))
    put(info, "description", "\n\n".join(_paragraphs(told, view, title, language)) or title)
    put(info, "instruction", "\n".join(view.actions))
    _end(info, told, language)


def put_cancelled(alert: Element, told: Told, view: View, language: str, codes: Codes) -> None:
    """That the message is withdrawn; its texts are not said again."""
    mark, notice = WITHDRAWN.get(language, WITHDRAWN["nl"])
    title = f"{mark}: {headline(told, view, language)}"
    info = _start(alert, told, language, codes)
    put(info, "headline", shortened(title))
    put(info, "description", "\n\n".join([notice, *([title] if shortened(title) != title else [])]))
    _end(info, told, language)


def headline(told: Told, view: View, language: str) -> str:
    """The title as the other versions of the message have it: what it is stands before it."""
    mark = said(cap_words.EXERCISE_MARKS, language) if told.entry.exercise else ""
    subject = cap_words.SUBJECTS.get(told.entry.kind)
    return f"{mark}{said(subject, language) if subject else ''}{view.title}"


def shortened(text: str) -> str:
    """At most what a headline may have, cut between two words."""
    if len(text) <= HEADLINE_CHARACTERS:
        return text
    cut = text[: HEADLINE_CHARACTERS - 1]
    whole, _, rest = cut.rpartition(" ")
    return f"{whole if len(rest) < HEADLINE_CHARACTERS // 2 else cut}…"


def _start(alert: Element, told: Told, language: str, codes: Codes) -> Element:
    """All before the texts, in the order of the schema."""
    entry, timezone = told.entry, told.feed.timezone
    info = put(alert, "info")
    put(info, "language", cap_words.LANGUAGES.get(language, language))
    for category in categories_of(entry.incident_type):
        put(info, "category", category)
    put(info, "event", event_of(told, language))
    put(info, "responseType", codes.response)
    put(info, "urgency", codes.urgency)
    put(info, "severity", codes.severity)
    put(info, "certainty", codes.certainty)
    put(info, "audience", "" if told.feed.is_public else audience_name(told.feed, language))
    put(info, "effective", when(told.sent, timezone))
    if entry.expires_at and entry.expires_at > told.sent:  # what expired before it was withdrawn does so no more
        put(info, "expires", when(entry.expires_at, timezone))
    put(info, "senderName", told.feed.centre)
    return info


def _end(info: Element, told: Told, language: str) -> None:
    """All after the texts."""
    entry, content = told.entry, told.content
    put(info, "web", told.web)
    put(info, "contact", told.feed.contact)
    put_value(info, "parameter", "roeland:incident", entry.incident)
    put_value(info, "parameter", "roeland:kind", entry.kind)
    put_value(info, "parameter", "roeland:phase", entry.phase)
    put_value(info, "parameter", "roeland:verification-code", entry.code or "")
    if content.next_update_at:
        put_value(info, "parameter", "roeland:next-update", when(content.next_update_at, told.feed.timezone))
    put_areas(info, content.area, language)


def event_of(told: Told, language: str) -> str:
    """The name of the incident's type, never its title: that may be one of those inside."""
    types = {each.id: each.names for each in told.feed.configuration.types}
    names = types.get(told.entry.incident_type or "", {})
    return names.get(language) or said(cap_words.INCIDENT, language)


def audience_name(feed: Feed, language: str) -> str:
    """Of the feed's audience, in this language if it has a name in it."""
    names = {each.id: each.names for each in feed.configuration.audiences}.get(feed.audience, {})
    return names.get(language) or feed.audience_name


def _paragraphs(told: Told, view: View, title: str, language: str) -> Iterator[str]:
    if told.entry.exercise:
        yield said(cap_words.EXERCISE, language)
    if shortened(title) != title:
        yield title
    yield from (_point(each) for each in view.key_messages)
    yield from _listed(cap_words.WRONG, view.wrong, language)
    if not view.wrong and told.original is not None:
        yield from _listed(cap_words.QUOTED, _quoted(told.original, told.entry.audience, language), language)
    yield from _listed(cap_words.UNKNOWN, view.unknown, language)


def _point(point: Point) -> str:
    return "\n".join([point.text, *(f"{FACT}{fact}" for fact in point.facts)])


def _listed(heading: Mapping[str, str], texts: Sequence[str], language: str) -> Iterator[str]:
    if texts:
        yield "\n".join([said(heading, language), *(f"{FACT}{text}" for text in texts)])


def _quoted(original: MessageContent, audience: str, language: str) -> Sequence[str]:
    """What that said to the same audience; the other versions of a correction quote it likewise."""
    got = choose_language(original, audience, language)
    points = select(original, audience=audience, language=got).key_messages
    return [f"“{point.text}”" for point in points[: limits.WRONG]]
