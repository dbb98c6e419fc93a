"""`/newsletters`: each newsletter, its next edition and what its dates came to; and a page for each of them.

What changes one is in `newsletters_acts`, what stands above an edition in `newsletters_editorial`, who gets it in
`newsletters_readers`, and what it is in `newsletters_define`.
"""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.admin import edition_preview
from services.admin.answers import Refusal
from services.console import newsletter_reading
from services.console.access import See
from services.console.calling import call
from services.console.desk import desk_of
from services.console.view import page
from services.domain.municipalities import PROVINCES
from services.runtime.postgres import Connection
from services.store import newsletters as store
from services.store.newsletters import NewsletterRow

FRAMED: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox",
    "x-frame-options": "SAMEORIGIN",
}
"""What readers get is shown in a frame of ours that may do nothing at all: no script, no form, no cookie of ours."""

router = APIRouter()


@router.get("/newsletters")
async def every(request: Request, who: See) -> Response:
    """All of them, with what comes next."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection:
        found = await newsletter_reading.all_shown(connection, desk.zone)
    return page(request, "newsletters.html.j2", newsletters=found, told=request.query_params.get("told"))


@router.get("/newsletters/{name}")
async def one(request: Request, who: See, name: str) -> Response:
    """What it is, when it goes out next, and what its dates came to."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection:
        row = await known(connection, name)
        found = await newsletter_reading.shown(connection, row, desk.zone)
    return page(request, "newsletter.html.j2", it=found, told=request.query_params.get("told"))


Day = Annotated[date | None, Query(alias="date")]
Which = Annotated[str, Query(max_length=100)]


@router.get("/newsletters/{name}/preview")
async def preview(
    request: Request, who: See, name: str, *, day: Day = None, audience: Which = "", province: Which = ""
) -> Response:
    """What the edition of a date would be if it were made now, for an audience; in a frame that may do nothing."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection:
        row = await known(connection, name)
        wanted = day or datetime.now(desk.zone).date()
        content = await newsletter_reading.would_be(connection, row, wanted, desk.zone)
    audiences = row.definition.audiences
    return page(
        request, "newsletters/preview.html.j2", row=row, day=wanted, content=content, audiences=audiences,
        audience=audience if audience in audiences else audiences[0], province=province,
        provinces=PROVINCES if set(row.definition.by_province) & {audience or audiences[0]} else (),
    )  # fmt: skip


@router.get("/newsletters/{name}/preview/page")
async def framed(
    request: Request, who: See, name: str, *, day: Day = None, audience: Which = "", province: Which = ""
) -> Response:
    """The versions themselves."""
    wanted = day or datetime.now(desk_of(request).zone).date()
    try:
        found = await call(edition_preview.page_of, who, name=name, day=wanted, audience=audience, province=province)
    except Refusal as refusal:
        headers = {name: value for name, value in FRAMED.items() if name == "x-frame-options"}
        return page(request, "newsletters/no_preview.html.j2", status=409, headers=headers, refusal=refusal)
    return Response(found["page"], media_type="text/html", headers=FRAMED)


async def known(connection: Connection, name: str) -> NewsletterRow:
    """The newsletter of this name. Raises 404."""
    found = await store.find(connection, name)
    if found is None:
        raise HTTPException(404)
    return found
