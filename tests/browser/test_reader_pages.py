"""The pages behind a reader's link, as people see them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.public.reader_pages import Reply, html_of
from services.rendering.pages import style_sheet
from services.rendering.templates import Templates, load_templates
from services.store.archive import Issue
from tests.browser.sight import Sight
from tests.browser.subject import File

TITLE = "Dagelijkse nieuwsbrief voor lokale besturen"
LANGUAGES = [("nl", "Nederlands"), ("fr", "Français"), ("en", "English"), ("de", "Deutsch")]
OFFERED = [
    {"newsletter": 1, "title": TITLE, "wanted": True},
    {"newsletter": 2, "title": "Weekoverzicht <script>", "wanted": False},
]
WITHDRAWN = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
ISSUES = [
    Issue(date(2026, 11, 27) - timedelta(days=days), 40 - days, days, WITHDRAWN if days == 2 else None)
    for days in range(12)
]
LEAVING = {"newsletter": TITLE, "count": 1, "at": "unsubscribe", "changes": True, "unclear": False}
PREFERENCES = {
    **LEAVING, "at": "preferences", "offered": OFFERED, "reads": "nl", "languages": LANGUAGES, "saved": False,
}  # fmt: skip
ARCHIVE = {"newsletter": TITLE, "count": 1, "at": "archive", "listed": True, "issues": ISSUES, "older": "2026-11-01"}


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


@pytest.mark.parametrize(
    ("name", "page", "values"),
    [
        ("leave", "leave", {**LEAVING, "count": 3, "unclear": True}),
        ("left", "left", LEAVING),
        ("preferences", "preferences", {**PREFERENCES, "saved": True}),
        ("archive", "archive", ARCHIVE),
    ],
)
def test_a_readers_page_is_for_everyone(
    sight: Sight, templates: Templates, name: str, page: str, values: Mapping[str, Any]
) -> None:
    """Phone and screen, day and night, keyboard and screen reader; without scripts, with nothing from elsewhere."""
    html = html_of(Reply(page, values), templates, language="nl", name="17-3-k1.token", below=2)
    assert "<script" not in html
    sight.look("/reader/17-3-k1.token/x", name=f"reader-{name}", files=_files(templates, html)).flawless()


def test_the_page_of_a_link_that_is_of_no_use_is_in_every_language(sight: Sight, templates: Templates) -> None:
    """Nobody knows whose it was; each language is marked as such."""
    words = [{"language": each, "word": templates.words.of(each)} for each, _ in LANGUAGES]
    html = html_of(Reply("gone", {"languages": words}), templates, language="nl", name="x")
    assert all(f'<section lang="{each}">' in html for each, _ in LANGUAGES)
    sight.look("/reader/x", name="reader-gone", files=_files(templates, html)).flawless()


@pytest.mark.parametrize("language", ["fr", "en", "de"])
def test_every_page_speaks_every_language(templates: Templates, language: str) -> None:
    """A word that is missing in one language is an error there, and is found here."""
    gone = [{"language": language, "word": templates.words.of(language)}]
    for page, values in [
        ("leave", {**LEAVING, "unclear": True}), ("left", LEAVING), ("stays", {**LEAVING, "count": 2}),
        ("preferences", {**PREFERENCES, "saved": True, "unclear": True}),
        ("preferences", {**PREFERENCES, "offered": []}),
        ("archive", ARCHIVE), ("archive", {**ARCHIVE, "listed": False}), ("archive", {**ARCHIVE, "issues": []}),
        ("withdrawn", {"newsletter": TITLE, "count": 1, "at": "edition", "withdrawn_at": WITHDRAWN}),
        ("gone", {"languages": gone}),
    ]:  # fmt: skip
        assert f'<html lang="{language}"' in html_of(Reply(page, values), templates, language=language, name="x")


def _files(templates: Templates, html: str) -> dict[str, File]:
    page: File = ("text/html; charset=utf-8", html)
    return {
        "/reader/17-3-k1.token/x": page, "/reader/x": page, "/style.css": ("text/css", style_sheet(templates)),
    }  # fmt: skip
