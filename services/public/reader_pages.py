"""How a reader's pages look: which template, in which language, and with links that hold behind any proxy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from babel.dates import format_date

from services.domain.variants import Variant
from services.public.reader_view import VIEW_POLICY, as_page
from services.public.reader_whole import Uncut
from services.rendering.dates import in_full
from services.rendering.pages import SECURITY_POLICY, page
from services.rendering.templates import Templates
from services.runtime.reader_links import ROOT
from services.store.readers import Readership

PRIVATE: Final = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: the page of this name with these values, or an edition, or these words alone.

    `language`: of the page; empty: the reader's. `uncut`: what to show in the place of an edition that was cut.
    """

    page: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    edition: Variant | None = None
    uncut: Uncut | None = None
    text: str = ""
    language: str = ""
    status: int = 200


class ReaderPages:
    """Makes answers of replies."""

    def __init__(self, templates: Templates, languages: Sequence[str], public_url: str) -> None:
        self._templates, self._public_url = templates, public_url
        self._languages = [each for each in languages if f"words/{each}.yaml" in templates.words.files] or ["nl"]

    def show(self, request: web.Request, them: Readership, reply: Reply) -> web.Response:
        """The answer. Raises Refused for a template that is wrong."""
        if reply.text:
            return web.Response(text=reply.text, status=reply.status, headers=PRIVATE)
        if reply.edition is not None:
            link = f"{self._public_url}{ROOT}/{request.match_info['name']}"
            return _html(as_page(reply.edition, them, link, self._templates.logo), VIEW_POLICY)
        wanted = reply.language or them.language
        return self._page(request, wanted if wanted in self._languages else self._languages[0], reply)

    def gone(self, request: web.Request) -> web.Response:
        """For a link that is of no use (any more): in every language, for it is nobody's."""
        words = [{"language": each, "word": self._templates.words.of(each)} for each in self._languages]
        return self._page(request, self._languages[0], Reply("gone", {"languages": words}, status=404))

    def _page(self, request: web.Request, language: str, reply: Reply) -> web.Response:
        below = request.rel_url.raw_path.removeprefix(ROOT).count("/")
        html = html_of(reply, self._templates, language=language, name=request.match_info["name"], below=below)
        return _html(html, SECURITY_POLICY, reply.status)


def html_of(reply: Reply, templates: Templates, *, language: str, name: str, below: int = 1) -> str:
    """A page for whoever has the link `/reader/NAME`, so many parts below `/reader`; its links are relative."""
    word, zone, site = templates.words.of(language), templates.timezone, "../" * below
    return page(
        f"reader/{reply.page}", templates, language=language, site=site, closed=True,
        link=site.removeprefix("../") + name,
        day=lambda moment: str(format_date(moment, word("date.day"), locale=language)),
        when=lambda moment: in_full(moment, language=language, timezone=zone, word=word),
        **reply.values,
    )  # fmt: skip


def _html(html: str, policy: str, status: int = 200) -> web.Response:
    headers = PRIVATE | {"Content-Security-Policy": policy}
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=headers)
