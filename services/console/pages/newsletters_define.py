"""Making a newsletter, and changing what it is: a form, or its file. Both are judged as that file."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.admin import newsletters as admin
from services.admin.answers import Refusal
from services.console import newsletter_form
from services.console.access import Allowed, Who
from services.console.api.of_newsletters import SHOWN
from services.console.api.versions import changing, turn
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.incidents import refuse_changed
from services.console.pages.newsletters import known
from services.console.view import page, see
from services.runtime.postgres import Connection
from services.store import newsletters as store

Keeper = Annotated[Who, Depends(Allowed("keep-newsletters"))]
NAMED: Final = "newsletter.yaml"

router = APIRouter()


@router.get("/newsletters/-/new")
async def empty(request: Request, who: Keeper) -> Response:
    """A form with what most newsletters have."""
    as_file = "file" in request.query_params
    return _page(request, None, newsletter_form.EMPTY, newsletter_form.as_file(newsletter_form.EMPTY), as_file=as_file)


@router.get("/newsletters/{name}/change")
async def filled(request: Request, who: Keeper, name: str) -> Response:
    """The form of what it is now; as a file where a form does not say it all."""
    async with desk_of(request).pool.connection() as connection:
        found = await known(connection, name)
    form = newsletter_form.of_newsletter(found.definition)
    as_file = form is None or "file" in request.query_params
    return _page(request, name, form, newsletter_form.file_of(found.definition), as_file=as_file, seen=found.hash)


@router.post("/newsletters/-/new")
async def add(request: Request, who: Keeper) -> Response:
    """Make it."""
    return await _define(request, who, None)


@router.post("/newsletters/{name}/change")
async def change(request: Request, who: Keeper, name: str) -> Response:
    """Define it anew. A standing approval was for what it was, and ends."""
    return await _define(request, who, name)


async def _define(request: Request, who: Who, name: str | None) -> Response:
    form = await request.form()
    languages = desk_of(request).configuration.languages
    typed = None if "file" in form else newsletter_form.typed(form, languages)
    if typed and name:
        typed["newsletter"] = name  # its name is changed by `newsletter rename` alone
    text = str(form.get("file") or "") if typed is None else newsletter_form.as_file(typed)
    try:
        if name is None and typed:
            await _refuse_one_that_is_there(request, typed["newsletter"])
        async with changing(request) as connection:
            await _refuse_changed(connection, name, form.get("seen"))
            done = await call(admin.define, who, text=text, named=NAMED)
    except Refusal as refusal:
        now = await _hash(request, name)
        return _page(request, name, typed, text, as_file=typed is None, refusal=refusal, seen=now)
    told = "defined-void" if done["approval_voided"] else "defined"
    return see(request, f"/newsletters/{quote(done['newsletter'], safe='')}?told={told}")


async def _refuse_changed(connection: Connection, name: str | None, seen: object) -> None:
    """`seen`: what it was when the form was opened; nobody of the API or of another form changes it meanwhile."""
    if name is not None and isinstance(seen, str):
        await turn(connection, SHOWN, name=name)
        refuse_changed(seen, (await known(connection, name)).hash)


async def _hash(request: Request, name: str | None) -> str:
    async with desk_of(request).pool.connection() as connection:
        found = await store.find(connection, name) if name else None
    return found.hash if found else ""


async def _refuse_one_that_is_there(request: Request, name: str) -> None:
    """The command line defines one anew by the same file; who fills in a form for a new one means another."""
    async with desk_of(request).pool.connection() as connection:
        if await store.find(connection, name):
            raise Refusal(f"there is a newsletter {name} already: choose another name, or change that one")


def _page(
    request: Request, name: str | None, form: dict[str, Any] | None, file: str, *, as_file: bool,
    refusal: Refusal | None = None, seen: str = "",
) -> Response:  # fmt: skip
    configuration = desk_of(request).configuration
    return page(
        request, "newsletters/define.html.j2", status=409 if refusal else 200, name=name, form=form, file=file,
        as_file=as_file, refusal=refusal, seen=seen, configuration=configuration,
        audiences=[each for each in configuration.audiences if "mail" in each.channels and each.id != "public"],
    )  # fmt: skip
