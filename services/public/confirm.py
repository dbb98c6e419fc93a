"""Where somebody says that they know: a page with one button behind a link of their own.

To open it confirms nothing, for scanners of mail and previews of telephones open links. A link of nobody and one that
was made up lead to the same page. No login, no cookie, no script.
"""

from dataclasses import replace
from typing import Any, Final

import structlog
from aiohttp import web
from prometheus_client import Counter

from services.public.reader_forms import read_form
from services.public.reader_pages import PRIVATE
from services.rendering.dates import in_full
from services.rendering.pages import SECURITY_POLICY, page
from services.rendering.templates import Templates
from services.runtime.confirm_links import ROOT, confirmed_by
from services.runtime.postgres import Connection, Pool
from services.runtime.reader_links import Reader
from services.runtime.tokens import Keys
from services.store import confirmations
from services.store.asked import Asked, asked

CONFIRMED: Final = Counter("roeland_confirmations_total", "Contacts who confirmed that they know, by how", ["how"])

READ_SECONDS: Final = 2.0
CONFIRM_SECONDS: Final = 10.0
"""Waited for a connection; whoever pressed the button will not come back."""

log = structlog.get_logger(__name__)


class ConfirmDoor:
    """All addresses under `/c/`."""

    def __init__(self, pool: Pool, keys: Keys, templates: Templates, languages: tuple[str, ...]) -> None:
        self._pool, self._keys, self._templates = pool, keys, templates
        self._languages = [each for each in languages if f"words/{each}.yaml" in templates.words.files] or ["nl"]

    def routes(self) -> list[web.RouteDef]:
        """A GET, which answers HEAD too, and the POST of its one button."""
        return [web.get(f"{ROOT}/{{token}}", self.look), web.post(f"{ROOT}/{{token}}", self.press)]

    async def look(self, request: web.Request) -> web.Response:
        """What it is about, and the button; or since when we know."""
        link = confirmed_by(request.match_info["token"], self._keys)
        async with self._pool.connection(timeout=READ_SECONDS) as connection:
            found = await asked(connection, link) if link else None
        return self._answer(found)

    async def press(self, request: web.Request) -> web.Response:
        """They know. Pressed again it says the same."""
        form = await read_form(request)
        link = confirmed_by(request.match_info["token"], self._keys)
        if link is None:
            return self._answer(None)
        meant = form.one("choice") == "confirm" and request.headers.get("Sec-Fetch-Site") != "cross-site"
        async with self._pool.connection(timeout=CONFIRM_SECONDS) as connection, connection.transaction():
            found = await (_confirmed(connection, link) if meant else asked(connection, link))
        return self._answer(found, unclear=not meant)

    def _answer(self, found: Asked | None, *, unclear: bool = False) -> web.Response:
        if found is None:
            return _html(confirm_page(None, self._templates, languages=self._languages), 404)
        return _html(
            confirm_page(found, self._templates, languages=self._languages, unclear=unclear), 400 if unclear else 200
        )


async def _confirmed(connection: Connection, link: Reader) -> Asked | None:
    found = await asked(connection, link)
    if found is None:
        return None
    new = await confirmations.record(
        connection, found.message, found.contacts, how="page", sequence=found.sequence
    )  # fmt: skip
    if new:
        CONFIRMED.labels("page").inc(new)
        log.info("confirmed", how="page", message=found.message, contacts=new)
    again = await asked(connection, link)
    return replace(again, contacts=found.contacts) if again else None


def confirm_page(found: Asked | None, templates: Templates, *, languages: list[str], unclear: bool = False) -> str:
    """The page for those behind a link; None: in every language, for it is nobody's. Its links are relative."""
    if found is None:
        words = [{"language": each, "word": templates.words.of(each)} for each in languages]
        return page("confirm/gone", templates, language=languages[0], site="../", closed=True, languages=words)
    language = found.language if found.language in languages else languages[0]
    word = templates.words.of(language)

    def when(moment: Any) -> str:
        return in_full(moment, language=language, timezone=templates.timezone, word=word)

    return page(
        "confirm/asked", templates, language=language, site="../", closed=True, asked=found, when=when,
        unclear=unclear,
    )  # fmt: skip


def _html(html: str, status: int) -> web.Response:
    headers = PRIVATE | {"Content-Security-Policy": SECURITY_POLICY}
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=headers)
