"""What somebody chooses for themselves on this device: language and theme. Not tied to who they are."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import Open
from services.console.languages import COOKIE, LANGUAGES
from services.console.view import THEMES, own_path

YEAR: Final = 365 * 24 * 3600
router = APIRouter()


@router.post("/choices", dependencies=[Depends(Open("changes nothing but how pages look on this device"))])
async def choose(
    request: Request,
    back: Annotated[str, Form()] = "/",
    language: Annotated[str | None, Form()] = None,
    theme: Annotated[str | None, Form()] = None,
) -> Response:
    """Keep the choice in a cookie, and go back."""
    answer = RedirectResponse(own_path(back), status_code=303)
    secure = request.url.scheme == "https"
    if language in LANGUAGES:
        answer.set_cookie(COOKIE, str(language), max_age=YEAR, httponly=True, samesite="lax", secure=secure)
    if theme in THEMES:
        answer.set_cookie("theme", str(theme), max_age=YEAR, httponly=True, samesite="lax", secure=secure)
    elif theme is not None:
        answer.delete_cookie("theme")
    return answer
