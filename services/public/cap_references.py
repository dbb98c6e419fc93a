"""Which earlier alerts an alert refers to: only such as the reader of the same feed can see.

What becomes of those later (withdrawn, put right, over) changes nothing here: an alert stays as it was sent.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from services.store.feeds import FeedEntry, age

REFERENCES: Final = 20
"""So far back an alert looks: a crisis of months would make every one a list. Those before were referred to before."""


def earlier(entry: FeedEntry, entries: Sequence[FeedEntry]) -> Sequence[FeedEntry]:
    """What this one takes the place of, oldest first; it is an Update if there is any, else an Alert.

    `entries`: all of its incident in the same feed, newest first. A correction takes the place of what it puts right;
    an update and an all-clear of all that was in force.
    """
    if entry.kind == "alert":
        return ()
    before = entries[bisect_right(entries, age(entry), key=age) :]
    return (_put_right(entry, before) if entry.kind == "correction" else _in_force(entry, before))[::-1]


def _put_right(entry: FeedEntry, before: Sequence[FeedEntry]) -> list[FeedEntry]:
    """The original; and if that was a correction itself, what that put right."""
    found: list[FeedEntry] = []
    wanted = entry.corrects
    for each in before:
        if each.message_id == wanted:
            found.append(each)
            wanted = each.corrects
    return found


def _in_force(entry: FeedEntry, before: Sequence[FeedEntry]) -> list[FeedEntry]:
    """All that were so when this one was sent, back to the last all-clear."""
    found: list[FeedEntry] = []
    for each in before[:REFERENCES]:
        ends = (each.expires_at, each.withdrawn_at)
        if not any(end is not None and end <= entry.published_at for end in ends):
            found.append(each)
        if each.kind == "all-clear":
            break
    return found
