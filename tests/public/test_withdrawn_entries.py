"""What a feed shows of a message that was withdrawn."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import feedparser
import pytest

from services.domain.configuration import DEFAULT
from services.public.atom import atom
from services.store.feeds import FeedEntry

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("language", "mark"), [("nl", "INGETROKKEN"), ("fr", "RETIRÉ"), ("en", "WITHDRAWN")])
def test_a_withdrawn_entry_says_so_before_anything_else(language: str, mark: str) -> None:
    """The entry keeps its id and its text: whoever acted on it must be able to find it again."""
    later = AT + timedelta(minutes=5)
    entry = FeedEntry(
        UUID(int=1), language, "Titel", "Kern.", "<p>Kern.</p>", AT, later, None, None, withdrawn_at=later
    )
    document = atom("public", [entry], centre="CCVO", public_url="", configuration=DEFAULT)
    (shown,) = feedparser.parse(document).entries
    assert shown.title == f"{mark}: Titel"
    assert "Kern." in shown.summary and not shown.summary.startswith("Kern.")
    assert shown.content[0].value.startswith("<p><strong>")
    assert shown.updated_parsed > shown.published_parsed
