"""Serving documents: open ones to everyone, an audience's own to whoever has a token for it.

A wrong token, a revoked one, an audience or a document that does not exist: one answer, after the same work.
"""

from typing import Final

from aiohttp import web

from services.public.access import Access
from services.public.answering import OF_A_BODY, for_a_page, has_it, headers_of, takes_gzip
from services.public.bodies import Bodies
from services.public.build import Imprint
from services.public.documents import TOKEN
from services.public.folder import Folder
from services.public.hub_topics import is_topic, links
from services.public.manifest import Kept
from services.public.places import is_open
from services.public.watch import Watch
from services.store.feeds import PUBLIC

PREFLIGHT: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}

_TOKEN: Final = TOKEN.encode()


class Documents:
    """All that is built, at its address."""

    def __init__(self, folder: Folder, bodies: Bodies, watch: Watch, access: Access, imprint: Imprint) -> None:
        self._folder, self._bodies, self._watch, self._access, self._imprint = folder, bodies, watch, access, imprint

    async def open(self, request: web.Request) -> web.StreamResponse:
        """What anyone may read."""
        kept = self._find(request.path.removeprefix("/"))
        return self._answer(request, kept if kept and is_open(kept.path) else None)

    async def closed(self, request: web.Request) -> web.StreamResponse:
        """What an audience may read, below the address that only it has."""
        audience, rest = request.match_info["audience"], request.match_info["rest"]
        token, tail = split_token(rest)
        if not self._access.known:
            raise web.HTTPServiceUnavailable
        opens, kept = self._access.opens(audience, token), self._find(f"feeds/{audience}/{TOKEN}{tail}")
        if "/" not in rest and self._access.opens(audience, rest):  # the folder of the pages, as people type it
            return web.Response(status=302, headers={"Location": f"{rest}/"})
        if not opens or audience == PUBLIC:
            raise web.HTTPNotFound
        return self._answer(request, kept, token)

    async def preflight(self, _: web.Request) -> web.StreamResponse:
        """A script of another site asks whether it may ask whether something changed; whatever there is, or is not."""
        return web.Response(status=204, headers=PREFLIGHT)

    def _find(self, name: str) -> Kept | None:
        """The document at a path below the root, as it is written there; what is for people has no ending."""
        if name.endswith(".html"):
            return None
        return self._folder.find(f"{name}index.html" if not name or name.endswith("/") else name) or self._folder.find(
            f"{name}.html"
        )

    def _answer(self, request: web.Request, kept: Kept | None, token: str = "") -> web.StreamResponse:
        """The document, or 304 for whoever has it already."""
        if kept is None:
            raise web.HTTPNotFound if self._watch.complete else web.HTTPServiceUnavailable
        asked = request.headers
        packed = kept.compressed > 0 and not token and takes_gzip(asked.get("Accept-Encoding", ""))
        page = for_a_page(asked.get("Accept", ""))
        headers = headers_of(kept, self._link(kept), open_=not token, packed=packed, page=page)
        if token:
            headers = {name: value.replace(TOKEN, token) for name, value in headers.items()}
        if has_it(asked.get("If-None-Match"), asked.get("If-Modified-Since"), kept):
            return web.Response(status=304, headers={name: headers[name] for name in headers if name not in OF_A_BODY})
        body = self._body(kept, compressed=packed)
        return web.Response(body=body.replace(_TOKEN, token.encode()) if token else body, headers=headers)

    def _link(self, kept: Kept) -> str:
        """Where to subscribe to it, if it can be (W3C WebSub §4)."""
        imprint = self._imprint
        return links(kept.path, imprint.public_url, imprint.hub) if imprint.hub and is_topic(kept.path) else ""

    def _body(self, kept: Kept, *, compressed: bool) -> bytes:
        try:
            return self._bodies.body(kept, compressed=compressed)
        except OSError:
            self._watch.distrust(kept)
            raise web.HTTPServiceUnavailable from None


def split_token(rest: str) -> tuple[str, str]:
    """The token, and what follows it: of `TOKEN.atom`, `TOKEN/`, `TOKEN/incidents/SLUG.rss`. A token may have a dot."""
    token, slash, below = rest.partition("/")
    if slash:
        return token, f"/{below}"
    token, dot, form = rest.rpartition(".")
    return token, f"{dot}{form}"
