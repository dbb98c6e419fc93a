"""What stands behind a reader's own link: the edition as they got it, those before it, their choices, and the way out.

The link is all that it takes: no login, no cookie, no script. A GET changes nothing, for scanners of mail follow links.
A link of nobody, of somebody who is gone and one that was made up lead to the same page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from aiohttp import web

from services.domain.configuration import Configuration
from services.public import reader_archive, reader_choices
from services.public.reader_forms import read_form
from services.public.reader_pages import ReaderPages, Reply
from services.public.reader_visit import Visit
from services.public.reader_whole import WholeEditions
from services.rendering.templates import Templates
from services.runtime.postgres import Pool
from services.runtime.reader_links import ARCHIVE, PREFERENCES, ROOT, UNSUBSCRIBE, Reader, read_by
from services.runtime.tokens import Keys
from services.store.readers import Readership, readers

READ_SECONDS: Final = 2.0
CHOICE_SECONDS: Final = 10.0
"""Waited for a connection; a choice is worth waiting for, since mail programs may not try again."""

_NAME: Final = f"{ROOT}/{{name}}"

Handle = Callable[[Visit], Awaitable[Reply | None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ReaderDoor:
    """All addresses under `/reader/`."""

    def __init__(
        self, pool: Pool, keys: Keys, templates: Templates, configuration: Configuration, public_url: str
    ) -> None:
        self._pool, self._keys, self._languages = pool, keys, configuration.languages
        self._whole = WholeEditions(templates, configuration)
        self._pages = ReaderPages(templates, configuration.languages, public_url)

    def routes(self) -> list[web.RouteDef]:
        """A GET for each page, which answers HEAD too, and a POST where something can be changed."""
        return [
            web.get(_NAME, self._behind(reader_archive.own_edition)),
            web.get(f"{_NAME}/{ARCHIVE}", self._behind(reader_archive.archive)),
            web.get(f"{_NAME}/{ARCHIVE}/{{day}}", self._behind(reader_archive.edition_of)),
            web.get(f"{_NAME}/{UNSUBSCRIBE}", self._behind(reader_choices.ask)),
            web.post(f"{_NAME}/{UNSUBSCRIBE}", self._behind(reader_choices.leave_or_stay)),
            web.get(f"{_NAME}/{PREFERENCES}", self._behind(reader_choices.preferences)),
            web.post(f"{_NAME}/{PREFERENCES}", self._behind(reader_choices.save)),
        ]

    def _behind(self, handle: Handle) -> Handler:
        """A handler for whoever has a link; the page is made once all is committed, so none can undo a choice."""

        async def answer(request: web.Request) -> web.StreamResponse:
            link = read_by(request.match_info["name"], self._keys)
            found = await self._ask(request, link, handle) if link else None
            if found is None:
                return self._pages.gone(request)
            them, reply = found
            if reply.uncut is not None:
                reply = replace(reply, edition=await self._whole.made(reply.uncut))
            return self._pages.show(request, them, reply)

        return answer

    async def _ask(self, request: web.Request, link: Reader, handle: Handle) -> tuple[Readership, Reply] | None:
        """What to answer to whom; None when the link, or what it asks for, is of no use."""
        form = await read_form(request)
        seconds = CHOICE_SECONDS if request.method == "POST" else READ_SECONDS
        async with self._pool.connection(timeout=seconds) as connection, connection.transaction():
            them = await readers(connection, link)
            if them is None:
                return None
            reply = await handle(Visit(request, form, connection, them, self._languages))
            return (them, reply) if reply else None
