"""A page of a feed for people: the latest messages by incident and by moment, an incident's timeline, the archives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from services.domain.configuration import Configuration
from services.rendering.dates import day_in_full
from services.rendering.entry_card import card
from services.rendering.pages import page, page_words
from services.rendering.templates import Templates
from services.store.feeds import PUBLIC, FeedEntry


@dataclass(frozen=True, slots=True)
class ListLinks:
    """Where things are, seen from the page. `older`, `newer`: the pages beside it, '' for none."""

    site: str
    home: str
    feeds: Sequence[tuple[str, str, str]]
    message: Callable[[Any], str]
    incident: Callable[[str], str]
    older: str = ""
    newer: str = ""


def list_page(
    entries: Sequence[FeedEntry],
    links: ListLinks,
    templates: Templates,
    configuration: Configuration,
    *,
    audience: str,
    incident: str | None = None,
    number: int | None = None,
) -> str:
    """`entries` newest first. `incident`: its slug, for its timeline. `number`: an archive's; None: the current one."""
    language = configuration.languages[0]
    say = page_words(templates, language)
    names = {each.id: each.names.get(language, each.id) for each in configuration.audiences}
    cards = [card(each, templates, configuration, language, links.message(each.message_id)) for each in entries]
    title = say("list.title")
    if incident is not None:
        title = cards[0]["incident_title"] if cards else incident
    if number is not None:
        title = say("incident.archive" if incident else "list.archive", title=title, page=number)
    return page(
        "list", templates, language=language, site=links.site, home=links.home, closed=audience != PUBLIC,
        here="list" if incident is None and number is None else "", title=title, links=links, incident=incident,
        lead=say("list.lead" if audience == PUBLIC else "list.lead_closed", audience=names.get(audience, audience)),
        days=_days(cards, templates, language), running=_running(cards, links) if number is None else [],
        about=_about(entries, configuration, language) if incident else [], number=number,
        exercise=bool(entries) and all(each.exercise for each in entries) and incident is not None,
    )  # fmt: skip


def _days(cards: Sequence[dict[str, Any]], templates: Templates, language: str) -> list[dict[str, Any]]:
    word = templates.words.of(language)
    return [
        {"name": day_in_full(day, language=language, word=word), "day": day.isoformat(), "cards": list(of_day)}
        for day, of_day in groupby(cards, key=lambda each: each["day"])
    ]


def _running(cards: Sequence[dict[str, Any]], links: ListLinks) -> list[dict[str, Any]]:
    """Each incident with its latest message, the one with the latest news first."""
    incidents: dict[str, list[dict[str, Any]]] = {}
    for each in cards:
        incidents.setdefault(each["incident"], []).append(each)
    return [
        {"title": of[0]["incident_title"], "href": links.incident(slug), "latest": _in_force(of)}
        for slug, of in incidents.items()
    ]


def _in_force(cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The latest that still holds; if none does, the latest."""
    return next((each for each in cards if not each["withdrawn"] and not each["put_right"]), cards[0])


def _about(entries: Sequence[FeedEntry], configuration: Configuration, language: str) -> list[str]:
    """Type and phase of an incident, as its latest message has them."""
    if not entries:
        return []
    latest = entries[0]
    types = {each.id: each.names.get(language, each.id) for each in configuration.types}
    phases = {each.id: each.names.get(language, each.id) for each in configuration.phases}
    found = [types.get(latest.incident_type or "", ""), phases.get(latest.phase, latest.phase)]
    return [each for each in found if each]
