"""`/messages`: all that was said, the newest first, and what each has come to."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.console import message_words as words
from services.console.access import See
from services.console.desk import desk_of
from services.console.view import page
from services.domain import limits
from services.store import incidents, message_list
from services.store.message_list import Wanted

AT_ONCE: Final = 50
router = APIRouter()


@router.get("/messages")
async def messages(  # noqa: PLR0917 - the fields of its form
    request: Request,
    who: See,
    incident: Annotated[str, Query(max_length=limits.INCIDENT_CHARACTERS)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    lane: Annotated[str, Query(max_length=20)] = "",
    text: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """A page of the list; with htmx only the list, so that whoever filters keeps their place."""
    given = {"incident": incident, "state": state, "kind": kind, "lane": lane, "text": text.strip()}
    wanted = Wanted(**{name: value or None for name, value in given.items()})
    async with desk_of(request).pool.connection() as connection:
        found, following = await message_list.listed(connection, wanted, before=before, limit=AT_ONCE)
        known = await incidents.listed(connection, closed=True)
    return page(
        request,
        "messages/list.html.j2" if request.headers.get("hx-target") == "list" else "messages.html.j2",
        found=found,
        wanted=given,
        older=_href(given, following) if following else None,
        newest=_href(given, None) if before else None,
        incidents=known,
        words=words,
        states=list(message_list.STATES),
    )


def _href(given: dict[str, str], before: int | None) -> str:
    query: dict[str, Any] = {name: value for name, value in given.items() if value}
    if before:
        query["before"] = before
    return "/messages" + (f"?{urlencode(query)}" if query else "")
