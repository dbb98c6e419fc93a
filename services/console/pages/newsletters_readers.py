"""Who gets a newsletter, and who does not want it: unsubscribed and subscribed again for who asks the cell for that."""

from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from services.admin import subscribers
from services.console.access import Allowed, See, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.newsletters import known
from services.console.view import page, see
from services.store import subscriptions

Keeper = Annotated[Who, Depends(Allowed("keep-newsletters"))]
ON_A_PAGE: Final = 100

router = APIRouter(prefix="/newsletters/{name}/readers")


@router.get("")
async def readers(
    request: Request, who: See, name: str, unsubscribed: Annotated[bool, Query()] = False,
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:  # fmt: skip
    """A page of them, by external id."""
    async with desk_of(request).pool.connection() as connection:
        row = await known(connection, name)
        found = await subscriptions.subscribers(
            connection, row.id, unsubscribed=unsubscribed, after=after, most=ON_A_PAGE + 1
        )
        wanted, unwanted = await subscriptions.counts(connection, row.id)
    more = found[ON_A_PAGE - 1].external_id if len(found) > ON_A_PAGE else ""
    return page(
        request, "newsletters/readers.html.j2", row=row, readers=found[:ON_A_PAGE], unsubscribed=unsubscribed,
        after=after, more=more and urlencode({"unsubscribed": unsubscribed, "after": more}), wanted=wanted,
        unwanted=unwanted, told=request.query_params.get("told"),
    )  # fmt: skip


@router.post("")
async def change(
    request: Request, who: Keeper, name: str, contact: Annotated[str, Form(max_length=200)],
    wanted: Annotated[bool, Form()],
) -> Response:  # fmt: skip
    """End it for somebody who asked for that, or let them have it again."""
    command = subscribers.resubscribe if wanted else subscribers.unsubscribe
    await call(command, who, name=name, external_id=[contact.strip()])
    told = "resubscribed" if wanted else "unsubscribed"
    where = urlencode({"unsubscribed": not wanted, "told": told})
    return see(request, f"/newsletters/{quote(name, safe='')}/readers?{where}")
