"""`/live/…`: what open pages follow, as server-sent events, in parts of HTML (0031). For programs: `api/live.py`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from services.console.access import See, Who
from services.console.api.live import known
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.live.parts import Wording
from services.console.live.stream import stream
from services.console.live.subjects import Name

router = APIRouter(include_in_schema=False)
Given = Annotated[str | None, Header(alias="last-event-id")]


@router.get("/live/board")
async def board(request: Request, who: See, last_event_id: Given = None) -> Response:
    """The board: events `board`, `progress`, `trouble`, `ended`, each the HTML of its part."""
    return _stream(request, who, None, last_event_id)


@router.get("/live/messages/{message}")
async def message(request: Request, who: See, message: UUID, last_event_id: Given = None) -> Response:
    """One message: events `progress`, `state`, `trouble`, `ended`, each the HTML of its part."""
    return _stream(request, who, await known(request, message), last_event_id)


def _stream(request: Request, who: Who, name: Name, last_event_id: str | None) -> Response:
    wording = Wording(language_of(request), desk_of(request).zone)
    return stream(request.app.state.watchers, who, name, last_event_id=last_event_id, wording=wording)
