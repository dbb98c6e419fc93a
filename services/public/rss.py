"""A page of a feed as RSS 2.0 (rssboard.org), with what it lacks borrowed from Atom, Dublin Core and RFC 5005. Pure.

A title is text. A description is HTML by custom, so text in it is escaped once more; the whole message is in `content`.
"""

from collections.abc import Iterator
from email.utils import format_datetime
from html import escape
from typing import Final

from lxml import etree

from services.public.atom import ATOM, HISTORY, LANG, add_link, add_links, moment, written
from services.public.documents import Document, Feed, feed_path, list_path
from services.public.entry_text import entry_id, html_of, page_of, plain, summary_of, title_of
from services.public.feed_head import alert_of, language_of, related, title_of_feed
from services.store.feeds import FeedEntry

MEDIA_TYPE: Final = "application/rss+xml"
_CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
_DC: Final = "http://purl.org/dc/elements/1.1/"


def rss(feed: Feed) -> Iterator[Document]:
    """The page, its entries in the order given."""
    root = etree.Element("rss", version="2.0", nsmap={"atom": ATOM, "content": _CONTENT, "dc": _DC, "fh": HISTORY})
    root.set(LANG, language_of(feed))
    channel = etree.SubElement(root, "channel")
    title = title_of_feed(feed)
    _text(channel, "title", title)
    _text(channel, "link", feed.address(list_path(feed)))
    _text(channel, "description", escape(title, quote=False))
    _text(channel, "language", language_of(feed))
    if feed.entries:
        _text(channel, "lastBuildDate", format_datetime(feed.modified, usegmt=True))
    _text(channel, "generator", "Roeland")
    add_links(channel, feed, "rss", MEDIA_TYPE)
    for entry in feed.entries:
        _add(channel, feed, entry)
    yield Document(feed_path(feed, "rss"), MEDIA_TYPE, written(root, feed, "rss"), feed.modified)


def _add(channel: etree._Element, feed: Feed, entry: FeedEntry) -> None:
    item = etree.SubElement(channel, "item")
    _text(item, "title", title_of(entry))
    _text(item, "link", page_of(feed, entry))
    _text(item, "guid", entry_id(entry)).set("isPermaLink", "false")
    _text(item, "pubDate", format_datetime(entry.published_at, usegmt=True))
    _text(item, f"{{{ATOM}}}updated", moment(entry.updated_at))
    _text(item, f"{{{_DC}}}creator", plain(feed.centre))
    _text(item, f"{{{_DC}}}language", entry.language)
    for link in (*alert_of(feed, entry), *related(feed, entry)):
        add_link(item, link)
    for category in (entry.kind, entry.incident):
        _text(item, "category", category)
    _text(item, "description", escape(summary_of(entry), quote=False))
    _text(item, f"{{{_CONTENT}}}encoded", html_of(feed, entry))


def _text(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = text
    return element
