"""Every page for people, made once in every language, so that a hole in a centre's own words shows before a crisis."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from services.domain.configuration import KINDS, Configuration
from services.domain.problems import Problem, Refused
from services.rendering.list_page import ListLinks, list_page
from services.rendering.message_page import Course, Links, message_page
from services.rendering.pages import feed_words, page_languages, style_sheet
from services.rendering.templates import Templates
from services.rendering.verify_page import answer_page, busy_page, form_page
from services.store.feeds import PUBLIC, FeedEntry
from services.store.verification import Verified

_ID = UUID("00000000-0000-7000-8000-000000000000")


def check_pages(templates: Templates, configuration: Configuration, at: datetime) -> Iterator[Problem]:
    """What is missing or wrong. `at`: any moment."""
    languages = dict.fromkeys([configuration.languages[0], *page_languages(templates)])
    makers: list[Callable[[], object]] = [partial(style_sheet, templates), *_lists(templates, configuration, at)]
    for language in languages:
        makers += _in(language, templates, configuration, at)
    for make in makers:
        try:
            make()
        except Refused as refused:
            yield from refused.problems


def _in(language: str, templates: Templates, configuration: Configuration, at: datetime) -> list[Callable[[], object]]:
    found = Verified("", _ID, PUBLIC, "alert", True, at, "x", at, _ID, at, "x", language)
    links = Links("", "", "x", "x", [("x", "x", "x")], str)
    entries = [_entry(language, kind, at) for kind in KINDS]
    before = replace(entries[0], html="<p>y</p><p>een twee drie vijf</p>", message_id=UUID(int=1))
    return [
        partial(form_page, templates, language),
        partial(busy_page, templates, language),
        partial(feed_words, templates, language),
        *(partial(answer_page, each, "0", templates, language, configuration) for each in (found, None)),
        partial(answer_page, None, "0" * 10, templates, language, configuration),
        *(partial(message_page, Course(each, before, before), links, templates, configuration) for each in entries),
    ]  # fmt: skip


def _lists(templates: Templates, configuration: Configuration, at: datetime) -> list[Callable[[], str]]:
    links = ListLinks("", "", [("x", "x", "x")], str, str, "x", "x")
    entries = [_entry(configuration.languages[0], "alert", at)]
    made = partial(list_page, entries, links, templates, configuration)
    return [partial(made, audience=each, incident=of, number=page) for each, of, page in _SHOWN]


_SHOWN = ((PUBLIC, None, None), ("x", None, 2), (PUBLIC, "x", None), ("x", "x", 2))


def _entry(language: str, kind: str, at: datetime) -> FeedEntry:
    corrects = UUID(int=1) if kind == "correction" else None
    return FeedEntry(
        message_id=_ID, number=1, audience=PUBLIC, incident="x", incident_title="x", incident_type=None, kind=kind,
        lane="urgent", phase="acute", exercise=True, content={"next_update_at": at.isoformat()}, corrects=corrects,
        expires_at=at, proof_hash="x", code="x", entry_id=None, language=language, title="x", summary="x",
        html="<p>x</p><p>een twee drie vier</p>", published_at=at, updated_at=at, put_right_by=_ID,
        put_right_title="x", withdrawn_at=at,
    )  # fmt: skip
