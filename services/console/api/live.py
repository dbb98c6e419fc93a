"""`/api/v1/live/…`: what changes, as it changes: server-sent events for programs, each event's data as JSON (0031)."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.console.access import See
from services.console.api.live_events import BOARD, MESSAGE
from services.console.api.problems import KINDS
from services.console.api.telling import problem
from services.console.desk import desk_of
from services.console.live.stream import stream
from services.store import messages

router = APIRouter(prefix="/api/v1/live", tags=["live"])
AGAIN: Final = "The `id` of the last event that was read: only what changed since comes. One of ours, or it is ignored."
Given = Annotated[str | None, Header(alias="Last-Event-ID", description=AGAIN, max_length=1000)]


def _answers(events: dict[str, Any], *, one: bool) -> dict[int | str, dict[str, Any]]:
    """A stream, event by event. It has no end of its own: HEARTBEAT comments come in between."""
    told = "A stream of server-sent events. First all parts as they are; then each that changed, whole."
    refused = (*((404, 422) if one else (422,)), 403, 429, 503)
    return {
        200: {"description": told, "content": {"text/event-stream": {"schema": events}}},
        **{status: problem(status) for status in refused if status in KINDS},
    }


@router.get(
    "/board",
    operation_id="GetLiveBoard",
    summary="Follow the board",
    response_model=None,
    responses=_answers(BOARD, one=False),
)
async def board(request: Request, who: See, last_event_id: Given = None) -> Response:
    """What waits, what is being sent, alarms and promises, as it changes."""
    return stream(request.app.state.watchers, who, None, last_event_id=last_event_id, wording=None)


@router.get(
    "/messages/{id}",
    operation_id="GetLiveMessagesById",
    summary="Follow a message",
    response_model=None,
    responses=_answers(MESSAGE, one=True),
)
async def message(request: Request, who: See, id: UUID, last_event_id: Given = None) -> Response:  # noqa: A002
    """How many of its recipients were reached on each channel, and its state, as it changes."""
    name = await known(request, id)
    return stream(request.app.state.watchers, who, name, last_event_id=last_event_id, wording=None)


async def known(request: Request, id_: UUID) -> UUID:
    """The message of this id. Raises 404 where there is none."""
    async with desk_of(request).pool.connection() as connection:
        if await messages.find(connection, id_) is None:
            raise HTTPException(404, "there is no message with this id")
    return id_
