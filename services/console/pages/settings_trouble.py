"""What is wrong, and what to do about it: alarms, the check of the whole set-up, and records that nobody could read."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.admin import dead_letters as admin_letters
from services.admin.answers import Answer, as_plain, lines
from services.console.access import Allowed, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.remedies import details, remedy
from services.console.view import page, see
from services.store import alarms, dead_letters

Administrator = Annotated[Who, Depends(Allowed("administer"))]
LATELY: Final = timedelta(days=1)

router = APIRouter(prefix="/settings")


@router.get("/alarms")
async def standing(request: Request, who: Administrator) -> Response:
    """The alarms that stand, and those of the last day."""
    async with desk_of(request).pool.connection() as connection:
        found = await alarms.rung(connection, cleared_within=LATELY)
    language = language_of(request)
    return page(
        request, "settings/alarms.html.j2", alarms=found, remedy=lambda kind: remedy(kind, language),
        details=lambda known: details(known, language),
    )  # fmt: skip


@router.get("/check")
async def check(request: Request, who: Administrator) -> Response:
    """Before it is run: it asks every server that a message needs, which may take half a minute."""
    if "run" not in request.query_params:
        return page(request, "settings/check.html.j2", found=None)
    found = await call(_examined, who)
    part = request.headers.get("hx-request")
    return page(request, "settings/check_found.html.j2" if part else "settings/check.html.j2", found=found)


@router.get("/dead-letters")
async def letters(request: Request, who: Administrator) -> Response:
    """Where each stood, and why it could not be read; not what it holds, which may be about people."""
    async with desk_of(request).pool.connection() as connection:
        found = await dead_letters.recent(connection, limit=200)
    return page(request, "settings/dead_letters.html.j2", letters=found, told=request.query_params.get("told"))


@router.post("/dead-letters/{number}/replay")
async def replay(request: Request, who: Administrator, number: int) -> Response:
    """Put it back on its topic, as it was."""
    await call(admin_letters.replay, who, id=number)
    return see(request, "/settings/dead-letters?told=replayed")


async def _examined() -> Answer:
    from services.admin.checks import examine

    found: Any = as_plain(await examine())
    return Answer(found, lines())
