"""`/settings/users`: who may act, in which roles; and one of them: roles, mobile number, disabled or not."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.admin import users as admin
from services.admin.answers import Refusal
from services.console.access import Allowed, Giver, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.view import page, see
from services.domain.contact_fields import masked
from services.domain.identity import ROLES
from services.store import audit, sessions, users
from services.store.kept_roles import administrator_kept
from services.store.users import User

Administrator = Annotated[Who, Depends(Allowed("administer"))]
Email = Annotated[str, Form(max_length=320)]
Roles = Annotated[list[str] | None, Form()]
Mobile = Annotated[str, Form(max_length=40)]

router = APIRouter(prefix="/settings/users")


@router.get("")
async def everybody(request: Request, who: Administrator) -> Response:
    """All of them, and a form for one more."""
    return await _list(request)


@router.post("")
async def add(
    request: Request, who: Giver, email: Email, role: Roles = None, mobile: Mobile = ""
) -> Response:  # fmt: skip
    """One more. Somebody who is there already is changed on a page of their own, not here by a slip."""
    given = {"email": email, "roles": role or [], "mobile": mobile}
    try:
        await _refuse_known(request, email.strip())
        made = await call(admin.add, who, email=email, role=_some(role), mobile=mobile.strip() or None)
    except Refusal as refusal:
        return await _list(request, refusal=refusal, given=given)
    return see(request, f"/settings/users/{made['id']}?{urlencode({'told': 'added'})}")


@router.get("/{number}")
async def one(request: Request, who: Administrator, number: int) -> Response:
    """One of them."""
    return await _one(request, await _known(request, number))


@router.post("/{number}/roles")
async def set_roles(
    request: Request, who: Giver, number: int, role: Roles = None, seen: Annotated[str | None, Form()] = None
) -> Response:  # fmt: skip
    """These roles and no others, from the next thing they do on; who was disabled may act again. `seen`: the roles that
    stood on the page, for two may change them at once."""
    user = await _known(request, number)
    try:
        _refuse_changed(user, seen)
        await call(admin.add, who, email=user.email, role=_some(role), mobile=None)
    except Refusal as refusal:
        return await _one(request, user, refusal=refusal)
    return see(request, f"/settings/users/{number}?told=roles")


@router.post("/{number}/mobile")
async def set_mobile(request: Request, who: Administrator, number: int, mobile: Mobile = "") -> Response:
    """Where notices go by SMS; empty: by mail alone."""
    user, wanted = await _known(request, number), mobile.strip() or None
    try:
        await call(admin.mobile, who, email=user.email, number=wanted, none=wanted is None)
    except Refusal as refusal:
        return await _one(request, user, refusal=refusal)
    return see(request, f"/settings/users/{number}?told=mobile")


@router.post("/{number}/disable")
async def disable(request: Request, who: Administrator, number: int) -> Response:
    """From now on nothing that they do counts, and they are signed in nowhere."""
    user = await _known(request, number)
    try:
        await call(admin.disable, who, email=user.email)
    except Refusal as refusal:
        return await _one(request, user, refusal=refusal)
    return see(request, f"/settings/users/{number}?told=disabled")


@router.post("/{number}/invite")
async def invite(
    request: Request, who: Giver, number: int, anew: Annotated[bool, Form()] = False
) -> Response:  # fmt: skip
    """A link with which they choose a password: in this answer, and nowhere ever again."""
    user = await _known(request, number)
    try:
        made = await call(admin.invite, who, email=user.email, anew=anew)
    except Refusal as refusal:
        return await _one(request, user, refusal=refusal)
    return await _one(request, user, link=made["link"])


@router.post("/{number}/sessions/{session}/end")
async def end_session(request: Request, who: Administrator, number: int, session: int) -> Response:
    """They are signed out there, from the next thing that they ask."""
    user = await _known(request, number)
    async with desk_of(request).pool.connection() as connection:
        if await sessions.end_one_of(connection, user.id, session):
            await audit.record(
                connection, actor=who.user.id, action="session.ended", subject=f"user:{user.id}",
                detail={"session": session},
            )  # fmt: skip
    return see(request, f"/settings/users/{number}?told=signed-out")


async def _refuse_known(request: Request, email: str) -> None:
    async with desk_of(request).pool.connection() as connection:
        if there := await users.find_user(connection, email):
            raise Refusal(f"{there.email} is a user already")


def _refuse_changed(user: User, seen: str | None) -> None:
    if seen is not None and seen.split() != (sorted(user.roles) or ["-"]):  # an empty field would be none
        raise Refusal("somebody changed these roles meanwhile: look at them again")


def _some(roles: list[str] | None) -> list[str]:
    if not roles:
        raise Refusal("choose at least one role; who may do nothing any more is disabled")
    return roles


async def _list(request: Request, *, refusal: Refusal | None = None, given: dict[str, Any] | None = None) -> Response:
    async with desk_of(request).pool.connection() as connection:
        found, kept = await users.all_users(connection), await administrator_kept(connection)
    return page(
        request, "settings/users.html.j2", status=409 if refusal else 200, users=found, roles=ROLES, refusal=refusal,
        given=given or {"email": "", "roles": [], "mobile": ""}, masked=masked, kept=kept,
    )  # fmt: skip


async def _one(
    request: Request, user: User, *, refusal: Refusal | None = None, link: str | None = None
) -> Response:  # fmt: skip
    doors = desk_of(request).doors
    async with desk_of(request).pool.connection() as connection:
        signed_in = await sessions.standing_of(connection, user.id, idle=doors.idle, absolute=doors.absolute)
        kept = await administrator_kept(connection)
    return page(
        request, "settings/user.html.j2", status=409 if refusal else 200, user=user, roles=ROLES, refusal=refusal,
        sessions=() if user.disabled_at else signed_in, mobile=masked(user.mobile), link=link,
        told=request.query_params.get("told"), kept=kept == user.id,
    )  # fmt: skip


async def _known(request: Request, number: int) -> User:
    async with desk_of(request).pool.connection() as connection:
        found = await users.user_by_id(connection, number) if number < 2**63 else None
    if found is None:
        raise HTTPException(404)
    return found
