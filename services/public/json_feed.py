"""A page of a feed as JSON Feed 1.1 (jsonfeed.org). Pure: equal entries, equal bytes.

What JSON Feed has no word for is in `_roeland`: the incident, the kind, and which message a correction puts right.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from services.public.atom import moment
from services.public.documents import Document, Feed, feed_path
from services.public.entry_text import entry_id, html_of, page_of, plain, summary_of, title_of
from services.public.feed_head import alert_of, language_of, links_of, title_of_feed
from services.store.feeds import FeedEntry

MEDIA_TYPE: Final = "application/feed+json"
VERSION: Final = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed) -> Iterator[Document]:
    """The page, its entries in the order given; `next_url` leads to what is older."""
    links = {link["rel"]: link["href"] for link in links_of(feed, "json", MEDIA_TYPE)}
    older = {"next_url": links["prev-archive"]} if "prev-archive" in links else {}
    hubs = {"hubs": [{"type": "WebSub", "url": links["hub"]}]} if "hub" in links else {}
    shown = {
        "version": VERSION,
        "title": title_of_feed(feed),
        "home_page_url": links["alternate"],
        "feed_url": links["self"],
        **older,
        **hubs,
        "language": language_of(feed),
        "authors": [{"name": plain(feed.centre)}],
        "items": [_item(feed, entry) for entry in feed.entries],
    }
    body = json.dumps(shown, ensure_ascii=False, indent=1).encode() + b"\n"
    yield Document(feed_path(feed, "json"), MEDIA_TYPE, body, feed.modified)


def _item(feed: Feed, entry: FeedEntry) -> dict[str, Any]:
    alerts = [{"url": link["href"], "mime_type": link["type"]} for link in alert_of(feed, entry)]
    return {
        "id": entry_id(entry),
        "url": page_of(feed, entry),
        "title": title_of(entry),
        "summary": summary_of(entry),
        "content_html": html_of(feed, entry),
        "date_published": moment(entry.published_at),
        "date_modified": moment(entry.updated_at),
        "language": entry.language,
        "tags": [entry.kind, entry.incident],
        **({"attachments": alerts} if alerts else {}),
        "_roeland": _ours(entry),
    }


def _ours(entry: FeedEntry) -> dict[str, Any]:
    return {
        "message": str(entry.message_id),
        "incident": {"id": entry.incident, "title": plain(entry.incident_title), "type": entry.incident_type},
        "kind": entry.kind,
        "exercise": entry.exercise,
        "corrects": str(entry.corrects) if entry.corrects else None,
        "corrected_by": str(entry.put_right_by) if entry.put_right_by else None,
        "withdrawn": moment(entry.withdrawn_at) if entry.withdrawn_at else None,
    }
