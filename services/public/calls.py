"""The list of who must be telephoned, for the one person on duty who has its link: `/calls/MESSAGE-USER-TOKEN`.

The link is all that it takes, on a phone at night; it holds for two weeks, while its user may approve, and says who
called. A GET changes nothing. After each button the list is read anew, and whoever confirmed meanwhile stands among the
done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from services.domain.identity import may
from services.public.reader_forms import read_form
from services.public.reader_pages import PRIVATE
from services.rendering.context import EXERCISE
from services.rendering.dates import in_full
from services.rendering.pages import SECURITY_POLICY, page
from services.rendering.templates import Templates
from services.runtime import clock
from services.runtime.call_links import ROOT, caller_of
from services.runtime.postgres import Connection, Pool
from services.runtime.tokens import Keys
from services.store import calls, messages
from services.store.calls import OUTCOMES, Call
from services.store.messages import Message
from services.store.users import User, user_by_id

LANGUAGE: Final = "nl"
"""Of whoever is on duty."""
READ_SECONDS: Final = 2.0
TICK_SECONDS: Final = 10.0
"""Waited for a connection; what came of a call is worth waiting for."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at which message's list."""

    message: Message
    user: User


OPEN_FOR: Final = timedelta(days=14)
"""So long after a message's release its list is there: then names and numbers are nobody's business any more."""


class CallsDoor:
    """All addresses under `/calls/`."""

    def __init__(self, pool: Pool, keys: Keys, templates: Templates) -> None:
        self._pool, self._keys, self._templates = pool, keys, templates

    def routes(self) -> list[web.RouteDef]:
        """The list, and what came of a call."""
        return [web.get(f"{ROOT}/{{name}}", self._show), web.post(f"{ROOT}/{{name}}", self._tick)]

    async def _show(self, request: web.Request) -> web.Response:
        async with self._pool.connection(timeout=READ_SECONDS) as connection, connection.transaction():
            visit = await self._visit(connection, request)
            listed = await calls.of(connection, visit.message.number)
        html = html_of(visit.message, visit.user.email, listed, self._templates)
        headers = PRIVATE | {"Content-Security-Policy": SECURITY_POLICY}
        return web.Response(text=html, content_type="text/html", charset="utf-8", headers=headers)

    async def _tick(self, request: web.Request) -> web.Response:
        """Then the browser asks for the list again, so that going back or reloading sends nothing twice."""
        form = await read_form(request)
        contact = form.numbers("contact")
        outcome = next((each for each in OUTCOMES if each == form.one("outcome")), None)
        async with self._pool.connection(timeout=TICK_SECONDS) as connection, connection.transaction():
            visit = await self._visit(connection, request)
            if outcome is None or len(contact) != 1:
                raise web.HTTPBadRequest
            if not await calls.tick_off(connection, visit.message, contact[0], outcome, visit.user.id):
                raise web.HTTPNotFound
        return web.Response(status=303, headers=PRIVATE | {"Location": request.match_info["name"]})

    async def _visit(self, connection: Connection, request: web.Request) -> Visit:
        caller = caller_of(request.match_info["name"], self._keys)
        user = await user_by_id(connection, caller.user) if caller else None
        message = await messages.by_number(connection, caller.message) if caller else None
        if user is None or user.disabled_at is not None or not may("approve", user.roles):
            raise web.HTTPNotFound
        if message is None or message.released_at is None or clock.now() - message.released_at > OPEN_FOR:
            raise web.HTTPNotFound
        return Visit(message, user)


def html_of(message: Message, email: str, listed: Sequence[Call], templates: Templates) -> str:
    """The page. Relative: it holds behind any proxy."""
    word = templates.words.of(LANGUAGE)

    def when(moment: Any) -> str:
        return in_full(moment, language=LANGUAGE, timezone=templates.timezone, word=word)

    titles = message.content.get("title") or [{}]
    return page(
        "calls", templates, language=LANGUAGE, site="../", closed=True, when=when, email=email,
        title=titles[0].get("text") or message.incident, exercise=EXERCISE if message.exercise else "",
        open=[each for each in listed if not each.confirmed], done=[each for each in listed if each.confirmed],
    )  # fmt: skip
