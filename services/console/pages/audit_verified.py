"""Verifying the audit, with its progress; and taking it away: as lines of JSON, for a spreadsheet, or as a dossier."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from services.admin import audit_reading, dossier
from services.console.access import Allowed, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.audit import Asked, read
from services.console.verifying import Verifying
from services.console.view import page, see
from services.domain.spreadsheets import guarded
from services.store import audit_chain, users

Auditor = Annotated[Who, Depends(Allowed("audit"))]
Text = Annotated[str, Form(max_length=200)]
COLUMNS: Final = ("position", "at", "actor", "action", "subject", "origin", "hash", "detail", "reason", "link")
BLOCK: Final = 1 << 16

router = APIRouter(prefix="/audit")


@router.get("/verification")
async def progress(request: Request, who: Auditor) -> Response:
    """How far it is, or what it found; as a part for who looks on, else as a page."""
    kept = _verifying(request)
    part = request.headers.get("hx-request")
    template = "audit/verification_part.html.j2" if part else "audit/verification.html.j2"
    async with desk_of(request).pool.connection() as connection:
        head = await audit_chain.head(connection)
    return page(request, template, it=kept.last, goes_on=kept.goes_on, head=head)


@router.post("/verification")
async def begin(request: Request, who: Auditor, expect: Text = "") -> Response:
    """Begin, or look on where one goes on."""
    async with desk_of(request).pool.connection() as connection:
        head = await audit_chain.head(connection)
    _verifying(request).begin(who, total=head.position if head else 0, expect=expect.strip() or None)
    return see(request, "/audit/verification")


@router.post("/export")
async def export(
    request: Request, who: Auditor, *, form: Annotated[Literal["jsonl", "csv"], Form()] = "jsonl",
    subject: Text = "", since: Text = "", until: Text = "", reasons: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """The acts of a period, of a message or of an incident; that it was taken away is in the audit."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection:
        people = {each.id: each.email for each in await users.all_users(connection)}
    asked, which = read(Asked("", "", subject, since, until), people, desk.zone)
    if asked.wrong or which.subject:
        return see(request, "/audit?told=not-exported")
    folder = Path(tempfile.mkdtemp(prefix="roeland-audit-"))
    try:
        given: dict[str, Any] = {"message": which.message, "incident": which.incident, "reasons": reasons}
        period = {"since": _iso(which.since), "until": _iso(which.until)}
        await call(audit_reading.export, who, **given, **period, output=folder / "audit.jsonl")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    made = _csv if form == "csv" else _as_it_is
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/jsonl"
    return _sent(folder, "audit.jsonl", made, name=f"audit.{form}", kind=kind)


@router.post("/dossier")
async def take_dossier(
    request: Request, who: Auditor, message: Text, pseudonyms: Annotated[bool, Form()] = False
) -> Response:  # fmt: skip
    """One zip by which somebody sees, without Roeland, what was said to whom."""
    folder = Path(tempfile.mkdtemp(prefix="roeland-dossier-"))
    try:
        made = await call(
            dossier.dossier, who, id=message.strip(), output=folder / "dossier.zip", pseudonyms=pseudonyms
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _sent(folder, "dossier.zip", _as_it_is, name=f"dossier-{made['id']}.zip", kind="application/zip")


def _verifying(request: Request) -> Verifying:
    """The console's own."""
    state = request.app.state
    if not hasattr(state, "verifying"):
        state.verifying = Verifying()
    found: Verifying = state.verifying
    return found


def _sent(folder: Path, file: str, made: Callable[[Path], Iterator[bytes]], *, name: str, kind: str) -> Response:
    """The file, streamed; it is gone from this machine when it is sent, or when whoever asked hangs up."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    body = _and_then(made(folder / file), folder)
    over = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return StreamingResponse(body, media_type=kind, headers=headers, background=over)


def _and_then(body: Iterator[bytes], folder: Path) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_it_is(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _csv(path: Path) -> Iterator[bytes]:
    """A row for each act (RFC 4180, with a mark of UTF-8 for spreadsheets). No cell is a formula."""
    yield b"\xef\xbb\xbf" + _row(COLUMNS)
    with path.open(encoding="utf-8") as file:
        for line in file:
            link = json.loads(line)
            entry = json.loads(link["entry"])
            detail = json.dumps(entry.get("detail"), ensure_ascii=False)
            act = {**entry, "detail": detail, "reason": link.get("reason"), "link": link["hash"]}
            yield _row([guarded(_cell(act.get(column))) for column in COLUMNS])


def _row(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
