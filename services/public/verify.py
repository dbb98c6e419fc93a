"""`/verify`: is this message genuine? Answers by the code that is printed in mails and SMS; works without a script.

It tells what anyone may know who holds such a message: kind, moment, audience, hash. What it says stands on the page
only where the message is public. A code that we never made and one that is not released yet get the same answer, after
the same question to PostgreSQL.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from services.domain.configuration import Configuration
from services.domain.verification import CHARACTERS, read_code
from services.public.asked_for import language_of
from services.rendering.pages import page_languages
from services.rendering.templates import Templates
from services.rendering.verify_page import answer_page, busy_page, form_page
from services.runtime.postgres import Pool
from services.store import verification

PATH: Final = "/verify"
POSTGRES_SECONDS: Final = 2.0
AT_ONCE: Final = 4
"""Questions to PostgreSQL at a time: who guesses in bulk waits behind himself, and takes no connection from feeds."""
WAITING: Final = 200
"""More than these wait: the page says so, with 429."""
LONGEST: Final = 200
"""Characters of what was typed that are looked at."""

NO_CODE: Final = "-" * CHARACTERS
"""Asked for where what was typed is no code."""


class Verify:
    """Answers whether messages are genuine."""

    def __init__(self, pool: Pool, templates: Templates, configuration: Configuration) -> None:
        self._pool, self._templates, self._configuration = pool, templates, configuration
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def ask(self, request: web.Request) -> web.Response:
        """200 with a form, or for a genuine message; 404 for any other code; 429 when too many ask."""
        templates = self._templates
        language = language_of(request, page_languages(templates))
        typed = request.query.get("code", "").strip()[:LONGEST]
        if not typed:
            return _answer(200, form_page(templates, language))
        if self._waiting >= WAITING:
            return _answer(429, busy_page(templates, language), {"Retry-After": "60"})
        found = await self._find(read_code(typed) or NO_CODE)
        page = answer_page(found, typed, templates, language, self._configuration)
        return _answer(200 if found else 404, page)

    async def _find(self, code: str) -> verification.Verified | None:
        self._waiting += 1
        try:
            async with self._turn, self._pool.connection(timeout=POSTGRES_SECONDS) as connection:
                return await verification.find(connection, code)
        finally:
            self._waiting -= 1


def _answer(status: int, page: str, headers: Mapping[str, Any] | None = None) -> web.Response:
    return web.Response(
        status=status, text=page, content_type="text/html", charset="utf-8",
        headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Vary": "Accept-Language", **(headers or {})},
    )  # fmt: skip
