"""`/`: what goes on, what waits for whom, what runs."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.console.access import See
from services.console.desk import desk_of
from services.console.live import board
from services.console.view import page

router = APIRouter()


@router.get("/")
async def overview(request: Request, who: See) -> Response:
    """The first page after signing in. With scripts it follows `/live/board`; without, it has a link to reload."""
    async with desk_of(request).pool.connection() as connection:
        parts = await board.whole(connection, request.app.state.watchers.pulse)
    return page(request, "overview.html.j2", parts=parts)
