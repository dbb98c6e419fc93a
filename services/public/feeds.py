"""Serving feeds: the public one to everyone, an audience's own to whoever has its address.

A wrong token, a revoked one and an audience that does not exist get the same answer, after the same work.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from aiohttp import ETag, web

from services.domain.configuration import Configuration
from services.public.atom import EMPTY_SINCE, atom
from services.runtime.postgres import Connection, Pool
from services.runtime.tokens import Keys
from services.store import feeds

MAX_AGE_SECONDS: Final = 30
POSTGRES_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Document:
    etag: str
    modified: datetime
    body: bytes


class Feeds:
    """All feeds. Each is made once for each change of it, and kept."""

    def __init__(self, pool: Pool, keys: Keys, centre: str, public_url: str, configuration: Configuration) -> None:
        self._pool, self._keys, self._centre = pool, keys, centre
        self._public_url, self._configuration = public_url, configuration
        self._made: dict[str, _Document] = {}

    async def public(self, request: web.Request) -> web.Response:
        """The feed that is open to everyone."""
        async with self._pool.connection(timeout=POSTGRES_SECONDS) as connection:
            document = await self._document(connection, feeds.PUBLIC)
        return _answer(request, document, f"public, max-age={MAX_AGE_SECONDS}")

    async def closed(self, request: web.Request) -> web.Response:
        """An audience's feed, at the address that only the audience has."""
        audience, token = request.match_info["audience"], request.match_info["token"]
        async with self._pool.connection(timeout=POSTGRES_SECONDS) as connection:
            subject = feeds.token_subject(audience, await feeds.generation(connection, audience))
            if not self._keys.verify(token, subject, feeds.TOKEN_PURPOSE):
                raise web.HTTPNotFound
            document = await self._document(connection, audience)
        return _answer(request, document, "private, no-cache")

    async def _document(self, connection: Connection, audience: str) -> _Document:
        version = await feeds.version(connection, audience)
        etag = sha256(f"{audience} {version.entries} {version.updated_at}".encode()).hexdigest()[:20]
        made = self._made.get(audience)
        if made is None or made.etag != etag:
            entries = await feeds.entries(connection, audience)
            body = atom(
                audience, entries, centre=self._centre, public_url=self._public_url, configuration=self._configuration
            )
            made = self._made[audience] = _Document(etag, version.updated_at or EMPTY_SINCE, body)
        return made


def _answer(request: web.Request, document: _Document, cache_control: str) -> web.Response:
    """The document, or 304 for whoever has it already (RFC 9110 §13.1: the ETag counts before the date)."""
    modified = document.modified.replace(microsecond=0)
    response = web.Response(status=304) if _has_it(request, document.etag, modified) else web.Response()
    if response.status == 200:
        response.body, response.content_type, response.charset = document.body, "application/atom+xml", "utf-8"
    response.etag, response.last_modified = document.etag, modified
    response.headers["Cache-Control"] = cache_control
    return response


def _has_it(request: web.Request, etag: str, modified: datetime) -> bool:
    if request.if_none_match is not None:
        return any(each.value in {etag, "*"} for each in request.if_none_match if isinstance(each, ETag))
    return request.if_modified_since is not None and modified <= request.if_modified_since
