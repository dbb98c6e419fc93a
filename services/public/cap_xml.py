"""Elements of CAP, and times as CAP writes them."""

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from lxml import etree

from services.public.entry_text import plain

CAP: Final = "urn:oasis:names:tc:emergency:cap:1.2"

Element = Any
"""An element of lxml, which has no types."""


def alert_element() -> Element:
    """The root of an alert; CAP's namespace is the default one, as readers that know no prefixes expect."""
    return etree.Element(f"{{{CAP}}}alert", nsmap={None: CAP})


def put(parent: Element, name: str, text: str | None = None) -> Element:
    """Add a child with a text, or with None one that is to have children. One whose text says nothing is left out."""
    words = None if text is None else plain(text).strip()
    if words == "":
        return None
    child = etree.SubElement(parent, f"{{{CAP}}}{name}")
    child.text = words
    return child


def put_value(parent: Element, kind: str, name: str, value: str) -> None:
    """Add a `parameter` or `geocode`: a name and its value; none without a value."""
    if plain(value).strip():
        pair = put(parent, kind)
        put(pair, "valueName", name)
        put(pair, "value", value)


def when(moment: datetime, timezone: str) -> str:
    """To the second, with a numeric offset and never `Z`; that of UTC itself is -00:00 (CAP 1.2 §3.3.2)."""
    try:
        local = moment.astimezone(ZoneInfo(timezone))
    except OverflowError:  # the last hours of the year 9999, which a message may name for "never"
        local = moment.astimezone(UTC)
    return local.isoformat(timespec="seconds").replace("+00:00", "-00:00")


def document(root: Element) -> bytes:
    """The whole as UTF-8, an element on each line."""
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def found(element: Element, name: str) -> list[Element]:
    """The children of that name."""
    children: list[Element] = element.findall(f"{{{CAP}}}{name}")
    return children
