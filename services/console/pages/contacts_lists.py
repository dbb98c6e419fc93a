"""`/contacts/import`, `/contacts/export.csv`, `/contacts/coverage`: contacts by the thousand."""

import tempfile
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse
from uuid_utils.compat import uuid7

from services.admin import contact_lists, contacts
from services.admin.answers import Refusal
from services.admin.selecting import Chosen
from services.console.access import Allowed, See, Who
from services.console.calling import call
from services.console.contact_refusals import in_page_words
from services.console.contact_summaries import of_contacts
from services.console.desk import desk_of
from services.console.hardening import UPLOADS
from services.console.masking import sees_addresses
from services.console.pages.contacts import address_of
from services.console.sharing import Shares
from services.console.view import page, see
from services.contacts.export import csv_lines
from services.domain.contact_row import COLUMNS
from services.store import audit, contact_uploads
from services.store.contacts import any_deputies, every_contact
from services.store.selecting import Selected, selected

router = APIRouter()

MOST_BYTES: Final = 32 * 1024 * 1024
"""Two hundred thousand contacts; a list of more is imported at the command line."""
UPLOADS["/contacts/import"] = MOST_BYTES
IN_MEMORY: Final = 1 << 20
BLOCK: Final = 1 << 16
PAGE: Final = 50
_in_memory: Final = Shares()
"""Until then a file that was sent is on disk."""
PROBLEMS: Final = 200
"""So many are shown at once."""

Keeper = Annotated[Who, Depends(Allowed("keep-contacts"))]


@router.get("/contacts/import")
async def asked(request: Request, _: Keeper) -> Response:
    """Which file."""
    return page(request, "contacts/import.html.j2", refusal=None, columns=COLUMNS, most=PROBLEMS)


@router.post("/contacts/import")
async def look_at(request: Request, who: Keeper) -> Response:
    """Read it, and show what it would change; nothing is changed yet."""
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return page(request, "contacts/import.html.j2", status=422, refusal="none", columns=COLUMNS, most=PROBLEMS)
    number = uuid7()
    try:
        name = "".join(each for each in file.filename if each.isprintable())[:200]
        async with _in_memory.of(who.user.id):
            await call(contact_lists.look_at, who, number=number, name=name, content=await file.read())
    except Refusal as refusal:
        shown = in_page_words(request, refusal)
        return page(request, "contacts/import.html.j2", status=422, refusal=shown, columns=COLUMNS, most=PROBLEMS)
    return see(request, f"/contacts/import/{number}")


@router.get("/contacts/import/{number}")
async def looked_at(request: Request, who: Keeper, number: UUID, after: int = 0) -> Response:
    """What it would change, a page at a time; once it was imported, what it did."""
    return await _upload(request, who, number, after=after)


@router.post("/contacts/import/{number}")
async def import_(request: Request, who: Keeper, number: UUID) -> Response:
    """Import exactly what was shown, once."""
    await _found(request, who, number)
    try:
        await call(contact_lists.import_upload, who, number=number)
    except Refusal as refusal:
        return await _upload(request, who, number, refusal=in_page_words(request, refusal), status=409)
    return see(request, f"/contacts/import/{number}?told=imported")


@router.post("/contacts/import/{number}/forget")
async def forget(request: Request, who: Keeper, number: UUID) -> Response:
    """Throw the upload away."""
    async with desk_of(request).pool.connection() as connection:
        await contact_uploads.forget(connection, number, who.user.id)
    return see(request, "/contacts/import")


@router.get("/contacts/export.csv")
async def export(request: Request, who: Annotated[Who, Depends(Allowed("export-people"))]) -> Response:
    """All of them, or those of an audience, province or function, as `contacts import` reads them.

    Without addresses for who does not look after contacts: such a file cannot be imported by mistake.
    """
    asked = request.query_params
    chosen = Chosen(**{name: (value,) for name in ("audience", "province", "role") if (value := asked.get(name))})
    selection = chosen.selection(desk_of(request).configuration)
    headers = {"content-disposition": 'attachment; filename="contacts.csv"', "x-content-type-options": "nosniff"}
    kept = await _exported(request, who, selection)
    return StreamingResponse(_read(kept), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/contacts/coverage")
async def coverage(request: Request, who: See, province: str = "") -> Response:
    """Who would not be reached now, and since when."""
    found: Any = await of_contacts(request, "coverage", lambda: call(contacts.coverage, who))
    provinces = list(dict.fromkeys(each["province"] for each in found["gaps"]))
    shown = province if province in provinces else ""
    return page(
        request, "contacts/coverage.html.j2", found=found, provinces=provinces, shown=shown, address_of=address_of,
        by_province={
            name: [each for each in found["gaps"] if each["province"] == name]
            for name in ([shown] if shown else provinces)
        },
    )  # fmt: skip


async def _exported(request: Request, who: Who, selection: str) -> BinaryIO:
    """All of it, before the first byte goes out: whoever reads slowly must not hold a connection to PostgreSQL."""
    kept = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - it goes when it is read
    async with desk_of(request).pool.connection() as connection, connection.transaction():
        meant: Selected = await selected(connection, selection)
        detail = {"selection": selection, "addresses": sees_addresses(who)}
        await audit.record(connection, actor=who.user.id, action="contacts.exported", subject="contacts", detail=detail)
        deputies = await any_deputies(connection)
        people = every_contact(connection, meant)
        async for line in csv_lines(people, deputies=deputies, addresses=sees_addresses(who)):
            kept.write(line.encode())
    return kept


def _read(kept: BinaryIO) -> Iterator[bytes]:
    with kept:
        kept.seek(0)
        while block := kept.read(BLOCK):
            yield block


async def _upload(
    request: Request, who: Who, number: UUID, *, after: int = 0, refusal: Refusal | None = None, status: int = 200
) -> Response:
    upload = await _found(request, who, number)
    async with desk_of(request).pool.connection() as connection:
        after = min(max(after, 0), 2**31 - 1)
        rows = await contact_uploads.differences(connection, number, after=after, most=PAGE + 1)
    told = in_page_words(request, Refusal("", problems=upload.told["warnings"])).problems
    return page(
        request, "contacts/upload.html.j2", status=status, upload=upload, rows=rows[:PAGE], refusal=refusal,
        following=rows[PAGE - 1].place if len(rows) > PAGE else None, after=after, page_size=PAGE, warnings=told,
        told=request.query_params.get("told", ""), columns=(*COLUMNS, "deputy"),
    )  # fmt: skip


async def _found(request: Request, who: Who, number: UUID) -> contact_uploads.Upload:
    async with desk_of(request).pool.connection() as connection:
        upload = await contact_uploads.find(connection, number, who.user.id)
    if upload is None:
        raise HTTPException(404)
    return upload
