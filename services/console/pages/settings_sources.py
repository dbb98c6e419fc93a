"""`/settings/sources`: outside systems that may send events, each with a key that is shown once; and what they sent."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import sources as admin
from services.admin.answers import Refusal
from services.console.access import Allowed, Giver, Who
from services.console.calling import call
from services.console.view import page, see

Administrator = Annotated[Who, Depends(Allowed("administer"))]
Text = Annotated[str, Form(max_length=600)]
SHOWN = 50

router = APIRouter(prefix="/settings/sources")


@router.get("")
async def listed(request: Request, who: Administrator) -> Response:
    """All of them, and the last events."""
    return await _page(request, who)


@router.post("")
async def add(
    request: Request, who: Giver, *, name: Text, types: Text, how: Text = "bearer", prefix: Text = "",
    days: Text = "",
) -> Response:  # fmt: skip
    """One more; its key is in this answer, and nowhere ever again."""
    given = {"name": name, "types": types, "how": how, "prefix": prefix, "days": days}
    try:
        made = await call(
            admin.add, who, name=name.strip(), types=types.replace(",", " ").split() or _no_type(),
            bearer=how != "signed", signed=how == "signed", prefix=prefix.strip(), days=_days(days),
        )  # fmt: skip
    except Refusal as refusal:
        return await _page(request, who, refusal=refusal, given=given)
    return await _page(request, who, made=made)


@router.post("/revoke")
async def revoke(request: Request, who: Administrator, name: Text) -> Response:
    """From now on nothing of it is taken."""
    await call(admin.revoke, who, name=name)
    return see(request, "/settings/sources?told=revoked")


@router.post("/events/{number}/replay")
async def replay(request: Request, who: Administrator, number: int) -> Response:
    """Map it again, by the mapping as it is now."""
    await call(admin.replay, who, id_=number)
    return see(request, "/settings/sources?told=replayed")


def _no_type() -> list[str]:
    raise Refusal("name at least one type of event that it may send")


def _days(written: str) -> int | None:
    if not written.strip():
        return None
    if not (written.strip().isascii() and written.strip().isdigit() and 1 <= int(written) <= 3650):
        raise Refusal("days are a number from 1 to 3650; empty: until it is revoked")
    return int(written)


async def _page(
    request: Request, who: Who, *, made: dict[str, Any] | None = None, refusal: Refusal | None = None,
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    found = await call(admin.list_, who)
    events = await call(admin.events, who, failed=False, limit=SHOWN)
    return page(
        request, "settings/sources.html.j2", status=409 if refusal else 200, sources=found, events=events, made=made,
        refusal=refusal, given=given or {}, told=request.query_params.get("told"),
    )  # fmt: skip
