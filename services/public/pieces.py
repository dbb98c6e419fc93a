"""What the newsfeed is built of, piece by piece, so that a change makes anew what shows it, and nothing else. Pure.

A piece is a page of a feed (of an audience, or of one incident in it), or one entry. Its signature is what it shows;
what is built with another one is made anew. A full rebuild is nothing else: then every piece is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from services.store.feed_index import IndexEntry

ON_A_PAGE: Final = 50

NEVER: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Piece:
    """`entry`: the number of the one that it is about, else None and it is a page of the feed.

    `numbers`: what it shows; for an entry all of its incident, newest first. `weight`: the smaller, the sooner made.
    """

    audience: str
    incident: str | None
    entry: int | None
    page: int | None
    older: int | None
    newer: int | None
    numbers: Sequence[int]
    signature: str
    weight: tuple[float, ...]

    @property
    def key(self) -> str:
        """Its name, in all copies and after each restart."""
        return f"{self.audience}/{self.incident or ''}/{self.entry or ''}/{self.page or ''}"


Pieces = Mapping[str, Piece]
"""By their keys."""


def pieces(
    audience: str, entries: Iterable[IndexEntry], *, before: Pieces | None = None, changed: Collection[str] = ()
) -> Pieces:
    """All that an audience's feed is built of.

    `before`: what it was built of when nothing but entries of these incidents was other than now; that saves the rest.
    """
    newest_first = sorted(entries, key=lambda each: (each.published_at, each.number), reverse=True)
    incidents: defaultdict[str, list[IndexEntry]] = defaultdict(list)
    for each in newest_first:
        if before is None or each.incident in changed:
            incidents[each.incident].append(each)
    made = list(_pages(audience, None, newest_first))
    for incident, of_incident in incidents.items():
        made += _pages(audience, incident, of_incident)
        made += _each_entry(audience, incident, of_incident)
    same = {key: each for key, each in (before or {}).items() if each.incident and each.incident not in changed}
    return same | {each.key: each for each in made}


def archives(entries: int) -> int:
    """How many archives there are of a feed with so many entries: full pages, with all that the current one lacks."""
    return -(-max(0, entries - ON_A_PAGE) // ON_A_PAGE)


def _pages(audience: str, incident: str | None, entries: Sequence[IndexEntry]) -> Iterator[Piece]:
    """The current page and the archives; an archive is counted from the oldest, so that it stays what it is."""
    last, oldest_first = archives(len(entries)), entries[::-1]
    yield _page(audience, incident, None, _current(entries), older=last or None)
    for page in range(1, last + 1):
        shown = oldest_first[(page - 1) * ON_A_PAGE : page * ON_A_PAGE][::-1]
        newer = page + 1 if page < last else None
        yield _page(audience, incident, page, shown, older=page - 1 or None, newer=newer)


def _current(entries: Sequence[IndexEntry]) -> Sequence[IndexEntry]:
    """The latest, and what was put right or withdrawn later than these: who reads the current page alone hears of it.

    It stands in its archive as well; whichever has the later date is to be believed (RFC 5005 §4).
    """
    latest, earlier = entries[:ON_A_PAGE], entries[ON_A_PAGE:]
    changed = [each for each in earlier if latest[-1].published_at < each.updated_at != each.published_at]
    return [*latest, *changed[:ON_A_PAGE]]


def _page(
    audience: str,
    incident: str | None,
    page: int | None,
    shown: Sequence[IndexEntry],
    *,
    older: int | None,
    newer: int | None = None,
) -> Piece:
    signature = _signature([older, newer, *((each.number, each.version) for each in shown)])
    rank = (3 if incident is None else 4) if page else (0 if incident is None else 1)
    newest = _age(shown[0].published_at) if shown else NEVER
    return Piece(
        audience, incident, None, page, older, newer, [each.number for each in shown], signature, (rank, newest)
    )


def _each_entry(audience: str, incident: str, entries: Sequence[IndexEntry]) -> Iterator[Piece]:
    """One for each, which changes with what it corrects, with what corrects it, and when another comes after it."""
    by_number = {each.number: each for each in entries}
    beside: defaultdict[int, list[IndexEntry]] = defaultdict(list)
    for each in entries:
        if each.corrects in by_number:
            beside[each.number].append(by_number[each.corrects])
            beside[each.corrects].append(each)
    numbers = list(by_number)
    for newer, each in zip([None, *numbers], entries, strict=False):
        shown = [each, *sorted(beside[each.number], key=lambda other: other.number)]
        signature = _signature([newer, *((other.number, other.version) for other in shown)])
        weight = (2, _age(entries[0].published_at), _age(each.published_at))  # an incident's together: read once
        yield Piece(audience, incident, each.number, None, None, None, numbers, signature, weight)


def _age(published_at: datetime) -> float:
    """Smaller for what is newer."""
    return -published_at.timestamp()


def _signature(shown: Sequence[object]) -> str:
    return sha256(repr(shown).encode()).hexdigest()[:16]
