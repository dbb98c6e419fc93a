"""What a piece of HTML asks of a mail client, in the names that caniemail.com has for features."""

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

CLIENTS: Final = {
    "outlook.windows": "Outlook (Word)",
    "outlook.outlook-com": "Outlook.com",
    "outlook.macos": "Outlook for Mac",
    "outlook.ios": "Outlook for iOS",
    "outlook.android": "Outlook for Android",
    "gmail.desktop-webmail": "Gmail",
    "gmail.android": "Gmail for Android",
    "gmail.ios": "Gmail for iOS",
    "apple-mail.macos": "Apple Mail",
    "apple-mail.ios": "Apple Mail for iOS",
}
DATA: Final = Path(__file__).parent / "caniemail.json"
"""Renewed by tests/rendering/caniemail.py."""

_PLAIN: Final = {
    "html", "head", "meta", "title", "br", "a", "em", "b", "i", "u", "tr", "td", "th", "tbody", "thead", "center",
}  # fmt: skip
_ELEMENTS: Final = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li"), "html-lists"),
    **dict.fromkeys(("main", "nav", "article", "section", "header", "footer", "aside", "details"), "html-semantics"),
    **dict.fromkeys(("summary", "figure", "figcaption", "mark", "time"), "html-semantics"),
}
_PLAIN_ATTRIBUTES: Final = {
    "id", "class", "style", "href", "src", "alt", "border", "title", "name", "type", "content", "http-equiv", "charset",
    "bgcolor", "start", "xmlns", "xmlns:v", "xmlns:o", "media", "colspan", "rowspan", "vertical-align",
    "aria-roledescription",
}  # fmt: skip
_ATTRIBUTES: Final = {"reversed": "html-lists", "value": "html-lists"}
_ODD: Final = (("dir", "a"), ("align", "table"))
_LONGHANDS: Final = ("padding", "margin", "border", "font", "list-style", "background")
_PLAIN_STYLES: Final = frozenset(("color", "font-family", "font-style"))
_OF_THEIR_OWN: Final = ("mso-", "-webkit-", "-ms-", "-moz-")
_UNIT: Final = re.compile(r"(?<![\w#-])[\d.]+(px|em|rem|ex|ch|vh|vw|vmin|vmax|cm|mm|in|pt|pc|%)(?!\w)")
_FUNCTION: Final = re.compile(r"\b(calc|clamp|min|max|rgb|rgba|var|light-dark|linear-gradient|radial-gradient)\(")
_FUNCTIONS: Final = {
    "calc": "css-unit-calc", "clamp": "css-function-clamp", "min": "css-function-min", "max": "css-function-max",
    "rgb": "css-rgb", "rgba": "css-rgba", "var": "css-variables", "light-dark": "css-function-light-dark",
    "linear-gradient": "css-linear-gradient", "radial-gradient": "css-radial-gradient",
}  # fmt: skip
_CONDITIONAL: Final = re.compile(r"\[if [^\]]*\]>(.*)<!\[endif\]", re.DOTALL)


def used(html: str) -> Iterator[tuple[str, str]]:
    """Features of caniemail.com, each with what of the HTML uses it; '' for what it does not know."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    yield from reader.used
    for sheet in reader.sheets:
        yield from _of_sheet(sheet)


@cache
def features() -> dict[str, dict[str, str]]:
    """By name: `verdicts`, a word for each of `CLIENTS`, and `notes`."""
    found: dict[str, dict[str, str]] = json.loads(DATA.read_text(encoding="utf-8"))["features"]
    return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.used: set[tuple[str, str]] = set()
        self.sheets: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag not in _PLAIN:
            self.used.add((_known(_ELEMENTS.get(tag, f"html-{tag}")), f"<{tag}>"))
        for name, value in attrs:
            on = f"{name}= on <{tag}>" if (name, tag) in _ODD else f"{name}="
            self.used |= set(_of_attribute(name, value or "", on))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.sheets.append(data)

    def handle_comment(self, data: str) -> None:
        if (found := _CONDITIONAL.fullmatch(data)) and "<xml>" not in data:  # what only Word sees
            self.used |= set(used(found[1]))


def _known(feature: str) -> str:
    return feature if feature in features() else ""


def _of_attribute(name: str, value: str, what: str) -> Iterator[tuple[str, str]]:
    if name == "style":
        yield from _of_declarations(value)
    if value.startswith("data:"):
        yield "image-base64", "data:"
    if name == "href" and value.startswith("#"):
        yield "html-anchor-links", "#"
    if name == "href" and value.startswith("mailto:"):
        yield "html-mailto-links", "mailto:"
    if name not in _PLAIN_ATTRIBUTES:
        yield _known(_ATTRIBUTES.get(name, f"html-{name}")), what


def _of_sheet(sheet: str) -> Iterator[tuple[str, str]]:
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    for at, query in re.findall(r"@([\w-]+)([^{;]*)", sheet):
        yield _known(f"css-at-{at}"), f"@{at}"
        if "prefers-color-scheme" in query:
            yield "css-at-media-prefers-color-scheme", query.strip()
    for selector, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        yield from _of_selector(selector.strip())
        yield from _of_declarations(declarations)


def _of_selector(selector: str) -> Iterator[tuple[str, str]]:
    kinds = {
        ",": "grouping", ">": "child", "+": "adjacent-sibling", "~": "general-sibling", "[": "attribute",
        "*": "universal", "#": "id", ".": "class",
    }  # fmt: skip
    for sign, kind in kinds.items():
        if sign in selector:
            yield f"css-selector-{kind}", selector
    if re.search(r"[\w\])]\s+[\w.#\[]", selector):
        yield "css-selector-descendant", selector
    for colons, pseudo in re.findall(r"(::?)([\w-]+)", selector):
        yield _known(f"css-pseudo-{'element' if colons == '::' else 'class'}-{pseudo}"), selector


def _of_declarations(declarations: str) -> Iterator[tuple[str, str]]:
    for declaration in filter(str.strip, declarations.split(";")):
        name, _, value = (part.strip().lower() for part in declaration.partition(":"))
        if name.startswith(_OF_THEIR_OWN):
            continue
        if name not in _PLAIN_STYLES:
            yield _property(name), f"{name}: {value}"
        for unit in _UNIT.findall(value):
            yield f"css-unit-{'percent' if unit == '%' else unit}", f"{name}: {value}"
        for function in _FUNCTION.findall(value):
            yield _FUNCTIONS[function], f"{name}: {value}"
        if "!important" in value:
            yield "css-important", f"{name}: {value}"
        if name == "display" and (found := _known(f"css-display-{value.split(' ')[0]}")):
            yield found, f"{name}: {value}"


def _property(name: str) -> str:
    if found := _known(f"css-{name}"):
        return found
    group = next((group for group in _LONGHANDS if name.startswith(f"{group}-")), "")
    return _known(f"css-{group}")
