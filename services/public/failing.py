"""A failure as people see it: a page in plain words, for browsers; programs get a few words of text."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web

from services.public.asked_for import language_of
from services.rendering.pages import page, page_languages, page_words
from services.rendering.templates import Templates

WORDS: Final = {404: "missing", 503: "away"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def for_people(templates: Templates) -> Any:
    """A middleware that dresses what has no page of its own. The page tells no more than the status does."""

    @web.middleware
    async def dressed(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not _bare(response) or "text/html" not in request.headers.get("Accept", ""):
            return response
        html = _page(response.status, request, templates, page_languages(templates))
        headers = {name: value for name, value in response.headers.items() if name in ("Retry-After", "Allow")}
        headers |= {"Vary": "Accept, Accept-Language"}
        return web.Response(status=response.status, text=html, content_type="text/html", headers=headers)

    return dressed


def _bare(response: web.StreamResponse) -> bool:
    return response.status in WORDS and response.content_type != "text/html"


def _page(status: int, request: web.Request, templates: Templates, languages: Sequence[str]) -> str:
    language, what = language_of(request, languages), WORDS[status]
    say = page_words(templates, language)
    site = "../" * (request.path.count("/") - 1)
    return page(
        "error", templates, language=language, site=site, closed=True, title=say(f"error.{what}"),
        text=say(f"error.{what}_text"),
    )  # fmt: skip
