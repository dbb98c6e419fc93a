"""All that a template of an edition sees; docs/newsletter-looks.md lists it for those who write templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from babel.dates import format_date

from services.domain.edition_view import DateToCome, EditionView, Standing, Story
from services.domain.texts import one_line
from services.domain.variants import SLOTS, slot
from services.domain.verification import code_of
from services.rendering.context import mark_of
from services.rendering.dates import in_full
from services.rendering.edition_fit import Fit
from services.rendering.templates import Templates
from services.rendering.words import Word

PREVIEWED: Final = 4

_HEADLINES: Final = {
    "withdrawn": "withdrawal.title", "put-right": "kind.correction.subject", "over": "kind.all-clear.subject",
}  # fmt: skip
_ORDER: Final = get_args(Standing)


@dataclass(frozen=True, slots=True)
class Shown:
    """A story in its place. `number` counts from 1 through the whole edition; `full`: all of it, or briefly."""

    number: int
    full: bool
    story: Story


@dataclass(frozen=True, slots=True)
class Leaf:
    """A date to come, with its day and month as a leaf of a calendar has them."""

    at: datetime
    text: str
    language: str
    day: str
    month: str


@dataclass(frozen=True, slots=True)
class Region:
    """Stories under one heading."""

    heading: str
    stories: tuple[Shown, ...]


def edition_context(
    view: EditionView,
    *,
    message_id: str,
    templates: Templates,
    whole: bool,
    logo: str,
) -> dict[str, Any]:
    """What does not depend on how much of it is shown; `shown` adds that."""
    word = templates.words.of(view.language)
    slots, tally = {name: slot(name) for name in SLOTS}, _tally(view.stories, word)

    def when(moment: datetime | None) -> str:
        return in_full(moment, language=view.language, timezone=templates.timezone, word=word) if moment else ""

    return {
        "subject": mark_of(view.exercise, word) + _subject(view, templates, word),
        "view": view,
        "stories": len(view.stories),
        "day": format_date(view.date, word("date.day"), locale=view.language),
        "since": when(view.since),
        "tally": tally,
        "preview": _preview(view, tally, word),
        "because": templates.words.because(view.audience, view.language, slot=slots),
        "language": view.language,
        "exercise": view.exercise,
        "whole": whole,
        "code": code_of(message_id, view.audience),
        "logo": logo,
        "message_id": message_id,
        "centre": templates.centre,
        "slot": slots,
        "when": when,
        "word": word,
    }


def shown(view: EditionView, fit: Fit, templates: Templates) -> dict[str, Any]:
    """The stories, dates and paragraphs that fit, and how many do not."""
    word, timezone = templates.words.of(view.language), ZoneInfo(templates.timezone)
    until = fit.full + fit.brief
    placed = [Shown(number, number <= fit.full, story) for number, story in enumerate(view.stories[:until], 1)]
    titled = [Shown(number, False, story) for number, story in enumerate(view.stories[until:], until + 1)]
    return {
        "regions": _regions(placed, view.province, word),
        "listed": (placed + titled)[: fit.listed],
        "told": until,
        "titles": [each.story for each in titled[: fit.titles]],
        "more": len(titled[fit.titles :]),
        "opening": view.opening[: fit.opening],
        "editorial": view.editorial[: fit.editorial],
        "dates": [_leaf(each, view.language, timezone) for each in view.dates[: fit.dates]],
        "shortened": fit.full < len(view.stories),
        "text_cut": fit.opening < len(view.opening) or fit.editorial < len(view.editorial),
        "dates_cut": fit.dates < len(view.dates),
    }


def _regions(placed: Sequence[Shown], province: str, word: Word) -> list[Region]:
    """Under one heading, unless the reader's own province comes first."""
    if not any(each.story.near for each in placed):
        return [Region(word("edition.stories"), tuple(placed))] if placed else []
    headings = {True: word("edition.near", province=province), False: word("edition.elsewhere")}
    return [Region(headings[near], tuple(found)) for near, found in groupby(placed, lambda each: each.story.near)]


def _leaf(each: DateToCome, language: str, timezone: ZoneInfo) -> Leaf:
    local = each.at.astimezone(timezone).date()
    month = format_date(local, "MMM", locale=language).rstrip(".")
    return Leaf(each.at, each.text, each.language, str(local.day), month)


def _preview(view: EditionView, tally: str, word: Word) -> str:
    """What a list of mails shows after the subject, which has the first title already."""
    if not view.stories:
        return "".join(view.editorial[:1]) or word("edition.quiet")
    return ". ".join((tally, *(_headline(story, word) for story in view.stories[1:PREVIEWED])))


def _subject(view: EditionView, templates: Templates, word: Word) -> str:
    context = {
        "view": view,
        "day": format_date(view.date, word("edition.day"), locale=view.language),
        "titles": [_headline(story, word) for story in view.stories],
        "word": word,
    }
    return one_line(templates.text.get_template("newsletter/subject.txt.j2").render(context))


def _headline(story: Story, word: Word) -> str:
    """Its title, where no badge stands beside it: what was withdrawn must not be read as true.

    A notice has such a title already.
    """
    key = _HEADLINES.get(story.standing, "")
    if not key or story.title.startswith(word(key, title="").strip()):
        return story.title
    return word(key, title=story.title)


def _tally(stories: Sequence[Story], word: Word) -> str:
    """`2 nieuw, 1 bijgewerkt en 1 rechtgezet`."""
    counts = [(each, sum(story.standing == each for story in stories)) for each in _ORDER]
    said = [word(f"edition.tally.{each}", count=count) for each, count in counts if count]
    if len(said) < 2:
        return "".join(said)
    return f"{', '.join(said[:-1])} {word('edition.and')} {said[-1]}"
