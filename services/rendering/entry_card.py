"""An entry of a feed in a few lines, as a list, a timeline and the head of its own page show it."""

from typing import Any, Final

from services.domain.configuration import Configuration
from services.rendering.dates import clock, local_time
from services.rendering.pages import moment_said, page_language
from services.rendering.templates import Templates
from services.store.feeds import FeedEntry

_BADGES: Final = ("alert", "update", "correction", "all-clear")


def card(
    entry: FeedEntry, templates: Templates, configuration: Configuration, language: str, href: str = ""
) -> dict[str, Any]:
    """`language` is that of the page; kind and marks are said in it, title and summary stay as they are."""
    word = templates.words.of(language)
    local = local_time(entry.published_at, templates.timezone)
    return {
        "href": href,
        "title": entry.title,
        "summary": entry.summary,
        "language": page_language(templates, entry.language, configuration),
        "kind": entry.kind if entry.kind in _BADGES else "other",
        "kind_name": word(f"kind.{entry.kind}.label") if entry.kind in _BADGES else "",
        "urgent": entry.lane == "urgent" and entry.kind != "all-clear",
        "exercise": entry.exercise,
        "withdrawn": entry.withdrawn_at is not None,
        "put_right": entry.put_right_by is not None,
        "day": local.date(),
        "clock": clock(local, word),
        "moment": entry.published_at.isoformat(),
        "when": moment_said(entry.published_at, templates, language),
        "incident": entry.incident,
        "incident_title": entry.incident_title or entry.incident,
    }
