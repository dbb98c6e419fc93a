"""One open stream: what changed, as it changes, until whoever watches leaves, or may no more, or the console stops."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from sse_starlette import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.console.access import Who
from services.console.live import subjects
from services.console.live.parts import Wording
from services.console.live.subjects import Form, Name
from services.console.live.watchers import TooMany, Watcher, Watchers

RETRY: Final = b"retry: 2000\n\n"
HEARTBEAT: Final = b": still here\n\n"
HEARTBEAT_SECONDS: Final = 15.0
SEND_SECONDS: Final = 20.0
"""A reader who takes nothing for so long is gone, or comes back."""


def stream(
    watchers: Watchers, who: Who, name: Name, *, last_event_id: str | None, wording: Wording | None
) -> EventSourceResponse:
    """The answer. `wording`: how parts are written as HTML; None gives them as JSON. Raises 429 for too many."""
    if watchers.full(who):
        raise HTTPException(429, "Too many streams are open", headers={"Retry-After": "10"})
    seen = subjects.version_of(last_event_id)
    told = _told(watchers, who, name, seen, wording)
    return EventSourceResponse(told, ping=0, send_timeout=SEND_SECONDS)


def ended(wording: Wording) -> Response:
    """For a page whose session stands no more: its last word. EventSource reads no page to sign in."""
    last = wording.part("live/board/ended", {"why": "ended"}, ())
    return Response(subjects.frame("ended", last), media_type="text/event-stream")


async def _told(watchers: Watchers, who: Who, name: Name, seen: int, wording: Wording | None) -> AsyncIterator[bytes]:
    with suppress(TooMany), watchers.watching(who, name) as watcher:
        yield RETRY
        while not watcher.over:
            changed = watcher.subject.changed
            if fresh := watcher.subject.since(seen):
                seen = fresh[-1][1].version
                yield b"".join(subjects.frames(fresh, _form(watcher, wording), _write(watcher, wording)))
            elif not await _within(changed, HEARTBEAT_SECONDS):
                yield HEARTBEAT
        if watcher.over != "again":
            yield subjects.frame("ended", _write(watcher, wording)("ended", {"why": watcher.over}))


async def _within(changed: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return False
    return True


def _form(watcher: Watcher, wording: Wording | None) -> Form:
    return (wording.language, *watcher.roles) if wording else ()


def _write(watcher: Watcher, wording: Wording | None) -> Any:
    if wording is None:
        return lambda _, facts: json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    whole = watcher.subject.name is None
    return lambda event, facts: wording.part(f"live/{'board' if whole else 'message'}/{event}", facts, watcher.roles)
