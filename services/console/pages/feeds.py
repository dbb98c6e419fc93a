"""`/feeds`: the address of every audience's feed, who was given one by name, and who is called at each change.

The addresses of closed feeds are secrets: only an administrator sees and makes them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import feed_subscribers, feeds
from services.admin.answers import Refusal
from services.console.access import Allowed, Giver, See, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.view import page, see
from services.store import feed_tokens, websub
from services.store.feeds import PUBLIC

Administrator = Annotated[Who, Depends(Allowed("administer"))]

router = APIRouter()


@router.get("/feeds")
async def overview(request: Request, who: See) -> Response:
    """What there is to read, and who reads it."""
    return await _page(request, who)


@router.post("/feeds/tokens")
async def give(
    request: Request, who: Giver, audience: Annotated[str, Form()], name: Annotated[str, Form(max_length=200)]
) -> Response:
    """An address for one reader: in this answer, and nowhere ever again."""
    try:
        made = await call(feeds.add, who, audience=audience, name=name)
    except Refusal as refusal:
        return await _page(request, who, refusal=refusal, given={"audience": audience, "name": name})
    return await _page(request, who, made=made)


@router.post("/feeds/tokens/{number}/revoke")
async def revoke(request: Request, who: Administrator, number: int) -> Response:
    """That address leads nowhere any more."""
    await call(feeds.revoke, who, id_=number)
    return see(request, "/feeds?told=revoked")


@router.post("/feeds/{audience}/renew")
async def renew(request: Request, who: Administrator, audience: str) -> Response:
    """Another address for everybody who reads this feed."""
    await call(feeds.renew, who, audience=audience)
    return see(request, "/feeds?told=renewed")


@router.post("/feeds/subscriptions/{number}/end")
async def end(request: Request, who: Administrator, number: int) -> Response:
    """Call them no more."""
    await call(feed_subscribers.unsubscribe, who, id_=number)
    return see(request, "/feeds?told=ended")


async def _page(
    request: Request, who: Who, *, made: dict[str, Any] | None = None, refusal: Refusal | None = None,
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    desk, may = desk_of(request), who.may("administer")
    try:
        urls = {each["audience"]: each["url"] for each in await call(feeds.urls, who, incident=None, form="atom")}
        no_urls = None
    except Refusal as why:
        urls, no_urls = {}, why
    async with desk.pool.connection() as connection:
        tokens = await feed_tokens.listed(connection)
        subscribers = await websub.listed(connection)
    return page(
        request, "feeds.html.j2", status=409 if refusal else 200, no_urls=no_urls, made=made, refusal=refusal,
        urls={audience: url if may or audience == PUBLIC else None for audience, url in urls.items()},
        tokens=tokens, subscribers=subscribers, given=given or {}, public=PUBLIC,
        told=request.query_params.get("told"),
    )  # fmt: skip
