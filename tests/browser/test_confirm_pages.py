"""The page behind a link to confirm, as people see it at three in the morning, on a telephone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.public.confirm import confirm_page
from services.rendering.pages import style_sheet
from services.rendering.templates import Templates, load_templates
from services.store.asked import Asked
from tests.browser.sight import Sight
from tests.browser.subject import File

AT = datetime(2026, 11, 26, 2, 4, tzinfo=UTC)
ASKED = Asked(
    message=17, sequence=3, language="nl", title="Cyberincident: de dienst burgerzaken ligt stil <script>",
    exercise=False,
    released_at=AT, contacts=[1], sharing=1, confirmed_at=None, withdrawn=False,
    put_right=False, stopped=False, over=False,
)  # fmt: skip
LANGUAGES = ["nl", "fr", "en", "de"]


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


@pytest.mark.parametrize(
    ("name", "asked", "unclear"),
    [
        ("ask", ASKED, False),
        ("ask-exercise-shared-withdrawn", replace(ASKED, exercise=True, sharing=2, withdrawn=True), True),
        ("thanks", replace(ASKED, confirmed_at=AT), False),
        ("gone", None, False),
    ],
)
def test_a_page_to_confirm_is_for_everyone(
    sight: Sight, templates: Templates, name: str, asked: Asked | None, unclear: bool
) -> None:
    """Phone and screen, day and night, keyboard and screen reader; without scripts, with nothing from elsewhere."""
    html = confirm_page(asked, templates, languages=LANGUAGES, unclear=unclear)
    assert "<script" not in html
    assert html.count("<button") == (asked is not None and asked.confirmed_at is None)
    files: dict[str, File] = {
        "/c/x": ("text/html; charset=utf-8", html),
        "/style.css": ("text/css", style_sheet(templates)),
    }
    sight.look("/c/x", name=f"confirm-{name}", files=files).flawless()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_every_language(templates: Templates, language: str) -> None:
    """A word that is missing in one language is an error there, and is found here."""
    asked = replace(ASKED, language=language, contacts=[1, 2], exercise=True)
    for each in (asked, replace(asked, confirmed_at=AT)):
        for standing in ("withdrawn", "put_right", "stopped", "over"):
            html = confirm_page(replace(each, **{standing: True}), templates, languages=LANGUAGES, unclear=True)
            assert f'<html lang="{language}"' in html
    assert '<html lang="nl"' in confirm_page(replace(ASKED, language="sv"), templates, languages=LANGUAGES)
