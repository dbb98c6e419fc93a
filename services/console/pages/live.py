"""`/live/…`: what open pages follow, as server-sent events; `/api/v1/live/…`: the same for programs, as JSON (0031)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.console.access import See, Who
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.live.parts import Wording
from services.console.live.stream import stream
from services.console.live.subjects import Name
from services.store import messages

router = APIRouter(include_in_schema=False)
Given = Annotated[str | None, Header(alias="last-event-id")]


@router.get("/live/board")
async def board(request: Request, who: See, last_event_id: Given = None) -> Response:
    """The board: events `board`, `progress`, `trouble`, `ended`, each the HTML of its part."""
    return _stream(request, who, None, last_event_id, html=True)


@router.get("/live/messages/{message}")
async def message(request: Request, who: See, message: UUID, last_event_id: Given = None) -> Response:
    """One message: events `progress`, `state`, `trouble`, `ended`, each the HTML of its part."""
    return _stream(request, who, await _known(request, message), last_event_id, html=True)


@router.get("/api/v1/live/board")
async def board_for_programs(request: Request, who: See, last_event_id: Given = None) -> Response:
    """The board, each event's data as JSON."""
    return _stream(request, who, None, last_event_id, html=False)


@router.get("/api/v1/live/messages/{message}")
async def message_for_programs(request: Request, who: See, message: UUID, last_event_id: Given = None) -> Response:
    """One message, each event's data as JSON."""
    return _stream(request, who, await _known(request, message), last_event_id, html=False)


def _stream(request: Request, who: Who, name: Name, last_event_id: str | None, *, html: bool) -> Response:
    wording = Wording(language_of(request), desk_of(request).zone) if html else None
    return stream(request.app.state.watchers, who, name, last_event_id=last_event_id, wording=wording)


async def _known(request: Request, message: UUID) -> UUID:
    async with desk_of(request).pool.connection() as connection:
        if await messages.find(connection, message) is None:
            raise HTTPException(404, "there is no message with this id")
    return message
