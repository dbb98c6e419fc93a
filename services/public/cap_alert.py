"""A message as an alert, and its withdrawal as a Cancel: who says it, to whom, in place of what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from services.domain.content import MessageContent
from services.domain.selection import View, languages_of, select
from services.public import cap_words
from services.public.cap_codes import CANCELLED, codes_of
from services.public.cap_info import Told, audience_name, put_cancelled, put_info
from services.public.cap_references import earlier
from services.public.cap_words import said
from services.public.cap_xml import Element, alert_element, put, when
from services.public.documents import Feed, message_path
from services.store.feeds import PUBLIC, FeedEntry

NOBODY: Final = "roeland.invalid"
"""The sender while nobody named a public address: then nobody outside can read it either (RFC 6761)."""


ALERT_TYPE: Final = "application/cap+xml"

KINDS: Final = ("alert", "update", "correction", "all-clear")
"""The kinds of message that are alerts: an edition of a newsletter is none."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was sent about an entry. `path`: where it is; `name` tells it from others about the same entry."""

    entry: FeedEntry
    name: str
    path: str
    sent: datetime
    element: Element


def alerts_of(entry: FeedEntry, feed: Feed) -> Iterator[Alert]:
    """The message as it was sent, and its Cancel if it was withdrawn; `feed`: with all entries of its incident."""
    if is_alert(entry):
        yield Alert(entry, "alert", alert_path(entry), entry.published_at, _sent(entry, feed))
        if at := entry.withdrawn_at:
            path = f"{message_path(entry.audience, entry.message_id)}-cancel.cap"
            yield Alert(entry, "cancel", path, at, _cancelled(entry, at, feed))


def is_alert(entry: FeedEntry) -> bool:
    """No edition of a newsletter is; and whatever else stands in a feed, no exercise is ever told to the public."""
    return entry.kind in KINDS and not (entry.exercise and entry.audience == PUBLIC)


def alert_path(entry: FeedEntry) -> str:
    """Beside the page of the message."""
    return f"{message_path(entry.audience, entry.message_id)}.cap"


def _sent(entry: FeedEntry, feed: Feed) -> Element:
    before = earlier(entry, feed.entries)
    told = _told(entry, before, feed, entry.published_at)
    root = _head(told, _identifier(entry), "Update" if before else "Alert")
    _tail(root, told, before)
    for language, view in _views(told):
        codes = codes_of(entry, asks=bool(view.actions), promises=told.content.next_update_at is not None)
        put_info(root, told, view, language, codes)
    return root


def _cancelled(entry: FeedEntry, at: datetime, feed: Feed) -> Element:
    """It takes the place of the alert alone, and says nothing of the incident."""
    told = _told(entry, (), feed, at)
    root = _head(told, f"{_identifier(entry)}.cancel", "Cancel")
    _tail(root, told, [entry])
    for language, view in _views(told):
        put_cancelled(root, told, view, language, CANCELLED)
    return root


def _views(told: Told) -> Iterator[tuple[str, View]]:
    """What its audience sees, by language; none in one in which only others have a title."""
    for language in languages_of(told.content, told.entry.audience):
        view = select(told.content, audience=told.entry.audience, language=language)
        if view.title:
            yield language, view


def _identifier(entry: FeedEntry) -> str:
    """Of this audience's version, for life: CAP allows no spaces, commas, `<` and `&` in it, so no `tag:` URI."""
    return f"{entry.message_id}.{entry.audience}"


def _sender(entry: FeedEntry, feed: Feed) -> str:
    """The authority that the entry was named by, which stays when the public address changes; else that one's host."""
    scheme, _, rest = (entry.entry_id or "").partition(":")
    authority = rest.partition(",")[0] if scheme == "tag" else ""
    return authority or urlsplit(feed.public_url).hostname or NOBODY


def _told(entry: FeedEntry, before: Sequence[FeedEntry], feed: Feed, sent: datetime) -> Told:
    """What its texts are made of."""
    original = next((each for each in before if each.message_id == entry.corrects), None)
    return Told(
        entry=entry,
        content=MessageContent.model_validate(entry.content),
        original=MessageContent.model_validate(original.content) if original else None,
        feed=feed,
        web=feed.address(message_path(feed.audience, entry.message_id)) if feed.public_url else "",
        sent=sent,
    )


def _head(told: Told, identifier: str, kind: str) -> Element:
    root = alert_element()
    put(root, "identifier", identifier)
    put(root, "sender", _sender(told.entry, told.feed))
    put(root, "sent", when(told.sent, told.feed.timezone))
    put(root, "status", "Exercise" if told.entry.exercise else "Actual")
    put(root, "msgType", kind)
    return root


def _tail(root: Element, told: Told, before: Sequence[FeedEntry]) -> None:
    entry, feed, language = told.entry, told.feed, told.content.language
    put(root, "scope", "Public" if feed.is_public else "Restricted")
    if not feed.is_public:
        put(root, "restriction", said(cap_words.ONLY_FOR, language).format(audience_name(feed, language)))
    if entry.exercise:  # CAP 1.2 §3.2.1: the note names the exercise
        put(root, "note", f"{said(cap_words.EXERCISE, language)} {entry.incident}")
    put(root, "references", " ".join(_reference(each, feed) for each in before))
    put(root, "incidents", entry.incident)


def _reference(entry: FeedEntry, feed: Feed) -> str:
    return f"{_sender(entry, feed)},{_identifier(entry)},{when(entry.published_at, feed.timezone)}"
