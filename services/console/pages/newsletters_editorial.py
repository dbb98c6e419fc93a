"""What the cell writes above an edition: shown with its version, written over, taken out. Nothing typed is lost."""

from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from services.admin import edition_words
from services.admin.answers import Refusal
from services.console import editorial_form
from services.console.access import Allowed, See, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.newsletters import known
from services.console.view import page, see
from services.store import editorials
from services.store.editorials import Written
from services.store.newsletters import NewsletterRow

Keeper = Annotated[Who, Depends(Allowed("keep-newsletters"))]
NAMED: Final = "text.yaml"
"""What problems call it."""

router = APIRouter(prefix="/newsletters/{name}/editorial/{day}")


@router.get("")
async def shown(request: Request, who: See, name: str, day: date) -> Response:
    """What stands above the edition of this date, in a form for who may write it."""
    row, last = await _there(request, name, day)
    content = last.content if last else None
    language = row.definition.language
    form = editorial_form.of_editorial(content, language, desk_of(request).zone)
    as_file = form is None or "file" in request.query_params
    return _page(request, row, day, last, form=form, file=editorial_form.file_of(content, language), as_file=as_file)


@router.post("")
async def write(request: Request, who: Keeper, name: str, day: date) -> Response:
    """Write it, over the version that was on the screen; whoever wrote meanwhile is not written over."""
    form = await request.form()
    row, last = await _there(request, name, day)
    filled, text = _typed(form, row, request)
    try:
        seen = int(str(form.get("seen") or 0))
    except ValueError:
        seen = -1
    try:
        done = await call(edition_words.write_text, who, name=name, day=day, text=text, named=NAMED, seen=max(seen, 0))
    except Refusal as refusal:
        _, last = await _there(request, name, day)
        return _page(
            request, row, day, last, form=filled, file=text or "", as_file=filled is None, refusal=refusal,
            conflict=bool(last and last.version != seen),
        )  # fmt: skip
    told = "taken-out" if text is None else "written-anew" if done["state"] else "written"
    return see(request, f"/newsletters/{quote(name, safe='')}?told={told}")


async def _there(request: Request, name: str, day: date) -> tuple[NewsletterRow, Written | None]:
    async with desk_of(request).pool.connection() as connection:
        row = await known(connection, name)
        return row, await editorials.last(connection, row.id, day)


def _typed(form: FormData, row: NewsletterRow, request: Request) -> tuple[dict[str, Any] | None, str | None]:
    """What was filled in, and the file that it is; no file: take out what stands there."""
    if form.get("act") == "remove":
        return editorial_form.typed(form), None
    if "file" in form:
        return None, str(form.get("file") or "")
    filled = editorial_form.typed(form)
    return filled, editorial_form.as_file(filled, row.definition.language, desk_of(request).zone)


def _page(
    request: Request, row: NewsletterRow, day: date, last: Written | None, *, form: dict[str, Any] | None, file: str,
    as_file: bool, refusal: Refusal | None = None, conflict: bool = False,
) -> Response:  # fmt: skip
    return page(
        request, "newsletters/editorial.html.j2", status=409 if refusal else 200, row=row, day=day, last=last,
        form=form, file=file, as_file=as_file, refusal=refusal, conflict=conflict,
    )  # fmt: skip
