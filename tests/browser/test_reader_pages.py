"""The pages behind a reader's link, as people see them."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from services.public.reader_pages import ReaderPages, Reply, html_of
from services.rendering.centre import Logo
from services.rendering.edition import render_edition
from services.rendering.pages import style_sheet
from services.rendering.templates import Templates, load_templates
from services.store.archive import Issue
from services.store.readers import Readership
from tests.browser.sight import Sight
from tests.browser.subject import File
from tests.rendering.editions import a_day
from tests.stack import Background

LOGO = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
READER = Readership(
    newsletter=1, message=17, variant=1, audience="local-governments", segment="Limburg", language="nl", contacts=[1],
    listed=True, withdrawn_at=None, name="An <Peeters>", organisation="", municipality="Gent", role="",
)  # fmt: skip
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


def test_an_edition_in_the_browser_needs_no_more_than_its_policy_allows(
    sight: Sight, templates: Templates, background: Background
) -> None:
    """The styles of a mail, the logo in it, and nothing else: a browser that is told so shows it all the same."""
    logo = Logo(LOGO, "png")
    view = a_day()
    mailed = render_edition(view, message_id="x", templates=replace(templates, logo=logo))
    reply = Reply(
        edition=replace(mailed, html=mailed.html.replace("</h1>", '</h1><img src="cid:logo@roeland" alt="">'))
    )
    pages = ReaderPages(replace(templates, logo=logo), ["nl"], "https://crisis.example.be")

    async def answer(request: web.Request) -> web.Response:
        return pages.show(request, READER, reply)

    url, stop = background.run(_serving(answer))
    try:
        sight.look(f"{url}/reader/17-3-k1.token", name="reader-edition").flawless()
    finally:
        background.run(stop())


async def _serving(answer: Any) -> tuple[str, Any]:
    app = web.Application()
    app.add_routes([web.get("/reader/{name}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner.cleanup


def _files(templates: Templates, html: str) -> dict[str, File]:
    page: File = ("text/html; charset=utf-8", html)
    return {
        "/reader/17-3-k1.token/x": page, "/reader/x": page, "/style.css": ("text/css", style_sheet(templates)),
    }  # fmt: skip
