"""How a message stands among people, by audience and by province: added up from what its batches come to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from services.domain.states import OPEN, State
from services.store.by_batch import Part
from services.store.confirmations import Tallies, Tally

By = Literal["audience", "province"]


@dataclass(frozen=True, slots=True)
class Share:
    """Copies to the people of one audience or province; `asked` and `confirmed` count contacts, 0 when nobody is asked.

    `open`: still to be sent; `failed`: it did not arrive, or nobody knows, or there was no address.
    """

    by: By
    name: str
    open: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    asked: int = 0
    confirmed: int = 0

    @property
    def not_yet(self) -> int:
        """For how many something is still to be done: sending it, or hearing that they know."""
        return max(self.open + self.failed, self.asked - self.confirmed)


def breakdown(parts: Iterable[Part], tallies: Tallies | None = None) -> Sequence[Share]:
    """Audiences, then provinces ('' is none); in each those first of whom most is not done."""
    counts: dict[tuple[By, str], Counter[str]] = defaultdict(Counter)
    for part in parts:
        word = "open" if part.state in OPEN else _WORDS.get(part.state, "failed")
        counts["audience", part.audience][word] += part.contacts
        counts["province", part.province][word] += part.contacts
    found = [Share(by, name, **each) for (by, name), each in counts.items()]
    if tallies is not None:
        found = [_told(share, tallies) for share in found]
    return sorted(found, key=lambda each: (each.by, -each.not_yet, each.name))


def _told(share: Share, tallies: Tallies) -> Share:
    known = tallies.by_audience if share.by == "audience" else tallies.by_province
    tally = known.get(share.name, Tally(0, 0))
    return replace(share, asked=tally.asked, confirmed=tally.confirmed)


_WORDS: Final[Mapping[State, str]] = {State.ACCEPTED: "accepted", State.DELIVERED: "delivered"}
