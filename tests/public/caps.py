"""Feeds of entries for tests of CAP, and their alerts read back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent
from services.public.cap import cap_alerts
from services.public.documents import Feed
from services.store.feeds import FeedEntry
from tests.public.cap_reader import Alert, read
from tests.public.entries import AT, CONTENT, entry

URL = "https://crisis.example"


def feed(*entries: FeedEntry, audience: str = "public", **changes: Any) -> Feed:
    """All of these, newest first."""
    newest = sorted(entries, key=lambda each: (each.published_at, each.number), reverse=True)
    name = DEFAULT.audience(audience).names["nl"]
    plain: dict[str, Any] = {
        "audience": audience, "audience_name": name, "incident": None, "entries": newest, "centre": "Crisiscentrum",
        "public_url": URL, "configuration": DEFAULT,
    }  # fmt: skip
    return Feed(**plain | changes)


def told(
    number: int, kind: str = "alert", *, minutes: int = 0, content: dict[str, Any] | None = None, **changes: Any
) -> FeedEntry:
    """An entry of this kind, so many minutes after nine; `content` over that of `tests.public.entries`."""
    kept = MessageContent.model_validate(CONTENT | {"kind": kind} | (content or {})).model_dump(mode="json")
    at = AT + timedelta(minutes=minutes)
    named = {"published_at": at, "updated_at": at, "entry_id": f"tag:crisis.example,2026:{number}/public"}
    return entry(number, kind=kind, content=kept, **named | changes)


def documents(each: FeedEntry, among: Feed) -> dict[str, bytes]:
    """What is made of it, by path."""
    return {document.path: document.body for document in cap_alerts(among, each)}


def sent(each: FeedEntry, *others: FeedEntry, **changes: Any) -> Sequence[Alert]:
    """Its alert, and its Cancel if there is one, as they are read by a stranger."""
    audience = each.audience
    return [read(body) for body in documents(each, feed(each, *others, audience=audience, **changes)).values()]
