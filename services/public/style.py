"""The style sheet by which a browser shows a feed as a page. CSS: Chromium 156 and its like take no XSLT any more."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.public.documents import Document
from services.public.feed_head import STYLE_PATH

MODIFIED: Final = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
"""Of data/feed.css: for people's browsers, which keep it."""


def style() -> Iterator[Document]:
    """The same for all feeds."""
    body = (Path(__file__).parent / "data" / "feed.css").read_bytes()
    yield Document(STYLE_PATH, "text/css", body, MODIFIED)
