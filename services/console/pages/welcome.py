"""`/welcome`: where a one-time link leads, to choose a password."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import Open
from services.console.desk import desk_of
from services.console.doors import invited, passwords
from services.console.doors.entering import enter
from services.console.view import page

INVITED: Final = Open("whoever was invited cannot sign in yet; it needs the link's token")
Field = Annotated[str, Form(max_length=2000)]
router = APIRouter()


@router.get("/welcome", dependencies=[Depends(INVITED)])
async def ask(request: Request, token: str = "") -> Response:
    """For a password, where the link still counts."""
    async with desk_of(request).pool.connection() as connection:
        user = await invited.invited(connection, token)
    return page(request, "welcome.html.j2", user=user, token=token, objection=None)


@router.post("/welcome", dependencies=[Depends(INVITED)])
async def choose(request: Request, token: Field = "", password: Field = "") -> Response:
    """Set it; who has no app yet is signed in at once."""
    async with desk_of(request).pool.connection() as connection:
        user = await invited.invited(connection, token)
        objection = passwords.objection(password, user.email) if user else None
        if user is None or objection:
            return page(request, "welcome.html.j2", status=422, user=user, token=token, objection=objection)
        welcomed = await invited.welcome(connection, token, password)
        if welcomed is None or not welcomed.enters:
            return RedirectResponse("/sign-in?told=password", status_code=303)
        answer = RedirectResponse("/", status_code=303)
        await enter(request, connection, answer, welcomed.user.id, "password-alone")
    return answer
