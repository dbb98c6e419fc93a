"""Which entries `public` knows of, by audience: what it saw at its looks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from services.store.feed_index import IndexEntry, Look

Touched = Mapping[str, set[str]]
"""The incidents of which something changed, by audience."""


class Known:
    """All entries, a few bytes each."""

    def __init__(self) -> None:
        self._entries: defaultdict[str, dict[int, IndexEntry]] = defaultdict(dict)

    def forget(self) -> None:
        """Know nothing any more."""
        self._entries.clear()

    def misses_some(self, look: Look) -> bool:
        """Whether some that are known are there no more: a look at changes does not say which."""
        new = {(each.audience, each.number) for each in look.changed if each.number not in self._entries[each.audience]}
        return sum(map(len, self._entries.values())) + len(new) != look.total

    def take(self, look: Look) -> Touched:
        """Know what was found; what of it is not as it was."""
        touched: defaultdict[str, set[str]] = defaultdict(set)
        for each in look.changed:
            known = self._entries[each.audience]
            if known.get(each.number) != each:
                known[each.number] = each
                touched[each.audience].add(each.incident)
        return touched

    def shown(self, audience: str) -> Sequence[IndexEntry]:
        """What may be seen in an audience's feed."""
        return [each for each in self._entries[audience].values() if not each.hidden]
