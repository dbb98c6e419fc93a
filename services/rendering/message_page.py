"""The page of one message in a feed: what it says, what is asked, what changed, and what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from services.domain.changed_lines import ChangedLines, changed_lines
from services.domain.configuration import Configuration
from services.rendering.entry_body import body_of, lines_of
from services.rendering.entry_card import card
from services.rendering.pages import moment_said, page, page_language, page_words
from services.rendering.templates import Templates
from services.store.feeds import PUBLIC, FeedEntry


@dataclass(frozen=True, slots=True)
class Links:
    """Where things are, seen from the page. `feeds`: media type, name and address of those of its incident."""

    site: str
    home: str
    incident: str
    cap: str
    feeds: Sequence[tuple[str, str, str]]
    message: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Course:
    """An entry in the course of its incident.

    `before`: the one with which it is compared: what it puts right, else the one before it. `newer`: the one after it.
    """

    entry: FeedEntry
    before: FeedEntry | None
    newer: FeedEntry | None


def message_page(course: Course, links: Links, templates: Templates, configuration: Configuration) -> str:
    """The page. Raises Refused, with file and line, for a template or a word that a centre's own lack."""
    entry, before = course.entry, course.before
    language = page_language(templates, entry.language, configuration)
    say, when = page_words(templates, language), partial(moment_said, templates=templates, language=language)
    puts_right = before is not None and entry.corrects == before.message_id
    found = ChangedLines()
    if before:
        found = changed_lines(lines_of(before.html, _NO_NEWS), lines_of(entry.html, _NO_NEWS))
    new, reworded = set(found.new), {each.line for each in found.reworded}

    def mark(line: str) -> str:
        return say("changed.new") if line in new else say("changed.changed") if line in reworded else ""

    return page(
        "message", templates, language=language, site=links.site, home=links.home, closed=entry.audience != PUBLIC,
        title=entry.title, entry=card(entry, templates, configuration, language),
        body=body_of(entry.html, mark, _SAID if puts_right else ()),
        incident={"title": entry.incident_title or entry.incident, "href": links.incident},
        facts=_facts(entry, configuration, language, when, say), links=links,
        withdrawn=when(entry.withdrawn_at), put_right=_put_right(entry, links), found=found,
        before=_other(before, links, when), newer=_newer(course, links, when), corrects=puts_right,
        code=entry.code, reference=f"{entry.incident} {entry.message_id}",
    )  # fmt: skip


_NO_NEWS: Final = ("intro", "wrong")
"""What a message says of another, or of itself; only what it says of the incident is compared."""
_SAID: Final = ("intro",)
"""What the page of a correction says itself, with a link."""


def _facts(
    entry: FeedEntry, configuration: Configuration, language: str, when: Callable[[datetime | None], str], say: Any
) -> list[dict[str, str]]:
    """What stands beside the title: what, in words, and the moment as a machine reads it."""
    next_update = entry.content.get("next_update_at")
    promised = datetime.fromisoformat(next_update) if isinstance(next_update, str) else None
    names = {each.id: each.names.get(language, each.id) for each in configuration.phases}
    area = [str(each) for each in entry.content.get("area") or ()]
    facts = [
        ("sent", when(entry.published_at), entry.published_at),
        ("next", when(promised), promised),
        ("until", when(entry.expires_at), entry.expires_at),
        ("phase", names.get(entry.phase, entry.phase), None),
        ("area", ", ".join(area) or say("message.area_all"), None),
    ]
    return [
        {"name": name, "what": say(f"message.{name}"), "value": value, "moment": moment.isoformat() if moment else ""}
        for name, value, moment in facts
        if value
    ]


def _put_right(entry: FeedEntry, links: Links) -> dict[str, str] | None:
    if entry.put_right_by is None:
        return None
    return {"title": entry.put_right_title or "", "href": links.message(entry.put_right_by)}


def _newer(course: Course, links: Links, when: Callable[[datetime | None], str]) -> dict[str, str] | None:
    """Its correction is said already."""
    newer = course.newer
    return None if newer and newer.message_id == course.entry.put_right_by else _other(newer, links, when)


def _other(other: FeedEntry | None, links: Links, when: Callable[[datetime | None], str]) -> dict[str, str] | None:
    if other is None:
        return None
    href = links.message(other.message_id)
    return {"title": other.title, "language": other.language, "href": href, "when": when(other.published_at)}
