"""`/settings/duty`: who is called when a message waits for approval, in which order, from when until when."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import duty
from services.admin.answers import Refusal, WrongUsage
from services.console.access import Allowed, Who
from services.console.api.of_people import SHOWN_DUTY
from services.console.api.versions import changing, turn
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.incidents import refuse_changed
from services.console.view import page, see
from services.domain.identity import MAY
from services.store import users

Administrator = Annotated[Who, Depends(Allowed("administer"))]
PLACES: Final = 5
SHOWN: Final = 20

router = APIRouter(prefix="/settings/duty")


@router.get("")
async def shown(request: Request, who: Administrator) -> Response:
    """Who is on duty now, and what was set."""
    return await _page(request, who)


@router.post("")
async def set_(  # noqa: PLR0917 - the fields of its form
    request: Request, who: Administrator, email: Annotated[list[str] | None, Form()] = None,
    since: Annotated[str, Form(alias="from", max_length=40)] = "", until: Annotated[str, Form(max_length=40)] = "",
    seen: Annotated[str | None, Form(max_length=40)] = None,
) -> Response:  # fmt: skip
    """These, in this order, from then until then. `seen`: when the duty on the page was set; two may set it at once."""
    emails = [each for each in email or () if each.strip()]
    given = {"emails": emails, "from": since, "until": until}
    try:
        async with changing(request) as connection:
            await turn(connection, SHOWN_DUTY)
            refuse_changed(seen, _set_at(await call(duty.show, who, at=None)))
            times = {"since": since.strip() or None, "until": until.strip() or None}
            await call(duty.set_, who, email=emails or _nobody(), **times)
    except (Refusal, WrongUsage) as why:
        refusal = why if isinstance(why, Refusal) else Refusal(str(why))
        return await _page(request, who, refusal=refusal, given=given)
    return see(request, "/settings/duty?told=set")


def _set_at(shown: Mapping[str, Any]) -> str:
    return shown["changed_at"] or "never"


def _nobody() -> list[str]:
    raise Refusal("choose at least one person")


async def _page(
    request: Request, who: Who, *, refusal: Refusal | None = None, given: dict[str, Any] | None = None
) -> Response:
    now = await call(duty.show, who, at=None)
    history = await call(duty.history, who, limit=SHOWN)
    async with desk_of(request).pool.connection() as connection:
        able = await users.with_role(connection, MAY["approve"])
    return page(
        request, "settings/duty.html.j2", status=409 if refusal else 200, now_on=now, history=history, able=able,
        places=PLACES, refusal=refusal, seen=_set_at(now), given=given or {"emails": [], "from": "", "until": ""},
        told=request.query_params.get("told"),
    )  # fmt: skip
