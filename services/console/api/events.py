"""`POST /api/v1/events`: CloudEvents from outside systems, taken when they are durable (docs/events.md).

What they lead to is decided afterwards (`services.console.outside`): whoever sends waits for nothing but the record.
"""

import asyncio
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from services.console.access import Open
from services.console.api.events_door import SIGNED, rates_of, sender_of
from services.console.api.events_reading import NotTaken, read_events
from services.console.api.problems import problem
from services.console.client import network_of
from services.console.desk import desk_of
from services.domain.cloud_events import BATCH, STRUCTURED, CloudEvent, Document
from services.domain.problems import Problem
from services.store import outside_events
from services.store.sources import Source

BODY_SECONDS: Final = 10.0
"""For all of a body: whoever sends slower is cut off."""

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/api/v1", tags=["events"])


class Taken(BaseModel):
    """One event that is durable. `new`: false when it was taken before, and nothing more happens."""

    source: str = Field(examples=["/monitoring/alerts"])
    id: str = Field(examples=["4711"])
    new: bool = True


class EventsTaken(BaseModel):
    """All events of the request, in their order."""

    accepted: int = Field(examples=[1])
    events: list[Taken]


EXAMPLE: Final = {
    "specversion": "1.0", "id": "4711", "source": "/monitoring/alerts", "type": "be.example.monitoring.alert",
    "time": "2026-11-26T03:12:00Z", "subject": "mail-gateway",
    "data": {"title": "Mail gateway down", "severity": "critical", "service": "mail-gateway"},
}  # fmt: skip


class ProblemDocument(BaseModel):
    """RFC 9457. `problems`: places, what is wrong there, and the remedy."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    problems: list[dict[str, Any]] = Field(default_factory=list)


def _documented(why: str) -> dict[str, Any]:
    schema = {"application/problem+json": {"schema": ProblemDocument.model_json_schema()}}
    return {"description": why, "content": schema}


ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: _documented("Not JSON, or not what the headers say."),
    401: _documented("No key of a source that stands, or a signature that does not fit, or is too old."),
    403: _documented("This source may not send events of this type, or with this `source`."),
    408: _documented("The body did not come in time."),
    409: _documented("Another event has this `source` and `id`. Nothing was taken."),
    413: _documented("Larger than may be: 64 kB for an event, 256 kB and 100 events for a batch."),
    415: _documented("Neither structured, nor binary, nor a batch."),
    422: _documented("No CloudEvent of version 1.0: each place, and what is wrong there. Nothing was taken."),
    429: _documented("More events a minute than ROELAND_EVENTS_PER_MINUTE; Retry-After says when to try again."),
    503: _documented("PostgreSQL is away: nothing was taken. Send it again, with the same id."),
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED: {"schema": CloudEvent.model_json_schema(), "example": EXAMPLE},
            BATCH: {
                "schema": {"type": "array", "maxItems": 100, "items": CloudEvent.model_json_schema()},
                "example": [EXAMPLE],
            },
        },
    },
    "security": [{"source": []}],
}


@router.post(
    "/events",
    status_code=202,
    response_model=EventsTaken,
    responses=ANSWERS,
    openapi_extra=BODY,
    dependencies=[Depends(Open("outside systems prove themselves by a token or signature of their own"))],
)
async def take_events(request: Request) -> Response:
    """Take CloudEvents, structured, binary or in a batch: all of them or none. 202 once they are durable; the same
    `source` and `id` again is 202 once more, and does nothing.
    """
    try:
        body = await _body(request)
        sender = await _sender(request, body)
        signed = sender.secret is not None
        events, batch = read_events(request.headers, body, signed=signed)
        _in_scope(sender, events, batch=batch)
        _at_its_rate(request, sender, len(events))
        new = await _kept(request, sender, events, batch=batch)
    except NotTaken as why:
        return _told(request, why)
    log.info("events_taken", sender=sender.name, events=len(events), new=sum(new))
    taken = [Taken(source=e["source"], id=e["id"], new=n) for e, n in zip(events, new, strict=True)]
    return JSONResponse(EventsTaken(accepted=len(taken), events=taken).model_dump(), 202)


async def _body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.body()
    except TimeoutError:
        raise NotTaken(408, "Request Timeout", f"the body took longer than {BODY_SECONDS:.0f} s") from None
    except ClientDisconnect:
        raise NotTaken(400, "Unreadable", "the body ended too soon") from None


async def _sender(request: Request, body: bytes) -> Source:
    _, strangers = rates_of(desk_of(request), request)
    found = await sender_of(request, body)
    if found is not None:
        return found
    if wait := strangers.wait(network_of(request)):
        raise NotTaken(429, "Too Many Requests", str(wait))
    gave = "authorization" in request.headers or any(name in request.headers for name in SIGNED)
    why = "this key is unknown, revoked or expired, or its signature does not fit" if gave else "give a source's key"
    raise NotTaken(401, "Not known", f"{why}: Authorization: Bearer …, or webhook-id, -timestamp and -signature")


def _in_scope(sender: Source, events: list[Document], *, batch: bool) -> None:
    outside = [
        Problem(
            f"events[{place}]" if batch else "body",
            f"This source may not send {event['type'][:100]} with the source {event['source'][:100]}.",
            "An administrator gives it another scope: `roeland sources add`.",
        )
        for place, event in enumerate(events)
        if not sender.may_send(event)
    ]
    if outside:
        raise NotTaken(403, "Not allowed", "outside of what this source may send; nothing was taken", tuple(outside))


def _at_its_rate(request: Request, sender: Source, events: int) -> None:
    known, _ = rates_of(desk_of(request), request)
    if wait := known.wait(str(sender.id), events):
        raise NotTaken(429, "Too Many Requests", str(wait))


async def _kept(request: Request, sender: Source, events: list[Document], *, batch: bool) -> list[bool]:
    async with desk_of(request).pool.connection() as connection:
        new, others = await outside_events.keep(connection, sender.id, events)
        if others:
            await connection.rollback()
            told = tuple(
                Problem(
                    f"events[{place}].id" if batch else "id",
                    "Another event has this source and id.",
                    "Give a new event a new id; send an event again exactly as it was.",
                )
                for place in others
            )
            raise NotTaken(409, "Another event", "the same id with another content; nothing was taken", told)
    return new  # committed: durable


def _told(request: Request, why: NotTaken) -> Response:
    if why.status == 429:
        again = {"Retry-After": why.detail}
        return problem(429, why.title, f"try again in {why.detail} s", headers=again)
    headers = {"WWW-Authenticate": "Bearer"} if why.status == 401 else {}
    log.info("events_refused", status=why.status, path=request.url.path)
    return problem(why.status, why.title, why.detail, problems=why.problems, headers=headers)
