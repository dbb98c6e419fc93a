"""Which events a request holds: in structured, binary or batch mode of CloudEvents over HTTP."""

from typing import Any, Final

from starlette.datastructures import Headers

from services.domain.cloud_events import (
    AT_ONCE,
    BATCH,
    EVENT_BYTES,
    STRUCTURED,
    Document,
    Unreadable,
    charset_of,
    from_headers,
    problems_in,
    read_json,
    size,
)
from services.domain.problems import Problem

MODES: Final = f"{STRUCTURED}, {BATCH}, or any content type with ce- headers"


class NotTaken(Exception):
    """Why nothing of it was taken, as a problem document says it."""

    def __init__(self, status: int, title: str, detail: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.problems = status, title, detail, problems


def read_events(headers: Headers, body: bytes, *, signed: bool) -> tuple[list[Document], bool]:
    """The events, none of them wrong, and whether they came as a batch. Raises `NotTaken`."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in {STRUCTURED, BATCH} and charset_of(headers.get("content-type", "")) not in {"", "utf-8", "utf8"}:
        raise NotTaken(415, "Unsupported Media Type", "an event is in UTF-8")
    try:
        if media_type == BATCH:
            return _judged(_several(read_json(body)), batch=True), True
        if media_type == STRUCTURED:
            return _judged([read_json(body)], batch=False), False
        if "ce-specversion" not in headers or media_type.startswith("application/cloudevents"):
            raise NotTaken(415, "Unsupported Media Type", f"send {MODES}")
        if signed:
            raise NotTaken(415, "Unsupported Media Type", f"a signature covers the body alone: send {STRUCTURED}")
        return _judged([from_headers(headers.items(), body)], batch=False), False
    except UnicodeDecodeError:
        raise NotTaken(400, "Unreadable", "a ce- header is not percent-encoded UTF-8") from None
    except Unreadable as problem:
        raise NotTaken(400, "Unreadable", str(problem)) from None


def _several(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise NotTaken(400, "Unreadable", "a batch is a JSON array of events")
    if len(found) > AT_ONCE:
        raise NotTaken(413, "Content Too Large", f"a batch has at most {AT_ONCE} events")
    return found


def _judged(events: list[Any], *, batch: bool) -> list[Document]:
    places = [f"events[{number}]" if batch else "" for number in range(len(events))]
    wrong = [each for event, place in zip(events, places, strict=True) for each in problems_in(event, place)]
    if wrong:
        raise NotTaken(422, "Invalid", "this is no CloudEvent of version 1.0; nothing was taken", tuple(wrong[:100]))
    large = [place for event, place in zip(events, places, strict=True) if size(event) > EVENT_BYTES]
    if large:
        told = tuple(Problem(each or "body", "It is too large.", "Send a link to what is large.") for each in large)
        raise NotTaken(413, "Content Too Large", f"an event has at most {EVENT_BYTES} bytes", told)
    return events
