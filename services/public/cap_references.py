"""Which earlier alerts an alert refers to: only such as the reader of the same feed can see.

What becomes of those later (withdrawn, put right, over) changes nothing here: an alert stays as it was sent.
"""

from collections.abc import Sequence
from typing import Final

from services.store.feeds import FeedEntry

REFERENCES: Final = 50
"""The most that one alert names, the latest: a crisis of months would make every alert a list."""


def earlier(entry: FeedEntry, entries: Sequence[FeedEntry]) -> Sequence[FeedEntry]:
    """What this one takes the place of, oldest first; it is an Update if there is any, else an Alert.

    `entries`: all of its incident in the same feed. A correction takes the place of what it puts right; an update and
    an all-clear of all that was in force.
    """
    before = sorted((each for each in entries if _sent(each) < _sent(entry)), key=_sent)
    if entry.kind == "alert":
        return ()
    found = _put_right(entry, before) if entry.kind == "correction" else _in_force(entry, before)
    return found[-REFERENCES:]


def _put_right(entry: FeedEntry, before: Sequence[FeedEntry]) -> list[FeedEntry]:
    """The original; and if that was a correction itself, what that put right."""
    known = {each.message_id: each for each in before}
    found: list[FeedEntry] = []
    while entry.corrects is not None and (original := known.pop(entry.corrects, None)):
        found.insert(0, original)
        entry = original
    return found


def _in_force(entry: FeedEntry, before: Sequence[FeedEntry]) -> list[FeedEntry]:
    """All that were so when this one was sent, from the last all-clear on."""
    ends = [place for place, each in enumerate(before) if each.kind == "all-clear"]
    return [each for each in before[ends[-1] if ends else 0 :] if not _ended(each, entry)]


def _ended(each: FeedEntry, entry: FeedEntry) -> bool:
    ends = (each.expires_at, each.withdrawn_at)
    return any(end is not None and end <= entry.published_at for end in ends)


def _sent(entry: FeedEntry) -> tuple[object, int]:
    return entry.published_at, entry.number
