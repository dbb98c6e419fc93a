"""What an entry of a feed says, as a page shows it: the markup that a page may have, and its lines.

The HTML was made by templates, ours or a centre's own, and is kept for ever. A page has a stricter policy than a feed
reader, so only elements that say something stay: no styles, no pictures, no addresses but those of web and mail.
"""

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final

from lxml import html
from markupsafe import Markup, escape

Element = Any
"""An element of lxml, which has no types."""

_KEPT: Final = frozenset({
    "div", "p", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "strong", "em", "b", "i", "br", "blockquote",
    "table", "thead", "tbody", "tr", "th", "td", "caption", "a",
})  # fmt: skip
_NEVER: Final = (
    "script",
    "style",
    "template",
    "iframe",
    "object",
    "svg",
    "math",
    "head",
    "title",
    "textarea",
    "select",
)
_CLASSES: Final = frozenset({"do", "wrong", "intro"})
_FRAME: Final = frozenset({"kind", "exercise", "sender"})
"""Classes of `templates/newsfeed`: what a page says in its own head and foot."""
_ADDRESS: Final = re.compile(r"(https?://|mailto:|tel:)", re.IGNORECASE)
_LINES: Final = ("p", "li", "h2", "h3", "h4", "dt", "dd", "td", "th", "caption", "blockquote")


def body_of(entry_html: str, mark: Callable[[str], str] = lambda line: "", without: Collection[str] = ()) -> Markup:
    """The entry as markup for a page, but for what has a class in `without`.

    `mark` gives, for a line, the word to put before it, such as *Nieuw*, or ''.
    """
    root = _read(entry_html, without)
    for each in _lines_in(root):
        if word := mark(_text(each)):
            each.insert(0, _mark(word, each))
    inner = str(escape(root.text or "")) + "".join(html.tostring(each, encoding="unicode") for each in root)
    return Markup(inner)  # noqa: S704 - every element and attribute in it was let through above


@lru_cache(maxsize=256)
def lines_of(entry_html: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What it says, line by line, without its headings and without what frames it.

    Kept, for the next message of its incident is compared with it.
    """
    return tuple(_text(each) for each in _lines_in(_read(entry_html, without)))


def _read(entry_html: str, without: Collection[str] = ()) -> Element:
    root = html.fragment_fromstring(_NOT_TEXT.sub("", entry_html), create_parent="div")
    for each in list(root.iter()):
        if not isinstance(each.tag, str) or each.tag in _NEVER or (_FRAME | set(without)) & _classes(each):
            _drop(each)
    for each in list(root.iter("*")):
        if each is root:
            continue
        if each.tag not in _KEPT:
            each.drop_tag()
            continue
        _strip(each)
    return root


def _strip(element: Element) -> None:
    kept = {"class": " ".join(sorted(_CLASSES & _classes(element)))}
    kept |= {name: element.get(name, "") for name in ("lang", "dir", "scope")}
    if element.tag == "a" and _ADDRESS.match(element.get("href", "")):
        kept |= {"href": element.get("href"), "rel": "noreferrer"}
    element.attrib.clear()
    for name, value in kept.items():
        if value:
            element.set(name, value)
    if element.tag in _LINES:
        element.set("dir", "auto")


def _lines_in(root: Element) -> list[Element]:
    """Elements that hold a line and no other such element; headings are the frame of what they head."""
    found = [each for each in root.iter(*_LINES) if each.tag not in ("h2", "h3", "h4")]
    return [each for each in found if _text(each) and not any(other is not each for other in each.iter(*_LINES))]


def _mark(word: str, before: Element) -> Element:
    element = html.Element("span", {"class": "mark"})
    element.text = word
    element.tail = f" {before.text or ''}"
    before.text = None
    return element


def _drop(element: Element) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _classes(element: Element) -> frozenset[str]:
    return frozenset((element.get("class") or "").split()) if isinstance(element.tag, str) else frozenset()


def _text(element: Element) -> str:
    return " ".join(element.text_content().split())


_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
