"""A feed as Atom 1.0 (RFC 4287). Pure: the same entries make the same bytes.

Titles and summaries are text and stay text; content is the HTML that our templates made, escaped as Atom wants it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from feedgen.entry import FeedEntry as Item
from feedgen.feed import FeedGenerator
from feedgen.util import xml_elem

from services.domain.configuration import Configuration
from services.store.feeds import PUBLIC, FeedEntry

EMPTY_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""`updated` of a feed in which nothing ever stood; the element may not be left out."""

PUT_RIGHT: Final = {
    "nl": "Dit bericht is rechtgezet. Lees:",
    "fr": "Ce message a été rectifié. Lisez :",
    "en": "This message has been put right. Read:",
    "de": "Diese Mitteilung wurde berichtigt. Lesen Sie:",
}

WITHDRAWN: Final = {
    "nl": ("INGETROKKEN", "Wij hebben dit bericht ingetrokken. Gebruik het niet meer."),
    "fr": ("RETIRÉ", "Nous avons retiré ce message. N’en tenez plus compte."),
    "en": ("WITHDRAWN", "We have withdrawn this message. Please stop using it."),
    "de": ("ZURÜCKGEZOGEN", "Wir haben diese Mitteilung zurückgezogen. Bitte verwenden Sie sie nicht mehr."),
}
"""Before the title, and above the text."""

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def atom(
    audience: str, entries: Sequence[FeedEntry], *, centre: str, public_url: str, configuration: Configuration
) -> bytes:
    """The feed of an audience as a document, with its entries in the order given (newest first)."""
    feed = FeedGenerator()
    feed.id(uuid5(NAMESPACE_URL, f"{public_url}/feeds/{audience}").urn)
    feed.title(_xml(f"{centre}: {_name(audience, configuration)}"))
    feed.author({"name": _xml(centre)})
    feed.generator("Roeland")
    feed.updated(max((entry.updated_at for entry in entries), default=EMPTY_SINCE))
    feed.language(entries[0].language if entries else configuration.languages[0])
    if audience == PUBLIC and public_url:
        feed.link(href=f"{public_url}/feeds/{PUBLIC}.atom", rel="self", type="application/atom+xml")
    for entry in entries:
        _add(feed, entry, audience)
    document: bytes = feed.atom_str()
    return document


def entry_id(message_id: UUID, audience: str) -> str:
    """The same for ever; another for each audience, for each reads its own version."""
    return f"{message_id.urn}#{audience}"


def _add(feed: FeedGenerator, entry: FeedEntry, audience: str) -> None:
    item = feed.add_entry(_Item(), order="append")
    item.id(entry_id(entry.message_id, audience))
    mark, withdrawn = WITHDRAWN.get(entry.language, WITHDRAWN["nl"]) if entry.withdrawn_at else ("", "")
    item.title(_xml(f"{mark}: {entry.title}" if mark else entry.title))
    item.published(entry.published_at)
    item.updated(entry.updated_at)
    notice, html = "", entry.html
    if entry.put_right_by is not None:
        title = entry.put_right_title or ""
        notice = f"{PUT_RIGHT.get(entry.language, PUT_RIGHT['nl'])} {title}\n"
        html = f"<p><strong>{escape(notice.strip())}</strong></p>\n{html}"
        item.related = {"href": entry_id(entry.put_right_by, audience), "title": _xml(title)}
    if withdrawn:
        notice = f"{withdrawn}\n{notice}"
        html = f"<p><strong>{escape(withdrawn)}</strong></p>\n{html}"
    item.summary(_xml(notice + entry.summary))
    item.content(_xml(html), type="html")


class _Item(Item):  # type: ignore[misc]  # feedgen has no types
    """feedgen 1.0 drops everything but `href` from the links of an Atom entry."""

    related: dict[str, str] | None = None

    def atom_entry(self, extensions: bool = True) -> Any:
        element = super().atom_entry(extensions)
        if self.related:
            xml_elem("link", element, rel="related", **self.related)
        return element


def _name(audience: str, configuration: Configuration) -> str:
    names = {each.id: each.names for each in configuration.audiences}
    return names.get(audience, {}).get(configuration.languages[0], audience)


def _xml(text: str) -> str:
    """Without the few characters that no XML document can hold."""
    return _NOT_XML.sub("", text)
