"""`/sign-in`, `/sign-in/again`, `/sign-out`: who one is, proved and given up."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import Allowed, Open, Who
from services.console.desk import desk_of
from services.console.doors import cookies, form_waiting, local
from services.console.doors.entering import enter, prove_again
from services.console.pages.provider import provider_of
from services.console.view import own_path, page
from services.store import accounts, audit, sessions

SIGN_IN: Final = Open("whoever signs in is not signed in yet")
AnyUser = Annotated[Who, Depends(Allowed("see", unfinished=True))]
Field = Annotated[str, Form(max_length=2000)]
Asked = Annotated[str, Query(alias="next", max_length=2000)]
Given = Annotated[str, Form(alias="next", max_length=2000)]
router = APIRouter()


@router.get("/sign-in")
async def ask(
    request: Request, who: Annotated[Who | None, Depends(SIGN_IN)], onwards: Asked = "/", told: str = ""
) -> Response:
    """With whatever the centre has set up; whoever is signed in goes on."""
    if who is not None:
        return RedirectResponse(own_path(onwards), status_code=303)
    async with desk_of(request).pool.connection() as connection:
        begun = await accounts.administrator_can_sign_in(connection)
    return _asking(request, own_path(onwards), told=told, begun=begun)


@router.post("/sign-in", dependencies=[Depends(SIGN_IN)])
async def sign_in(
    request: Request,
    email: Field = "",
    password: Field = "",
    code: Field = "",
    onwards: Given = "/",
) -> Response:
    """A session, where address, password and code are right."""
    proved = await local.prove(request, email, password, code)
    if isinstance(proved, local.NotProved):
        return _asking(request, own_path(onwards), wrong=True, wait=proved.wait, email=email)
    answer = RedirectResponse(own_path(onwards), status_code=303)
    async with desk_of(request).pool.connection() as connection:
        await enter(request, connection, answer, proved.user.id, proved.how)
    return answer


@router.get("/sign-in/again")
async def ask_again(request: Request, who: AnyUser, onwards: Asked = "/") -> Response:
    """What one is about to do needs it."""
    return await _asking_again(request, who, own_path(onwards))


@router.post("/sign-in/again")
async def sign_in_again(
    request: Request,
    who: AnyUser,
    password: Field = "",
    code: Field = "",
    onwards: Given = "/",
) -> Response:
    """The session goes on, proved anew."""
    proved = await local.prove(request, who.user.email, password, code)
    if isinstance(proved, local.NotProved) or who.session is None:
        wait = proved.wait if isinstance(proved, local.NotProved) else None
        return await _asking_again(request, who, own_path(onwards), wrong=True, wait=wait)
    answer = RedirectResponse(own_path(onwards), status_code=303)
    async with desk_of(request).pool.connection() as connection:
        how = "oidc" if who.session.how == "oidc" else proved.how
        await prove_again(request, connection, answer, who.session, how)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, who: AnyUser) -> Response:
    """The session ends, here and in every copy of its cookie; at the provider it may go on, and a page says so."""
    if who.session:
        async with desk_of(request).pool.connection() as connection:
            await sessions.end(connection, who.session.id)
            await form_waiting.forget(request, who, connection)
            detail = {"session": who.session.id}
            subject = f"user:{who.user.id}"
            await audit.record(connection, actor=who.user.id, action="user.signed-out", subject=subject, detail=detail)
    answer = _signed_out(request, who)
    cookies.sign_out(answer)
    return answer


def _signed_out(request: Request, who: Who) -> Response:
    provider = provider_of(request)
    if provider and who.session and who.session.how == "oidc":
        back = f"{desk_of(request).settings.url}/sign-in?told=signed-out"
        if leaving := provider.leaving(who.session.id_token, back):
            request.state.who = None
            return page(request, "sign_in/signed_out.html.j2", leaving=leaving)
    return RedirectResponse("/sign-in?told=signed-out", status_code=303)


async def _asking_again(
    request: Request, who: Who, onwards: str, *, wrong: bool = False, wait: timedelta | None = None
) -> Response:
    async with desk_of(request).pool.connection() as connection:
        account = await accounts.account_of(connection, who.user.id)
    provider = provider_of(request) if who.session and who.session.how == "oidc" else None
    return page(
        request,
        "sign_in/again.html.j2",
        status=(429 if wait else 422) if wrong else 200,
        next=onwards,
        wrong=wrong,
        wait=_minutes(wait),
        provider=provider.settings.name if provider else "",
        local=provider is None or (account is not None and account.password is not None),
    )


def _asking(
    request: Request,
    onwards: str,
    *,
    told: str = "",
    wrong: bool = False,
    wait: timedelta | None = None,
    email: str = "",
    begun: bool = True,
) -> Response:
    status = (429 if wait else 422) if wrong else 200
    provider = provider_of(request)
    return page(
        request,
        "sign_in.html.j2",
        status=status,
        next=onwards,
        told=told,
        wrong=wrong,
        wait=_minutes(wait),
        email=email[:254],
        begun=begun,
        provider=provider.settings.name if provider else "",
    )


def _minutes(wait: timedelta | None) -> int | None:
    """Rounded up: what somebody is told to wait."""
    return None if wait is None else int(wait.total_seconds() // 60) + 1
