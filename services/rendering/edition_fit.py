"""How much of an edition a mail shows: the first stories in full, then briefly, then titles, then how many more.

Gmail shows the first 102 kB of a mail's HTML and hides the rest behind a link, with the way to unsubscribe in it.
Google names no figure; 102 kB is what senders measure (https://github.com/hteumeuleu/email-bugs/issues/41). We count
the strictest way: the bytes of the HTML part as it is sent, quoted-printable, each slot filled with the longest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.domain.edition_view import EditionView, Story
from services.domain.variants import SLOT
from services.rendering.encoding import qp_text

LIMIT: Final = 100_000
"""Bytes of the HTML part, quoted-printable."""

FULL: Final = 12  # more than that nobody reads in one mail
BRIEF: Final = 20
TITLES: Final = 60
LISTED: Final = 12  # titles under "in brief"

_OPENING: Final = 8_000  # bytes for the texts above the stories, so that nothing of these can push all of those out
_EDITORIAL: Final = 24_000
_DATES: Final = 12_000
_SLOT: Final = {"READER": "r" * 480}  # an address of ours
_NAME: Final = "é" * 100

_STORY: Final = 2_200  # bytes of markup around the texts of a story, and of one text in it; measured, and rounded up
_TEXT: Final = 220
_TRIES: Final = 12


@dataclass(frozen=True, slots=True)
class Fit:
    """How many stories stand in full, briefly, as a title; how many paragraphs of the rest. What is over, is told."""

    full: int
    brief: int
    titles: int
    listed: int
    opening: int
    editorial: int
    dates: int


def everything(view: EditionView) -> Fit:
    """All of it in full: for a page, which nobody cuts."""
    stories = len(view.stories)
    return Fit(stories, 0, 0, stories, len(view.opening), len(view.editorial), len(view.dates))


def fitting(view: EditionView, made: Callable[[Fit], str]) -> str:
    """What `made` makes of the fullest fit that stays under the limit. `made` gives the HTML, slots unfilled."""
    start = _capped(view)
    html = made(start)
    if size(html) <= LIMIT:
        return html
    frame = size(made(replace(start, full=0, brief=0, titles=0)))
    room = LIMIT - frame
    for _ in range(_TRIES):
        html = made(_within(room, view.stories, start))
        if (over := size(html) - LIMIT) <= 0:
            return html
        room -= over + _TEXT
    return made(replace(start, full=0, brief=0, titles=0, listed=0))


def size(html: str) -> int:
    """Bytes that an HTML part takes, as `LIMIT` counts them."""
    return len(qp_text(SLOT.sub(lambda found: _SLOT.get(found[1], _NAME), html)))


def _capped(view: EditionView) -> Fit:
    stories = len(view.stories)
    full = min(stories, FULL)
    brief = min(stories - full, BRIEF)
    return Fit(
        full=full,
        brief=brief,
        titles=min(stories - full - brief, TITLES),
        listed=min(stories, LISTED),
        opening=_first(view.opening, _OPENING),
        editorial=_first(view.editorial, _EDITORIAL),
        dates=_first([each.text for each in view.dates], _DATES),
    )


def _within(room: int, stories: Sequence[Story], most: Fit) -> Fit:
    """The fullest that these bytes hold, by estimate: titles and brief stories keep a quarter each, if any."""
    left = room
    full = _many(stories[: most.full], left * (4 - bool(most.brief) - bool(most.titles)) // 4, _all_of)
    left -= sum(map(_all_of, stories[:full]))
    rest = stories[full:]
    brief = _many(rest[: most.brief + most.full - full], left // (1 + bool(most.titles)), _brief_of)
    left -= sum(map(_brief_of, rest[:brief]))
    titles = _many(rest[brief : brief + most.titles], left, _title_of)
    listed = most.listed if full + brief else 0
    return replace(most, full=full, brief=brief, titles=titles, listed=listed)


def _many(stories: Sequence[Story], room: int, cost: Callable[[Story], int]) -> int:
    for number, story in enumerate(stories):
        room -= cost(story)
        if room < 0:
            return number
    return len(stories)


def _all_of(story: Story) -> int:
    points = [text for point in story.key_messages for text in (point.text, *(fact.text for fact in point.facts))]
    said = [each.text for each in (*story.unknown, *story.actions)]
    texts = [story.title, story.title, story.incident_title, *points, *said, *story.corrected, *story.places]
    return _STORY + sum(len(qp_text(text)) + _TEXT for text in texts)


def _brief_of(story: Story) -> int:
    return _STORY // 2 + len(qp_text(story.title)) + sum(len(qp_text(each.text)) for each in story.key_messages[:1])


def _title_of(story: Story) -> int:
    return _TEXT + len(qp_text(story.title))


def _first(texts: Sequence[str], room: int) -> int:
    for number, text in enumerate(texts):
        room -= len(qp_text(text)) + _TEXT
        if room < 0:
            return number
    return len(texts)
