"""The feed of alerts: Atom (RFC 4287) whose entries link them, with a few of their elements as an index.

That is how the weather services of the United States and of Europe do it: a reader follows the link of type
application/cap+xml, and knows from the elements beside it whether it needs to.
"""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from services.public.atom import ATOM, add_link, moment
from services.public.cap_alert import ALERT_TYPE, Alert
from services.public.cap_xml import CAP, Element, found, put
from services.public.documents import Feed
from services.public.entry_text import entry_id, page_of, plain
from services.public.feed_head import feed_id, language_of, links_of

FEED_TYPE: Final = "application/atom+xml"

LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"

OF_ALERT: Final = ("identifier", "sender", "sent", "status", "scope")
OF_INFO: Final = ("category", "event", "responseType", "urgency", "severity", "certainty", "effective", "expires")
"""What stands beside the link. Not `msgType`: that takes all of the incident, of which a page has a part."""


def feed_of(alerts: Sequence[Alert], feed: Feed) -> Element:
    """These, the latest first."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM, "cap": CAP})
    root.set(LANG, language_of(feed))
    _text(root, "id", f"{feed_id(feed)}#cap")
    _text(
        root, "title", f"{feed.centre}: {feed.incident or feed.audience_name} (CAP)"
    )  # an incident's title may be inside
    _text(root, "updated", moment(feed.modified))
    _text(etree.SubElement(root, f"{{{ATOM}}}author"), "name", feed.centre)
    _text(root, "generator", "Roeland")
    for link in links_of(feed, "cap", FEED_TYPE):
        if link["rel"] in ("self", "alternate", "hub"):
            add_link(root, link)
    for alert in sorted(alerts, key=lambda each: each.sent, reverse=True):
        _add(root, feed, alert)
    return root


def _add(root: Element, feed: Feed, alert: Alert) -> None:
    item = etree.SubElement(root, f"{{{ATOM}}}entry")
    info = found(alert.element, "info")[0]
    item.set(LANG, _said(info, "language"))
    _text(item, "id", f"{entry_id(alert.entry)}.{alert.name}")
    _text(item, "title", _said(info, "headline"))
    _text(item, "published", moment(alert.sent))
    _text(item, "updated", moment(alert.sent))
    add_link(item, {"rel": "alternate", "href": page_of(feed, alert.entry), "type": "text/html"})
    add_link(item, {"rel": "alternate", "href": feed.address(alert.path), "type": ALERT_TYPE})
    _text(item, "summary", _said(info, "description"))
    for name in OF_ALERT:
        put(item, name, _said(alert.element, name))
    for name in OF_INFO:
        for each in found(info, name):
            put(item, name, each.text)
    put(item, "areaDesc", "; ".join(_said(area, "areaDesc") for area in found(info, "area")))


def _said(parent: Element, name: str) -> str:
    return next((each.text or "" for each in found(parent, name)), "")


def _text(parent: Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}{name}").text = plain(text)
