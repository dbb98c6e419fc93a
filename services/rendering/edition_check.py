"""Editions with all that one can hold, rendered once, so that a hole in a template shows before there is news."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle, islice
from typing import Final, get_args
from uuid import UUID

from services.domain.configuration import Configuration
from services.domain.edition_view import DateToCome, EditionView, Said, SaidPoint, Standing, Story
from services.domain.problems import Problem, Refused
from services.rendering.edition import render_edition
from services.rendering.edition_fit import BRIEF, FULL, TITLES
from services.rendering.mail_clients import lacking
from services.rendering.templates import Templates

_MOMENT: Final = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)
_ID: Final = "00000000-0000-7000-8000-000000000000"


def check_editions(templates: Templates, configuration: Configuration) -> list[Problem]:
    """What is missing or wrong for any audience, language, phase and standing, and what mail clients do not show."""
    problems: dict[Problem, None] = {}
    for view, whole in specimens(configuration):
        try:
            variant = render_edition(view, message_id=_ID, templates=templates, whole=whole)
        except Refused as refused:
            problems |= dict.fromkeys(refused.problems)
            continue
        if view.stories and not whole and view.language == configuration.languages[0]:  # words change no markup
            problems |= dict.fromkeys(_unshown(variant.html, templates))
    return list(problems)


def specimens(configuration: Configuration) -> Iterator[tuple[EditionView, bool]]:
    """Editions, each with whether it is to be whole.

    In every language one with everything, one too long for a mail, and a quiet day for each audience.
    """
    audiences = [audience for audience in configuration.audiences if "mail" in audience.channels]
    standings, phases = get_args(Standing), configuration.phase_ids
    pairs = islice(zip(cycle(phases), cycle(standings), strict=False), max(len(phases), len(standings)))
    stories = [_story(number, *pair) for number, pair in enumerate(pairs)]
    short = replace(stories[0], key_messages=(), unknown=(), actions=(), corrected=(), near=False)
    for language in configuration.languages:
        quiet = [
            EditionView("x", 1, date(2026, 11, 26), each.id, each.names[language], language, "", ())
            for each in audiences
        ]
        yield _with_all(quiet[0], stories), False
        yield _with_all(quiet[0], stories), True
        yield replace(quiet[0], stories=(short,) * (FULL + BRIEF + TITLES + 1)), False
        yield from ((each, False) for each in quiet)


def _with_all(quiet: EditionView, stories: Sequence[Story]) -> EditionView:
    return replace(
        quiet, province="x", stories=tuple(stories), opening=("x",), editorial=("x",), since=_MOMENT, late=True,
        dates=(DateToCome(_MOMENT, "x"),), exercise=True,
    )  # fmt: skip


def _story(number: int, phase: str, standing: Standing) -> Story:
    said = (Said("x", True),)
    return Story(
        incident="x", incident_title="x", phase=phase, phase_name="x", kind="update", standing=standing,
        message_id=UUID(int=number), title="x", told_at=_MOMENT, folded=2, key_messages=(SaidPoint("x", True, said),),
        unknown=said, actions=said, corrected=("x",), next_update_at=_MOMENT, places=("x",), near=not number,
    )  # fmt: skip


def _unshown(html: str, templates: Templates) -> Iterator[Problem]:
    place = templates.places["newsletter/edition.mjml.j2"]
    for lack in lacking(html):
        who = ", ".join(lack.clients) or "caniemail.com"
        remedy = "Leave it out, or see docs/newsletter-looks.md."
        yield Problem(place, f"Mail clients show {lack.what} badly or not at all: {who}.", remedy)
