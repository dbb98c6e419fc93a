"""A correction of a correction says once that it is one."""

import pytest

from services.domain import limits
from services.domain.correction_titles import correction_title


@pytest.mark.parametrize(
    ("title", "language", "drafted"),
    [
        ("Drink het water niet", "nl", "Rechtzetting: Drink het water niet"),
        ("Rechtzetting: Drink het water niet", "nl", "Rechtzetting: Drink het water niet"),
        ("Rechtzetting: Rechtzetting: x", None, "Rechtzetting: x"),
        ("Rectification: x", "fr", "Rectification: x"),
        ("Rechtzetting van de cijfers", "nl", "Rechtzetting: Rechtzetting van de cijfers"),
        ("Let op: Correction: x", "en", "Correction: Let op: Correction: x"),
    ],
)
def test_a_draft_says_once_that_it_puts_right(title: str, language: str | None, drafted: str) -> None:
    """`Rechtzetting: Rechtzetting: …` reads as a mistake, in what puts one right."""
    assert correction_title(title, language) == drafted


def test_a_draft_is_no_longer_than_a_title_may_be() -> None:
    """Else it cannot be handed in."""
    assert len(correction_title("x" * limits.TITLE_CHARACTERS, "nl")) == limits.TITLE_CHARACTERS
