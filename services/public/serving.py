"""Serving documents: open ones to everyone, an audience's own to whoever has a token for it.

A wrong token, a revoked one, an audience or a document that does not exist: one answer, after the same work.
"""

from typing import Final

from aiohttp import ETag, web

from services.public import atom, cap_feed, json_feed, rss
from services.public.access import Access
from services.public.bodies import Bodies
from services.public.build import Imprint
from services.public.documents import TOKEN
from services.public.folder import Folder
from services.public.hub_topics import is_topic, links
from services.public.manifest import Kept
from services.public.watch import Watch
from services.store.feeds import PUBLIC

MAX_AGE_SECONDS: Final = 30

FORMS: Final = {
    "atom": atom.MEDIA_TYPE,
    "rss": rss.MEDIA_TYPE,
    "json": json_feed.MEDIA_TYPE,
    "cap": cap_feed.FEED_TYPE,
}
"""The forms in which the same feed is had, by ending."""

SHOWN_AS_TEXT: Final = frozenset({atom.MEDIA_TYPE, rss.MEDIA_TYPE})

PREFLIGHT: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}

_GZIP: Final = "-gzip"
_TOKEN: Final = TOKEN.encode()


class Documents:
    """All that is built, at its address."""

    def __init__(self, folder: Folder, bodies: Bodies, watch: Watch, access: Access, imprint: Imprint) -> None:
        self._folder, self._bodies, self._watch, self._access, self._imprint = folder, bodies, watch, access, imprint

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
        if "/" not in rest and self._access.opens(audience, rest):  # the folder of the pages, as people type it
            return web.Response(status=302, headers={"Location": f"{rest}/"})
        if not opens or audience == PUBLIC:
            raise web.HTTPNotFound
        return self._answer(request, kept, "private, no-cache", token)

    async def preflight(self, _: web.Request) -> web.StreamResponse:
        """A script of another site asks whether it may ask whether something changed; whatever there is, or is not."""
        return web.Response(status=204, headers=PREFLIGHT)

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
            raise web.HTTPNotFound if self._watch.complete else web.HTTPServiceUnavailable
        zipped = kept.compressed > 0 and not token and "gzip" in request.headers.get("Accept-Encoding", "").lower()
        response = web.Response(status=304) if has_it(request, kept) else web.Response()
        if response.status == 200:
            body = self._body(kept, compressed=zipped)
            response.body = body.replace(_TOKEN, token.encode()) if token else body
            response.content_type = seen_as(request, kept.media_type)
            response.charset = None if response.content_type.startswith("image/") else "utf-8"
            if zipped:
                response.headers["Content-Encoding"] = "gzip"
        headers = headers_of(kept, self._imprint)
        response.headers.update({name: value.replace(TOKEN, token) for name, value in headers.items()})
        response.headers["Cache-Control"] = caching
        response.etag, response.last_modified = kept.etag + (_GZIP if zipped else ""), kept.modified
        return response

    def _body(self, kept: Kept, *, compressed: bool) -> bytes:
        try:
            return self._bodies.body(kept, compressed=compressed)
        except OSError:
            self._watch.distrust(kept)
            raise web.HTTPServiceUnavailable from None


def headers_of(kept: Kept, imprint: Imprint) -> dict[str, str]:
    """What belongs to a document besides its type and its age: any site may read it; its forms are named."""
    headers = {"Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag"}
    if kept.media_type in SHOWN_AS_TEXT:
        headers["Vary"] = "Accept, Accept-Encoding"
    name, dot, form = kept.path.rpartition("/")[2].rpartition(".")
    if dot and FORMS.get(form) == kept.media_type:
        forms = [f'<{name}.{each}>; rel="alternate"; type="{type_}"' for each, type_ in FORMS.items()]
        hub = [links(kept.path, imprint.public_url, imprint.hub)] if imprint.hub and is_topic(kept.path) else []
        headers["Link"] = ", ".join([*hub, *forms])
    return headers


def seen_as(request: web.Request, media_type: str) -> str:
    """Browsers show a feed's own types as bare text, and XML by its style sheet; who asks for pages is a browser."""
    accept = request.headers.get("Accept", "")
    page = "text/html" in accept and "atom+xml" not in accept and "rss+xml" not in accept
    return "application/xml" if page and media_type in SHOWN_AS_TEXT else media_type


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
