"""`/me`: one's own account: what one is signed in with, password, recovery codes."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import Allowed, See, Who
from services.console.desk import desk_of
from services.console.doors import browsers, passwords, second_step
from services.console.doors.entering import prove_again
from services.console.view import page
from services.store import accounts, audit, sessions

Fresh = Annotated[Who, Depends(Allowed("see", fresh=True))]
Field = Annotated[str, Form(max_length=2000)]
TOLD: Final = frozenset({"password", "ended"})
router = APIRouter()


@router.get("/me")
async def me(request: Request, who: See, told: str = "") -> Response:
    """Everything about it on one page."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection:
        account = await accounts.account_of(connection, who.user.id)
        standing = await sessions.standing_of(
            connection, who.user.id, idle=desk.doors.idle, absolute=desk.doors.absolute
        )
        left = await accounts.recovery_codes_left(connection, who.user.id)
    return page(
        request,
        "me.html.j2",
        told=told if told in TOLD else "",
        account=account,
        standing=[(each, browsers.called(each.agent)) for each in standing],
        codes_left=left,
    )


@router.post("/me/sessions/{session}/end")
async def end_session(request: Request, who: See, session: int) -> Response:
    """One of one's own: another's is not there."""
    async with desk_of(request).pool.connection() as connection:
        if await sessions.end_one_of(connection, who.user.id, session):
            subject, detail = f"user:{who.user.id}", {"session": session}
            await audit.record(connection, actor=who.user.id, action="user.signed-out", subject=subject, detail=detail)
    return RedirectResponse("/me?told=ended", status_code=303)


@router.post("/me/sessions/end-others")
async def end_others(request: Request, who: See) -> Response:
    """All but this one."""
    async with desk_of(request).pool.connection() as connection:
        ended = await sessions.end_all(connection, who.user.id, but=who.session.id if who.session else None)
        subject, detail = f"user:{who.user.id}", {"sessions": ended}
        await audit.record(connection, actor=who.user.id, action="user.signed-out", subject=subject, detail=detail)
    return RedirectResponse("/me?told=ended", status_code=303)


@router.get("/me/password")
async def ask_password(request: Request, who: Fresh) -> Response:
    """For a new one, from who just proved that it is them."""
    return page(request, "me/password.html.j2", objection=None)


@router.post("/me/password")
async def change_password(request: Request, who: Fresh, password: Field = "") -> Response:
    """Every other session ends, and this one goes on under a new token."""
    objection = passwords.objection(password, who.user.email)
    if objection or who.session is None:
        return page(request, "me/password.html.j2", status=422, objection=objection)
    kept = await passwords.hashed(password)
    answer = RedirectResponse("/me?told=password", status_code=303)
    async with desk_of(request).pool.connection() as connection:
        await accounts.set_password(connection, who.user.id, kept)
        await sessions.end_all(connection, who.user.id, but=who.session.id)
        await prove_again(request, connection, answer, who.session, who.session.how)
        subject = f"user:{who.user.id}"
        await audit.record(connection, actor=who.user.id, action="user.password", subject=subject)
    return answer


@router.post("/me/recovery-codes")
async def new_codes(request: Request, who: Fresh) -> Response:
    """Ten new ones, shown once."""
    async with desk_of(request).pool.connection() as connection:
        codes = await second_step.new_recovery_codes(connection, who.user.id)
        subject = f"user:{who.user.id}"
        await audit.record(connection, actor=who.user.id, action="user.recovery-codes", subject=subject)
    return page(request, "me/recovery_codes.html.j2", codes=codes, next="/me", app=False)
