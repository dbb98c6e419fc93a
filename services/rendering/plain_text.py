"""What a piece of HTML says, without its markup: to compare one feed entry with another, line by line."""

from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset({"p", "div", "h1", "h2", "h3", "h4", "ul", "ol", "tr", "table", "br", "blockquote"})
_UNSEEN: Final = frozenset({"style", "script", "title", "head"})


def plain_text(html: str) -> str:
    """Its text, a line for each block, `- ` before what is in a list."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._unseen += tag in _UNSEEN
        if tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data.replace("\n", " "))
