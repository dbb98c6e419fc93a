"""What somebody sees when a request cannot be answered: a page in words; at the API a problem document (RFC 9457)."""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.admin.answers import Refusal, WrongUsage
from services.console.access import Forged, NoSecondStep, NotAllowed, NotFresh, NotSignedIn
from services.console.api.problems import API, KINDS, of_refusal, problem, status_of
from services.console.desk import desk_of
from services.console.doors import cookies, form_to_resend
from services.console.languages import language_of
from services.console.live.parts import Wording
from services.console.live.stream import ended
from services.console.view import own_path, page, see, way_back
from services.domain.shapes import in_our_words
from services.runtime.errors import Foreseen
from services.runtime.postgres import AWAY

LIVE: Final = "/live/"

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Answer each kind of failure, for people and for programs."""
    for kind, answer in {
        NotSignedIn: _not_signed_in,
        NotAllowed: _not_allowed,
        NotFresh: _not_fresh,
        NoSecondStep: _no_second_step,
        Forged: _forged,
        Refusal: _refused,
        WrongUsage: _wrong_usage,
        RequestValidationError: _invalid,
        HTTPException: _http,
        psycopg.DataError: _not_kept,
        Foreseen: _unavailable,
        **dict.fromkeys((*AWAY, TimeoutError), _unavailable),
    }.items():
        app.add_exception_handler(kind, answer)
    app.add_middleware(Caught)


class Caught:
    """What nobody foresaw is logged, and answered with the headers of every answer (hardening), which Starlette's own
    last resort stands outside of."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except HTTPException:
            raise
        except Exception:
            log.exception("unforeseen", route=_route(scope))
            if started or scope["type"] != "http":
                raise
            request = Request(scope, receive)
            await (await _unforeseen(request))(scope, receive, send)


def _route(scope: Scope) -> str | None:
    """Which page or operation; the path itself may hold an address, a number or a token."""
    return getattr(scope.get("route"), "path", None)


async def _not_signed_in(request: Request, _: Exception) -> Response:
    if _is_api(request):
        asks = {"WWW-Authenticate": "Bearer"}
        return problem(401, "Not signed in", "give a key: Authorization: Bearer …", headers=asks)
    if request.url.path.startswith(LIVE) and "text/event-stream" in request.headers.get("accept", ""):
        return ended(Wording(language_of(request), desk_of(request).zone))
    back = way_back(request)
    kept = await form_to_resend.keep_signed_out(request, back)
    if not isinstance(kept, str):
        return see(request, f"/sign-in?next={quote(back, safe='')}{'&told=lost' if kept else ''}")
    answer = see(request, f"/sign-in?next={quote('/sign-in/again/form', safe='')}&told=kept")
    cookies.wait_for_form(answer, kept)
    return answer


async def _not_fresh(request: Request, _: Exception) -> Response:
    if _is_api(request):
        return problem(403, "Proof needed", "this needs a person who proved just now, at the console, who they are")
    back = way_back(request)
    onwards = "/sign-in/again/form" if await form_to_resend.keep(request, back) else back
    return see(request, f"/sign-in/again?next={quote(onwards, safe='')}")


async def _no_second_step(request: Request, _: Exception) -> Response:
    if _is_api(request):
        return problem(403, "Second step needed", "set up your app first, at the console: /me/second-step")
    return see(request, f"/me/second-step?next={quote(way_back(request), safe='')}")


async def _not_allowed(request: Request, failure: Exception) -> Response:
    action = failure.action if isinstance(failure, NotAllowed) else ""
    if _is_api(request):
        return problem(403, "Not allowed", f"no role of yours, or no scope of this key, allows: {action}")
    return page(request, "failure.html.j2", status=403, kind="not-allowed")


async def _forged(request: Request, _: Exception) -> Response:
    if _is_api(request):
        return problem(403, "Not from our page", "a session needs the header X-CSRF-Token; programs use a key")
    return page(request, "failure.html.j2", status=403, kind="forged")


async def _refused(request: Request, failure: Exception) -> Response:
    refusal = failure if isinstance(failure, Refusal) else Refusal(str(failure))
    if _is_api(request):
        return of_refusal(refusal, request.path_params.values())
    if status_of(refusal, request.path_params.values()) == 404:
        return page(request, "failure.html.j2", status=404, kind="missing")
    return page(request, "failure.html.j2", status=409, kind="refused", refusal=refusal)


async def _wrong_usage(request: Request, failure: Exception) -> Response:
    if _is_api(request):
        return problem(422, "Invalid", str(failure))
    return page(request, "failure.html.j2", status=422, kind="refused", refusal=Refusal(str(failure)))


async def _invalid(request: Request, failure: Exception) -> Response:
    found = failure.errors() if isinstance(failure, RequestValidationError) else []
    if _is_api(request):
        if [each["loc"] for each in found] == [("body",)] and not _says_json(request):
            return problem(415, "Unsupported Media Type", "this takes application/json: say so in Content-Type")
        problems = [{"place": ".".join(map(str, each["loc"])), "problem": each["msg"]} for each in found]
        return problem(422, "Invalid", "the request does not fit its schema", problems=problems)
    fields = [(each["loc"][-1:], in_our_words(each, see="")) for each in found]
    problems = [
        {"place": "".join(map(str, place)), "problem": what, "remedy": remedy} for place, (what, remedy) in fields
    ]
    return page(request, "failure.html.j2", status=422, kind="invalid", problems=problems)


def _says_json(request: Request) -> bool:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media == "application/json"


async def _not_kept(request: Request, failure: Exception) -> Response:
    """A field holds what PostgreSQL cannot: a NUL, a number without end."""
    log.warning("not_kept", kind=type(failure).__name__, route=_route(request.scope))
    return await _invalid(request, failure)


async def _http(request: Request, failure: Exception) -> Response:
    status = failure.status_code if isinstance(failure, HTTPException) else 500
    headers = failure.headers if isinstance(failure, HTTPException) else None
    detail = failure.detail if isinstance(failure, HTTPException) else ""
    if _is_api(request):
        known = KINDS.get(status, ("", None))[1]
        return problem(status, "Failed", known if detail == _phrase(status) else detail, headers=headers)
    shorter = own_path(request.scope["path"].rstrip("/"), "")
    if status == 404 and request.method in {"GET", "HEAD"} and shorter not in {"", request.scope["path"]}:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(quote(shorter) + query, 307)  # Starlette's own goes to whatever Host says
    return page(request, "failure.html.j2", status=status, kind="missing" if status == 404 else "http", headers=headers)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


async def _unavailable(request: Request, failure: Exception) -> Response:
    log.warning("unavailable", kind=type(failure).__name__)
    if _is_api(request):
        return problem(503, "Unavailable", "the database does not answer: try again", headers={"Retry-After": "5"})
    return page(request, "failure.html.j2", status=503, kind="unavailable", headers={"Retry-After": "5"})


async def _unforeseen(request: Request) -> Response:
    if _is_api(request):
        return problem(500, "A mistake of ours", "it is in the log of the console")
    return page(request, "failure.html.j2", status=500, kind="mistake")


def _is_api(request: Request) -> bool:
    return request.url.path.startswith(API)
