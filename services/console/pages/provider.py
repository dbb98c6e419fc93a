"""`/sign-in/provider`: through the OpenID provider and back; its word that somebody signed out there."""

import hmac
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import Open, Who
from services.console.desk import desk_of
from services.console.doors import provided, under_way
from services.console.doors.entering import enter, prove_again
from services.console.doors.provider import NotBelieved, Provider, Said
from services.console.doors.provider_published import ProviderAway
from services.console.doors.under_way import UnderWay
from services.console.view import own_path, page
from services.store import accounts, audit, sessions
from services.store.secret_keys import signing_keys

SIGN_IN: Final = Depends(Open("whoever signs in is not signed in yet; the provider says who they are"))
PROVIDER: Final = Depends(Open("the provider says that somebody signed out; it counts with its signature alone"))
Asked = Annotated[str, Query(alias="next", max_length=2000)]
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)
router = APIRouter()


@router.get("/sign-in/provider")
async def go(
    request: Request, who: Annotated[Who | None, SIGN_IN], onwards: Asked = "/", again: bool = False
) -> Response:
    """To the provider; `again`: to prove once more who one is."""
    provider = provider_of(request)
    if provider is None:
        return RedirectResponse("/sign-in", status_code=303)
    session = who.session.id if again and who and who.session else None
    begun = under_way.begin(own_path(onwards), session)
    try:
        address = await provider.address(
            state=begun.state, nonce=begun.nonce, verifier=begun.verifier, again=session is not None
        )
    except ProviderAway as problem:
        return _away(request, begun.onwards, problem)
    answer = RedirectResponse(address, status_code=303)
    async with desk_of(request).pool.connection() as connection:
        under_way.keep(answer, await signing_keys(connection), begun)
    return answer


@router.get("/sign-in/provider/callback")
async def come_back(
    request: Request, who: Annotated[Who | None, SIGN_IN], state: str = "", code: str = "", error: str = ""
) -> Response:
    """From the provider: only the browser that went there comes back."""
    provider = provider_of(request)
    async with desk_of(request).pool.connection() as connection:
        begun = under_way.kept(request, await signing_keys(connection))
    if provider is None or begun is None or not hmac.compare_digest(state.encode(), begun.state.encode()):
        return _unwelcome(request, "not-begun")
    if error or not code:
        return _unwelcome(request, "given-up")
    try:
        said = await provider.said(code, nonce=begun.nonce, verifier=begun.verifier)
    except ProviderAway as problem:
        return _away(request, begun.onwards, problem)
    except NotBelieved as problem:
        log.warning("provider_not_believed", why=str(problem))
        return _unwelcome(request, "not-believed")
    return await (_proved_again(request, who, begun, said) if begun.again else _entered(request, provider, begun, said))


@router.post("/sign-in/provider/signed-out", dependencies=[PROVIDER])
async def signed_out(request: Request, logout_token: Annotated[str, Form(max_length=20_000)] = "") -> Response:
    """Who signed out there is signed out here (OpenID Connect Back-Channel Logout 1.0)."""
    provider, headers = provider_of(request), {"Cache-Control": "no-store"}
    try:
        session, subject = await provider.signed_out(logout_token) if provider else (None, None)
    except NotBelieved as problem:
        log.warning("provider_not_believed", why=str(problem))
        return Response(status_code=400, headers=headers)
    except ProviderAway:
        return Response(status_code=503, headers=headers)
    async with desk_of(request).pool.connection() as connection:
        if session:
            await sessions.end_at_provider(connection, session)
        elif subject and provider:
            user = await accounts.user_at_provider(connection, str(provider.settings.oidc_issuer), subject)
            await sessions.end_all(connection, user or 0)
    return Response(status_code=200, headers=headers)


def provider_of(request: Request) -> Provider | None:
    """The one that the centre has set."""
    provider: Provider | None = request.app.state.provider
    return provider


async def _entered(request: Request, provider: Provider, begun: UnderWay, said: Said) -> Response:
    answer = RedirectResponse(begun.onwards, status_code=303)
    async with desk_of(request).pool.connection() as connection:
        try:
            user = await provided.user_of(connection, said, provider.settings)
        except provided.Unwelcome as problem:
            log.warning("provider_unwelcome", why=problem.why)
            return _unwelcome(request, problem.why)
        proved = datetime.fromtimestamp(said.proved_at, UTC) if said.proved_at else LONG_AGO
        await enter(
            request,
            connection,
            answer,
            user.id,
            "oidc",
            at_provider=said.session,
            id_token=said.id_token,
            proved_at=proved,
        )
    under_way.forget(answer)
    return answer


async def _proved_again(request: Request, who: Who | None, begun: UnderWay, said: Said) -> Response:
    """Only the same person, who proved it just now, and not by having signed in there this morning."""
    provider = provider_of(request)
    if who is None or who.session is None or who.session.id != begun.again or provider is None:
        return _unwelcome(request, "not-begun")
    if said.proved_at is None or said.proved_at < begun.since - 30:
        return _unwelcome(request, "not-proved")
    answer = RedirectResponse(begun.onwards, status_code=303)
    async with desk_of(request).pool.connection() as connection:
        user = await accounts.user_at_provider(connection, str(provider.settings.oidc_issuer), said.subject)
        if user != who.user.id:
            return _unwelcome(request, "another")
        await prove_again(request, connection, answer, who.session, "oidc")
        subject, detail = f"user:{user}", {"how": "oidc", "session": who.session.id, "again": True}
        await audit.record(connection, actor=user, action="user.signed-in", subject=subject, detail=detail)
    under_way.forget(answer)
    return answer


def _away(request: Request, onwards: str, problem: ProviderAway) -> Response:
    log.warning("provider_away", why=str(problem))
    return RedirectResponse(f"/sign-in?told=away&next={quote(onwards, safe='/')}", status_code=303)


def _unwelcome(request: Request, why: str) -> Response:
    answer = page(request, "sign_in/unwelcome.html.j2", status=403, why=why)
    under_way.forget(answer)
    return answer
