"""`/me/second-step`: the app for one's codes, set up or replaced, by who proved just now that it is them: whoever finds
an open session would else give it an app of their own."""

from typing import Annotated, Final

import pyotp
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from services.console.access import Allowed, NotFresh, Who
from services.console.desk import desk_of
from services.console.doors import second_step
from services.console.doors.entering import prove_again
from services.console.view import own_path, page
from services.store import accounts, audit, sessions

SVG: Final = "image/svg+xml"
AnyUser = Annotated[Who, Depends(Allowed("see", unfinished=True))]
Fresh = Annotated[Who, Depends(Allowed("see", unfinished=True, fresh=True))]
Field = Annotated[str, Form(max_length=2000)]
Asked = Annotated[str, Query(alias="next", max_length=2000)]
Given = Annotated[str, Form(alias="next", max_length=2000)]
router = APIRouter()


@router.get("/me/second-step")
async def show_second_step(request: Request, who: Fresh, onwards: Asked = "/me") -> Response:
    """The picture to scan."""
    secret = await _offered(request, who)
    return _second_step(request, who, secret, own_path(onwards, "/me"))


@router.get("/me/second-step/picture.svg")
async def picture(request: Request, who: Fresh) -> Response:
    """The QR code; an address of its own, because no page of ours has anything inline."""
    secret = await _offered(request, who)
    return Response(second_step.picture(secret, who.user.email), media_type=SVG)


@router.post("/me/second-step")
async def confirm_second_step(request: Request, who: AnyUser, code: Field = "", onwards: Given = "/me") -> Response:
    """Where the code is right the app counts from now on, and recovery codes are shown, once.

    Whoever takes longer with their first app is not asked again: only who saw the picture has its codes. It proves the
    app, not the person: the session is as fresh as it was.
    """
    secret = await _offered(request, who)
    async with desk_of(request).pool.connection() as connection:
        codes = await second_step.confirm(connection, who.user.id, code)
        if codes is None and not (who.session and sessions.is_fresh(who.session)):
            raise NotFresh  # the page shows the secret again
        if codes is None or who.session is None:
            return _second_step(request, who, secret, own_path(onwards, "/me"), wrong=True)
        subject = f"user:{who.user.id}"
        await audit.record(connection, actor=who.user.id, action="user.second-step", subject=subject)
        answer = page(request, "me/recovery_codes.html.j2", codes=codes, next=own_path(onwards, "/me"), app=True)
        how = "oidc" if who.session.how == "oidc" else "password"
        await prove_again(request, connection, answer, who.session, how, fresh=False)
        await sessions.end_all(connection, who.user.id, but=who.session.id)
    return answer


async def _offered(request: Request, who: Who) -> str:
    async with desk_of(request).pool.connection() as connection:
        account = await accounts.account_of(connection, who.user.id)
        if account and account.second and not (who.session and sessions.is_fresh(who.session)):
            raise NotFresh
        return await second_step.offered(connection, who.user.id)


def _second_step(request: Request, who: Who, secret: str, onwards: str, *, wrong: bool = False) -> Response:
    return page(
        request,
        "me/second_step.html.j2",
        status=422 if wrong else 200,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        address=pyotp.TOTP(secret).provisioning_uri(name=who.user.email, issuer_name="Roeland"),
        required=desk_of(request).doors.asks_second_step(who.user.roles),
        next=onwards,
        wrong=wrong,
    )
