"""Serving documents: open ones to everyone, an audience's own to whoever has a token for it.

A wrong token, a revoked one, an audience or a document that does not exist: one answer, after the same work.
"""

from typing import Final

from aiohttp import ETag, web

from services.public.access import Access
from services.public.bodies import Bodies
from services.public.documents import TOKEN
from services.public.folder import Folder
from services.public.manifest import Kept
from services.public.watch import Watch
from services.store.feeds import PUBLIC

MAX_AGE_SECONDS: Final = 30

_GZIP: Final = "-gzip"


class Documents:
    """All that is built, at its address."""

    def __init__(self, folder: Folder, bodies: Bodies, watch: Watch, access: Access) -> None:
        self._folder, self._bodies, self._watch, self._access = folder, bodies, watch, access

    async def open(self, request: web.Request) -> web.StreamResponse:
        """What anyone may read."""
        kept = self._find(request.path)
        return self._answer(request, kept, f"public, max-age={MAX_AGE_SECONDS}")

    async def closed(self, request: web.Request) -> web.StreamResponse:
        """What an audience may read, below the address that only it has."""
        audience, rest = request.match_info["audience"], request.match_info["rest"]
        token, tail = split_token(rest)
        if not self._access.known:
            raise web.HTTPServiceUnavailable
        opens, kept = self._access.opens(audience, token), self._find(f"/feeds/{audience}/{TOKEN}{tail}")
        if not opens or audience == PUBLIC:
            raise web.HTTPNotFound
        return self._answer(request, kept, "private, no-cache", token)

    def _find(self, path: str) -> Kept | None:
        """The document at an address; what is for people has no ending there."""
        name = path.lstrip("/")
        if name.endswith(".html"):
            return None
        return self._folder.find(f"{name}index.html" if not name or name.endswith("/") else name) or self._folder.find(
            f"{name}.html"
        )

    def _answer(self, request: web.Request, kept: Kept | None, caching: str, token: str = "") -> web.StreamResponse:
        """The document, or 304 for whoever has it already (RFC 9110 §13.1: the ETag counts before the date)."""
        if kept is None:
            raise web.HTTPNotFound if self._watch.caught_up else web.HTTPServiceUnavailable
        zipped = kept.compressed > 0 and "gzip" in request.headers.get("Accept-Encoding", "").lower() and not token
        etag = kept.etag + (_GZIP if zipped else "")
        headers = {"Cache-Control": caching, "Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*"}
        if has_it(request, kept):
            response = web.Response(status=304, headers=headers)
        else:
            body = self._body(kept, compressed=zipped)
            if token:
                body = body.replace(TOKEN.encode(), token.encode())
            response = web.Response(body=body, headers=headers, content_type=kept.media_type, charset="utf-8")
            if zipped:
                response.headers["Content-Encoding"] = "gzip"
        response.etag, response.last_modified = etag, kept.modified
        return response

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


def has_it(request: web.Request, kept: Kept) -> bool:
    """Whether the reader's copy is this one, compressed or not."""
    if request.if_none_match is not None:
        given = {each.value.removesuffix(_GZIP) for each in request.if_none_match if isinstance(each, ETag)}
        return bool(given & {kept.etag, "*"})
    since = request.if_modified_since
    return since is not None and kept.modified <= since.timestamp()
