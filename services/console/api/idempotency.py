"""A POST with an `Idempotency-Key` is done once, however often it is sent (draft-ietf-httpapi-idempotency-key-header).

The same key and request hear the first answer. Where the first attempt was lost before its answer was kept, it is made
again with the same ids (`services.admin.invocation.Once`), so that a command that was given is not given twice.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.admin.answers import InDoubt, Invalid, Refusal
from services.admin.invocation import Once, once
from services.console.access import Who
from services.console.api.problems import kind, of_refusal
from services.console.desk import desk_of
from services.runtime.postgres import Connection, connect
from services.runtime.sealing import seal, unsealed
from services.store import api_requests
from services.store.secret_keys import signing_keys

KEPT: Final = ("content-type", "location", "etag", "link", "retry-after")
PURPOSE: Final = b"answer that is kept"
"""What an answer is sealed for: in some there is a key, a secret or a link, which nobody else may read."""
AT_ONCE: Final = 16
_places = asyncio.Semaphore(AT_ONCE)


async def once_only(request: Request, who: Who, do: Callable[[], Awaitable[Response]]) -> Response:
    """The answer, the first one where this was asked before. Without a key it is simply done."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return await do()
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise Invalid("there is more than one Idempotency-Key: give one")
    if not 1 <= len(key) <= 200 or not key.isprintable() or not key.isascii():
        raise Invalid("Idempotency-Key has 1 to 200 printable characters")
    if _places.locked():
        return kind(503, "too many requests with a key are under way: try again", headers={"Retry-After": "2"})
    async with (
        _places,
        connect(desk_of(request).database, autocommit=True) as connection,
        api_requests.alone(connection, who.user.id, key) as alone,
    ):
        if not alone:
            return kind(409, "the first request with this key is still under way", headers={"Retry-After": "2"})
        return await _first_or_again(connection, request, who, key, do)


async def _first_or_again(
    connection: Connection, request: Request, who: Who, key: str, do: Callable[[], Awaitable[Response]]
) -> Response:
    fingerprint = await _fingerprint(request)
    known = await api_requests.begin(connection, who.user.id, key, fingerprint)
    if known.fingerprint != fingerprint:
        raise Invalid("this Idempotency-Key was used for another request: take a new one")
    if known.status is not None:
        return await _again(connection, known)
    began = int(known.began_at.timestamp() * 1000)
    token = once.set(Once(f"{who.user.id} {key}".encode(), began))
    try:
        answer = await do()
    except InDoubt as refusal:  # asked again, it is the same request still: what was done is not done twice
        return of_refusal(refusal, request.path_params.values())
    except Refusal as refusal:
        answer = of_refusal(refusal, request.path_params.values())
    finally:
        once.reset(token)
    await _keep(connection, who.user.id, key, answer)
    return answer


async def _again(connection: Connection, known: api_requests.Request) -> Response:
    body = unsealed(known.body or b"", await signing_keys(connection), PURPOSE)
    if body is None:
        return kind(409, "this was done; the key that its answer was sealed with is in force no more")
    headers = {**(known.headers or {}), "Idempotency-Replayed": "true"}
    return Response(body, known.status or 200, headers)


async def _keep(connection: Connection, user: int, key: str, answer: Response) -> None:
    if answer.status_code >= 500 or not hasattr(answer, "body"):
        await api_requests.forget(connection, user, key)
        return
    headers = {name: answer.headers[name] for name in KEPT if name in answer.headers}
    body = seal(bytes(answer.body).decode(), await signing_keys(connection), PURPOSE)
    await api_requests.answered(connection, user, key, answer.status_code, headers=headers, body=body)


async def _fingerprint(request: Request) -> bytes:
    said = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    said.update(request.headers.get("content-type", "").encode() + b"\n" + await request.body())
    return said.digest()
