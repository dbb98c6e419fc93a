"""`/sign-in/again/form`: what somebody sent before they proved who they are, or signed in again, with the button that
sends it now."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import See
from services.console.doors import cookies
from services.console.doors.form_waiting import kept, taken
from services.console.view import page

router = APIRouter()


@router.get("/sign-in/again/form")
async def show(request: Request, who: See) -> Response:
    """Where nothing waits any more: to the first page."""
    found = await kept(request, who)
    if found is None:
        return RedirectResponse("/", status_code=303)
    return page(request, "sign_in/resend_form.html.j2", kept=found.form, which=found.mark)


@router.post("/sign-in/again/form")
async def send(request: Request, who: See, which: str = "") -> Response:
    """The browser sends the same form once more, to where it was going (307 keeps it); a second press finds nothing.
    Where by now another waits than they saw, that one is shown."""
    found = await taken(request, who, which)
    if found is None:
        return RedirectResponse("/sign-in/again/form" if await kept(request, who) else "/", 303)
    answer = RedirectResponse(quote(found.path), 307)
    cookies.forget_form(answer)
    return answer
