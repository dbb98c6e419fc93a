"""CAP 1.2 (OASIS, July 2010): each message as an alert for machines, and a feed of them. docs/cap.md has the choices.

An alert never changes once it is sent: what became of a message is said by a later alert that refers to it. So a
message that was withdrawn has two, the second of which is its Cancel.
"""

from collections.abc import Iterator

from services.public.atom import written
from services.public.cap_alert import ALERT_TYPE, alerts_of
from services.public.cap_feed import FEED_TYPE, feed_of
from services.public.cap_xml import document
from services.public.documents import Document, Feed, feed_path
from services.store.feeds import FeedEntry


def cap_alerts(feed: Feed, entry: FeedEntry) -> Iterator[Document]:
    """What was sent about an entry. `feed`: with all entries of its incident."""
    for alert in alerts_of(entry, feed):
        yield Document(alert.path, ALERT_TYPE, document(alert.element), alert.sent)


def cap_feed(feed: Feed) -> Iterator[Document]:
    """What alerts there are, the latest first. Machines want what holds now: there are no archives of it."""
    if feed.page is None:
        root = feed_of([alert for entry in feed.entries for alert in alerts_of(entry, feed)], feed)
        yield Document(feed_path(feed, "cap"), FEED_TYPE, written(root, feed, "cap"), feed.modified)
