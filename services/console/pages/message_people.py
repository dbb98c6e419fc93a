"""`/messages/{id}/who`, `/replies`, `/calls`, a municipality, and what is downloaded: people by name, so on the record.

Each is the command line's own: who looked, and who took a file along, is in the audit as when a terminal shows it.
"""

import json
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from services.admin import calls, dossier, exporting, replies
from services.admin import who as people
from services.admin.answers import Spooled
from services.console import message_words as words
from services.console.access import Allowed, Who
from services.console.calling import answer_of, call
from services.console.counting import books_of
from services.console.desk import desk_of
from services.console.masking import numbers_for, sees_numbers
from services.console.pages.message import found_or_404
from services.console.view import page, see
from services.domain.municipalities import municipalities
from services.store import audit, by_batch
from services.store.calls import OUTCOMES

Reader = Annotated[Who, Depends(Allowed("export-people"))]
Which = Literal["not-reached", "not-confirmed", "confirmed", "reached", "all"]
SHOWN: Final = 200
"""People who are named on a page; the file has everybody."""

router = APIRouter()


@router.get("/messages/{message_id}/who")
async def listed(request: Request, who: Reader, message_id: UUID, which: Annotated[Which, Query()]) -> Response:
    """The first of them by name, with what became of their copy and why."""
    found = await found_or_404(request, message_id)
    kept = await _people(who, message_id, which)
    rows = [json.loads(line) for line in islice(_lines(kept), SHOWN)]
    kept.items.close()
    context = {"found": found, "which": which, "rows": rows, "count": kept.head["count"], "words": words}
    return page(request, "message_people.html.j2", **context)


@router.get("/messages/{message_id}/who.csv")
async def as_file(request: Request, who: Reader, message_id: UUID, which: Annotated[Which, Query()]) -> Response:
    """All of them, for a spreadsheet: no cell runs as a formula."""
    await found_or_404(request, message_id)
    kept = await _people(who, message_id, which)
    headers = {"content-disposition": f'attachment; filename="{which}-{message_id}.csv"'}
    return StreamingResponse(_csv(kept), media_type="text/csv", headers=headers)


@router.get("/messages/{message_id}/recipients.csv")
async def recipients(request: Request, who: Reader, message_id: UUID) -> Response:
    """What became of it for each recipient on each channel, as `message export` writes it."""
    await found_or_404(request, message_id)
    return await _file(who, exporting.export, f"recipients-{message_id}.csv", "text/csv", id=str(message_id))


@router.get("/messages/{message_id}/dossier.zip")
async def as_dossier(
    request: Request, who: Reader, message_id: UUID, pseudonyms: Annotated[bool, Query()] = False
) -> Response:
    """The dossier, as `message dossier` writes it."""
    await found_or_404(request, message_id)
    name = f"dossier-{message_id}.zip"
    return await _file(who, dossier.dossier, name, "application/zip", id=str(message_id), pseudonyms=pseudonyms)


@router.get("/messages/{message_id}/confirmed")
async def confirmed_by(request: Request, who: Reader, message_id: UUID) -> Response:
    """Asked and confirmed by audience and province, as they were counted last."""
    found = await found_or_404(request, message_id)
    tallies = await books_of(request).tallies(found.message)
    return page(request, "message_confirmed.html.j2", found=found, tallies=tallies)


@router.get("/messages/{message_id}/replies")
async def answers(request: Request, who: Reader, message_id: UUID) -> Response:
    """What people answered by SMS; what only confirms is left out."""
    found = await found_or_404(request, message_id)
    document = await call(replies.of_message, who, id=str(message_id), everything=False)
    seen = numbers_for(who, ("number",))(document["replies"])
    return page(request, "message_replies.html.j2", found=found, replies=seen)


@router.get("/messages/{message_id}/calls")
async def to_call(request: Request, who: Reader, message_id: UUID) -> Response:
    """Whom the person on duty telephones, and what came of it."""
    found = await found_or_404(request, message_id)
    document = await call(calls.calls, who, id=str(message_id))
    seen = numbers_for(who, ("number",))(document["calls"])
    return page(request, "message_calls.html.j2", found=found, calls=seen, dials=sees_numbers(who))


@router.post("/messages/{message_id}/calls")
async def ticked(
    request: Request,
    who: Annotated[Who, Depends(Allowed("halt"))],
    message_id: UUID,
    contact: Annotated[str, Form(max_length=200)],
    outcome: Annotated[Literal["reached", "no-answer", "wrong-number"], Form()],
) -> Response:
    """What came of a call."""
    flags = {each.replace("-", "_"): each == outcome for each in OUTCOMES}
    await call(calls.called, who, id=str(message_id), contact=contact, **flags)
    return see(request, f"/messages/{message_id}/calls")


@router.get("/messages/{message_id}/municipalities/{name}")
async def municipality(request: Request, who: Reader, message_id: UUID, name: str) -> Response:
    """Who stands for a municipality in this message, and what each got."""
    if name not in municipalities():
        raise HTTPException(404)
    found = await found_or_404(request, message_id)
    copies = await books_of(request).copies(found.message, name)
    async with desk_of(request).pool.connection() as connection:
        known = await by_batch.people_of(connection, list(copies))
        confirmed = await by_batch.confirmed(connection, found.message.number, list(copies))
        detail = {"message": found.message.number, "municipality": name, "people": len(known)}
        await audit.record(
            connection, actor=who.user.id, action="message.recipients-listed", subject=f"message:{message_id}",
            detail=detail,
        )  # fmt: skip
    return page(
        request, "message_municipality.html.j2", found=found, name=name, province=municipalities()[name], people=known,
        copies=copies, confirmed=confirmed,
    )  # fmt: skip


async def _people(who: Who, message_id: UUID, which: Which) -> Spooled:
    flags = {each: each == which.replace("-", "_") for each in _FLAGS}
    answer = await answer_of(people.who, who, id=str(message_id), **flags, state=None, as_csv=False)
    kept = answer.document
    assert isinstance(kept, Spooled)  # noqa: S101 - what this command always gives
    return kept


def _lines(kept: Spooled) -> Iterator[str]:
    kept.items.seek(0)
    yield from kept.items


def _csv(kept: Spooled) -> Iterator[str]:
    yield exporting.csv_line(people.COLUMNS)
    for line in _lines(kept):
        row = json.loads(line)
        yield exporting.csv_line([row[column] for column in people.COLUMNS])
    kept.items.close()


async def _file(who: Who, command: Any, name: str, kind: str, **given: Any) -> Response:
    """What a command writes into a new file, on its way; the file is gone after that."""
    folder = tempfile.TemporaryDirectory(prefix="roeland-console-")
    path = Path(folder.name) / name
    try:
        more = {"format": "csv"} if command is exporting.export else {}
        await call(command, who, output=path, **given, **more)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(path, media_type=kind, filename=name, background=BackgroundTask(folder.cleanup))


_FLAGS: Final = ("reached", "not_reached", "not_corrected", "confirmed", "not_confirmed")
