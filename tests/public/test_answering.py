"""What a reader says that it has, and what it can take. Pure."""

import pytest

from services.public.answering import for_a_page, has_it, headers_of, takes_gzip
from services.public.manifest import Kept

KEPT = Kept("feeds/public.atom", "application/atom+xml", "abc", 1_764_000_000, 10, 5)
AT, BEFORE = "Mon, 24 Nov 2025 16:00:00 GMT", "Mon, 24 Nov 2025 15:59:59 GMT"


@pytest.mark.parametrize(
    ("etag", "date", "has"),
    [
        ('"abc"', None, True), ('"abc-gzip"', None, True), ('W/"abc"', None, True), ('"x", "abc"', None, True),
        ("*", None, True), ('"abcd"', None, False), ("abc", None, False), ("", None, False), ('"x"', AT, False),
        (None, AT, True), (None, BEFORE, False), (None, "gisteren", False), (None, "", False), (None, None, False),
        (None, "Mon, 24 Nov 2025 16:00:00 -0000", True), (None, "Mon, 99 Nov 2025 16:00:00 GMT", False),
        (None, "Mon, 24 Nov 2025 16:00:00 +0100", False), (None, "Mon, 24 Nov 99999999999 16:00:00 GMT", False),
        (None, "Mon, 24 Nov 2025 16:00:00 +999999999999999", False), (None, "Mon, 24 Nov 0001 00:00:00 -2300", False),
    ],
)  # fmt: skip
def test_whoever_has_it_is_told_so_and_nobody_else(etag: str | None, date: str | None, has: bool) -> None:
    """304 to one who has another state would freeze their feed; nonsense counts for nothing (RFC 9110 §13.1)."""
    assert has_it(etag, date, KEPT) is has


@pytest.mark.parametrize(
    ("accept", "takes"),
    [("gzip", True), ("br, GZIP;q=0.8", True), ("gzip;q=0", False), ("gzip; q=0.0, br", False), ("", False),
     ("identity", False), ("gzip;q=0.001", True)],
)  # fmt: skip
def test_nobody_is_sent_what_they_cannot_unpack(accept: str, takes: bool) -> None:
    """A zero says no (RFC 9110 §12.4.2)."""
    assert takes_gzip(accept) is takes


def test_a_feed_reader_that_also_takes_pages_is_no_browser() -> None:
    """It says which feeds it takes; a browser never does."""
    assert for_a_page("text/html,application/xhtml+xml,*/*")
    assert not for_a_page("application/rss+xml, text/html;q=0.5") and not for_a_page("*/*")


def test_what_only_an_audience_may_read_is_in_no_search_engine() -> None:
    """Whoever posts a closed address on a page, or reads mail in a browser that reports it, leads crawlers there."""
    closed, open_ = (headers_of(KEPT, "", open_=each, packed=False, page=False) for each in (False, True))
    assert "noindex" in closed["X-Robots-Tag"] and "X-Robots-Tag" not in open_
