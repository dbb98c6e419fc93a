"""`/settings/webhooks`: outside systems that are told what happens: added, removed, told again; and what was sent."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import webhook_secrets
from services.admin import webhooks as admin
from services.admin.answers import Refusal
from services.console.access import Allowed, Giver, Who
from services.console.calling import call
from services.console.view import page, see
from services.domain.webhooks import EVENTS

Administrator = Annotated[Who, Depends(Allowed("administer"))]
SHOWN: Final = 50

router = APIRouter(prefix="/settings/webhooks")


@router.get("")
async def listed(request: Request, who: Administrator) -> Response:
    """All of them, and the last deliveries."""
    return await _page(request, who)


@router.post("")
async def add(
    request: Request, who: Giver, *, url: Annotated[str, Form(max_length=2000)],
    event: Annotated[list[str] | None, Form()] = None, closed_titles: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """One more; the secret that we sign with is in this answer, and nowhere ever again."""
    given = {"url": url, "events": event or [], "closed_titles": closed_titles}
    try:
        made = await call(admin.add, who, url=url.strip(), events=event or _none(), closed_titles=closed_titles)
    except Refusal as refusal:
        return await _page(request, who, refusal=refusal, given=given)
    return await _page(request, who, made=made)


@router.post("/{number}/remove")
async def remove(request: Request, who: Administrator, number: int) -> Response:
    """It is told nothing more."""
    await call(admin.remove, who, id_=number)
    return see(request, "/settings/webhooks?told=removed")


@router.post("/{number}/enable")
async def enable(request: Request, who: Administrator, number: int) -> Response:
    """One that was given up is told again."""
    await call(admin.enable, who, id_=number)
    return see(request, "/settings/webhooks?told=enabled")


@router.post("/{number}/rotate")
async def rotate(
    request: Request, who: Giver, *, number: int,
    hours: Annotated[int, Form(ge=0, le=webhook_secrets.MOST_HOURS)] = webhook_secrets.HOURS,
) -> Response:  # fmt: skip
    """Another secret, in this answer and nowhere ever again; the former one signs beside it for so many hours."""
    made = await call(webhook_secrets.rotate, who, id_=number, hours=hours)
    return await _page(request, who, made=made)


@router.post("/{number}/test")
async def test(request: Request, who: Administrator, number: int) -> Response:
    """Send it something now, and say what it answered."""
    try:
        await call(admin.test, who, id_=number)
    except Refusal as refusal:
        return await _page(request, who, refusal=refusal)
    return see(request, "/settings/webhooks?told=tested")


@router.post("/deliveries/{delivery}/resend")
async def resend(request: Request, who: Administrator, delivery: str) -> Response:
    """Send it once more."""
    await call(admin.resend, who, id_=delivery)
    return see(request, "/settings/webhooks?told=resent")


def _none() -> list[str]:
    raise Refusal("choose at least one thing that it is told of")


async def _page(
    request: Request, who: Who, *, made: dict[str, Any] | None = None, refusal: Refusal | None = None,
    given: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    found = await call(admin.list_, who)
    sent = await call(admin.deliveries, who, webhook=None, failed=False, limit=SHOWN)
    return page(
        request, "settings/webhooks.html.j2", status=409 if refusal else 200, webhooks=found, deliveries=sent,
        made=made, refusal=refusal, given=given or {"url": "", "events": list(EVENTS), "closed_titles": False},
        events=EVENTS, told=request.query_params.get("told"),
    )  # fmt: skip
