"""How much of an edition a mail shows: the first stories in full, then briefly, then titles, then how many more.

Gmail shows the first 102 kB of a mail's HTML and hides the rest behind a link, with the way to unsubscribe in it.
Google names no figure; 102 kB is what senders measure (https://github.com/hteumeuleu/email-bugs/issues/41). We count
the strictest way: the bytes of the HTML part as it is sent, quoted-printable, each slot filled with the longest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import escape

from services.domain.edition_view import EditionView, Said, Story
from services.domain.variants import SLOT

LIMIT: Final = 100_000
"""Bytes of the HTML part, quoted-printable."""

FULL: Final = 12  # more than that nobody reads in one mail
BRIEF: Final = 20
TITLES: Final = 60
LISTED: Final = 12  # titles under "in brief"

_OPENING: Final = 8_000  # bytes for the texts above the stories, so that nothing of these can push all of those out
_EDITORIAL: Final = 24_000
_DATES: Final = 12_000
_SLOT: Final = {"READER": 480}  # an address of ours, with the longest that ROELAND_PUBLIC_URL may be
_NAME: Final = 600  # a hundred letters that take two bytes

# Bytes of markup around the texts of a story, and around one of them; measured, and rounded up.
_STORY: Final = 2_800
_BRIEF: Final = 1_900
_TITLE: Final = 90
_TEXT: Final = 110
_MARK: Final = 220  # that it is new
_FRAME: Final = 20_000
_TRIES: Final = 12

_ESCAPED: Final = bytes(byte for byte in range(32, 127) if byte != 61)  # what quoted-printable leaves as it is


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
    most = _capped(view)
    if _estimate(view, most) <= LIMIT and size(html := made(most)) <= LIMIT:
        return html
    room = (
        (LIMIT - size(made(replace(most, full=0, brief=0, titles=0)))) * 5 // 4
    )  # more than there is: estimates are high
    for _ in range(_TRIES):
        html = made(_within(room, view.stories, most))
        if (over := size(html) - LIMIT) <= 0:
            return html
        room -= max(over, room // 12) + _TEXT
    return made(replace(most, full=0, brief=0, titles=0, listed=0))


def size(html: str) -> int:
    """Bytes that an HTML part takes at most, as `LIMIT` counts them."""
    filled = sum(_SLOT.get(found[1], _NAME) for found in SLOT.finditer(html))
    return _bytes(html) + filled


def _bytes(text: str) -> int:
    """Of text as quoted-printable: three for what is not ASCII, three to break a line, six for its ends. At most."""
    encoded = text.encode()
    plain = len(encoded) + 2 * len(encoded.translate(None, _ESCAPED))
    return plain + 3 * (plain // 73) + 6 * encoded.count(b"\n")


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


def _estimate(view: EditionView, fit: Fit) -> int:
    full, brief = view.stories[: fit.full], view.stories[fit.full : fit.full + fit.brief]
    titles = view.stories[fit.full + fit.brief : fit.full + fit.brief + fit.titles]
    above = [*view.opening[: fit.opening], *view.editorial[: fit.editorial]]
    return _FRAME + sum(map(_all_of, full)) + sum(map(_brief_of, brief)) + sum(map(_title_of, titles)) + _texts(above)


def _within(room: int, stories: Sequence[Story], most: Fit) -> Fit:
    """The fullest that these bytes hold, by estimate.

    What is told in full gets at least half, and the first story all that it needs; what is told briefly at least half
    of what is left then, and titles the rest.
    """
    brief, titles = stories[most.full : most.full + most.brief], stories[most.full + most.brief :][: most.titles]
    rest = sum(map(_brief_of, brief)) + sum(map(_title_of, titles))
    first = min(room, sum(map(_all_of, stories[:1])))
    full = _many(stories[: most.full], max(room // 2, room - rest, first), _all_of)
    room -= sum(map(_all_of, stories[:full]))
    after = stories[full:]
    told = _many(after[: most.full - full + most.brief], max(room // 2, room - sum(map(_title_of, titles))), _brief_of)
    room -= sum(map(_brief_of, after[:told]))
    return replace(most, full=full, brief=told, titles=_many(after[told : told + most.titles], room, _title_of))


def _many(stories: Sequence[Story], room: int, cost: Callable[[Story], int]) -> int:
    for number, story in enumerate(stories):
        room -= cost(story)
        if room < 0:
            return number
    return len(stories)


def _all_of(story: Story) -> int:
    points = [Said(point.text, point.new) for point in story.key_messages]
    said = [*points, *(fact for point in story.key_messages for fact in point.facts), *story.unknown, *story.actions]
    marks = sum(each.new for each in said) if story.standing != "new" else 0
    texts = [story.title, story.incident_title, *(each.text for each in said), *story.corrected, *story.places]
    return _STORY + marks * _MARK + _texts(texts)


def _brief_of(story: Story) -> int:
    return _BRIEF + _texts([story.title, *(each.text for each in story.key_messages[:1])])


def _title_of(story: Story) -> int:
    return _TITLE + _bytes(str(escape(story.title)))


def _texts(texts: Iterable[str]) -> int:
    return sum(_TEXT + _bytes(str(escape(text))) for text in texts)


def _first(texts: Sequence[str], room: int) -> int:
    for number, text in enumerate(texts):
        room -= _texts([text])
        if room < 0:
            return number
    return len(texts)
