"""`/first-start`: the first administrator; `/check-list`: what is ready, and what is still to do."""

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.console.access import Allowed, Open, Who
from services.console.desk import desk_of
from services.console.doors import first_start, passwords
from services.console.doors.entering import enter
from services.console.languages import catalogue, language_of
from services.console.view import page
from services.domain.contact_fields import Unusable
from services.domain.contact_fields import email as checked

if TYPE_CHECKING:
    from services.admin.checks import Found

FIRST: Final = Open("nobody can sign in yet; it needs a token from the log")
LISTED: Final = {
    "database": "Database",
    "Kafka": "Kafka",
    "mail relay": "Mail relay",
    "Twilio": "SMS",
    "public address": "Public address",
    "services": "Services",
    "contacts": "Contacts",
}
"""The checks of `roeland doctor` that are shown, and what they are called."""

SECONDS: Final = 5.0
"""Nobody looks at an empty page for longer."""

Field = Annotated[str, Form(max_length=2000)]
router = APIRouter()


@router.get("/first-start", dependencies=[Depends(FIRST)])
async def ask(request: Request, token: str = "") -> Response:
    """For the token, an address and a password."""
    async with desk_of(request).pool.connection() as connection:
        over = await first_start.is_over(connection)
    return _asking(request, over=over, token=token[:200])


@router.post("/first-start", dependencies=[Depends(FIRST)])
async def begin(request: Request, token: Field = "", email: Field = "", password: Field = "") -> Response:
    """The first administrator, who is then signed in."""
    address = _address(email)
    objection = passwords.objection(password, email)
    if address is None or objection:
        return _asking(request, status=422, token=token, email=email, objection=objection, bad_address=address is None)
    answer = RedirectResponse("/check-list", status_code=303)
    async with desk_of(request).pool.connection() as connection:
        user = await first_start.make_administrator(connection, token.strip(), address, password)
        if user:
            await enter(request, connection, answer, user.id, "password-alone")
            return answer
        over = await first_start.is_over(connection)
    return _asking(request, status=422, over=over, wrong=True, token=token, email=email)


@router.get("/check-list")
async def check_list(request: Request, who: Annotated[Who, Depends(Allowed("administer"))]) -> Response:
    """What `roeland doctor` found."""
    from services.admin.checks import examine  # with what it needs, a quarter of what the console takes to start

    words = catalogue(language_of(request))
    found = await examine(LISTED, seconds=SECONDS)
    return page(
        request, "check_list.html.j2", checks=[_named(each, words.gettext(LISTED[each.what])) for each in found]
    )


def _named(found: "Found", name: str) -> dict[str, str]:
    return {"name": name, "state": found.state, "found": found.found, "remedy": found.remedy}


def _address(email: str) -> str | None:
    try:
        return (checked(email.strip()) or "").lower() or None
    except Unusable:
        return None


def _asking(
    request: Request,
    *,
    status: int = 200,
    over: bool = False,
    wrong: bool = False,
    token: str = "",
    email: str = "",
    objection: str | None = None,
    bad_address: bool = False,
) -> Response:
    return page(
        request,
        "first_start.html.j2",
        status=status,
        over=over,
        wrong=wrong,
        token=token,
        email=email,
        objection=objection,
        bad_address=bad_address,
    )
