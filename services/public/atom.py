"""A page of a feed as Atom 1.0 (RFC 4287), with links to its archives (RFC 5005). Pure: equal entries, equal bytes.

Titles and summaries are text and stay text; content is the HTML that our templates made, escaped as Atom wants it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lxml import etree

from services.public.documents import Document, Feed, feed_path, list_path
from services.public.entry_text import entry_id, html_of, page_of, plain, summary_of, title_of
from services.public.feed_head import (
    Link,
    alert_of,
    explanation,
    feed_id,
    language_of,
    links_of,
    related,
    stylesheet,
    title_of_feed,
)
from services.store.feeds import FeedEntry

MEDIA_TYPE: Final = "application/atom+xml"
ATOM: Final = "http://www.w3.org/2005/Atom"
HISTORY: Final = "http://purl.org/syndication/history/1.0"
LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_XHTML: Final = "http://www.w3.org/1999/xhtml"


def atom(feed: Feed) -> Iterator[Document]:
    """The page, its entries in the order given."""
    root = etree.Element(_name("feed"), nsmap={None: ATOM, "fh": HISTORY})
    root.set(LANG, language_of(feed))
    _text(root, "id", feed_id(feed))
    _text(root, "title", title_of_feed(feed))
    _explain(root, feed)
    _text(root, "updated", moment(feed.modified))
    _text(etree.SubElement(root, _name("author")), "name", plain(feed.centre))
    _text(root, "generator", "Roeland")
    add_links(root, feed, "atom", MEDIA_TYPE)
    for entry in feed.entries:
        _add(root, feed, entry)
    yield Document(feed_path(feed, "atom"), MEDIA_TYPE, written(root, feed, "atom"), feed.modified)


def add_links(parent: etree._Element, feed: Feed, form: str, media_type: str) -> None:
    """Where else the feed and its other pages are, and whether this one is an archive (RFC 5005 §4)."""
    for link in links_of(feed, form, media_type):
        add_link(parent, link)
    if feed.page is not None:
        etree.SubElement(parent, f"{{{HISTORY}}}archive")


def written(root: etree._Element, feed: Feed, form: str) -> bytes:
    """The document, with the style sheet by which a browser shows it as a page."""
    tree = etree.ElementTree(root)
    sheet = f'type="text/css" href="{stylesheet(feed_path(feed, form))}"'
    root.addprevious(etree.ProcessingInstruction("xml-stylesheet", sheet))
    document: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def add_link(parent: etree._Element, link: Link) -> None:
    """A link, in Atom's own element, which RSS borrows."""
    etree.SubElement(parent, _name("link"), {name: value for name, value in link.items() if value})


def moment(at: datetime) -> str:
    """RFC 3339, in UTC, to the microsecond that PostgreSQL keeps."""
    return at.isoformat().replace("+00:00", "Z")


def _explain(root: etree._Element, feed: Feed) -> None:
    """For whoever opens it in a browser: what this is, and where the same stands as a page. XHTML: its link works."""
    if (said := explanation(feed)) is None:
        return
    subtitle = etree.SubElement(root, _name("subtitle"), type="xhtml")
    div = etree.SubElement(subtitle, f"{{{_XHTML}}}div", nsmap={None: _XHTML})
    div.text = f"{said[0]} "
    link = etree.SubElement(div, f"{{{_XHTML}}}a", href=feed.address(list_path(feed)))
    link.text, link.tail = said[1], "."


def _add(root: etree._Element, feed: Feed, entry: FeedEntry) -> None:
    item = etree.SubElement(root, _name("entry"))
    item.set(LANG, entry.language)
    _text(item, "id", entry_id(entry))
    _text(item, "title", title_of(entry))
    _text(item, "published", moment(entry.published_at))
    _text(item, "updated", moment(entry.updated_at))
    add_link(item, {"rel": "alternate", "href": page_of(feed, entry), "type": "text/html"})
    for link in (*alert_of(feed, entry), *related(feed, entry)):
        add_link(item, link)
    etree.SubElement(item, _name("category"), term=entry.kind)
    etree.SubElement(item, _name("category"), term=entry.incident, label=plain(entry.incident_title))
    _text(item, "summary", summary_of(entry))
    _text(item, "content", html_of(feed, entry)).set("type", "html")


def _text(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, _name(name))
    element.text = text
    return element


def _name(name: str) -> str:
    return f"{{{ATOM}}}{name}"
