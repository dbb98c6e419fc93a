"""What a feed shows of a message that was withdrawn."""

from datetime import timedelta

import feedparser
import pytest

from services.public.atom import atom
from tests.public.entries import AT, entry, feed


@pytest.mark.parametrize(("language", "mark"), [("nl", "INGETROKKEN"), ("fr", "RETIRÉ"), ("en", "WITHDRAWN")])
def test_a_withdrawn_entry_says_so_before_anything_else(language: str, mark: str) -> None:
    """The entry keeps its id and its text: whoever acted on it must be able to find it again."""
    later = AT + timedelta(minutes=5)
    withdrawn = entry(language=language, updated_at=later, withdrawn_at=later)
    [document] = atom(feed(withdrawn))
    (shown,) = feedparser.parse(document.body).entries
    assert shown.title == f"{mark}: Titel"
    assert "Kern." in shown.summary and not shown.summary.startswith("Kern.")
    assert shown.content[0].value.startswith("<p><strong>")
    assert shown.updated_parsed > shown.published_parsed
