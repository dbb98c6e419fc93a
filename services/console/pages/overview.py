"""`/`: what goes on, what waits for whom, what runs."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.console.access import See
from services.console.view import page

router = APIRouter()


@router.get("/")
async def overview(request: Request, who: See) -> Response:
    """The first page after signing in."""
    return page(request, "overview.html.j2")
