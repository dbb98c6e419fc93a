"""`/contacts`: who is told. Looked up by any word, one looked at, added, changed and removed."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import Response

from services.admin import contact_lists, contacts, opt_outs
from services.admin.answers import Refusal
from services.console.access import Allowed, See, Who
from services.console.calling import call
from services.console.contact_refusals import in_page_words
from services.console.contact_summaries import roles as roles_of
from services.console.desk import desk_of
from services.console.masking import masked, sees_addresses
from services.console.view import page, see
from services.contacts.export import columns
from services.contacts.service import peoples_audiences
from services.domain.contact_fields import MOST_DEPUTIES
from services.domain.contact_row import COLUMNS
from services.domain.municipalities import PROVINCES, municipalities
from services.store import contact_people
from services.store.contact_people import Place, Sought
from services.store.contacts import Contact

router = APIRouter()

PAGE: Final = 50
Keeper = Annotated[Who, Depends(Allowed("keep-contacts"))]


@router.get("/contacts")
async def found(request: Request, who: See) -> Response:
    """A page of them by name; a part (htmx) is the list alone."""
    asked = request.query_params
    sought = Sought(
        words=asked.get("q", "").strip()[:200], audience=asked.get("audience", ""), province=asked.get("province", ""),
        role=asked.get("role", ""), without=asked.get("without", "") if asked.get("without") in ("mail", "sms") else "",
        addresses=sees_addresses(who),
    )  # fmt: skip
    async with desk_of(request).pool.connection() as connection:
        people = list(await contact_people.found(connection, sought, after=_read(asked.get("after")), most=PAGE + 1))
    roles = [] if request.headers.get("hx-request") else await roles_of(request)
    context: dict[str, Any] = {
        "people": people[:PAGE], "following": _following(request, people), "sought": sought, "roles": roles,
        "audiences": peoples_audiences(desk_of(request).configuration), "provinces": PROVINCES,
        "masked": lambda address: masked(address, who), "address_of": address_of, "told": asked.get("told", ""),
        "query": urlencode({k: v for k, v in asked.items() if k in ("audience", "province", "role")}),
    }  # fmt: skip
    return page(
        request, "contacts/list.html.j2" if request.headers.get("hx-request") else "contacts.html.j2", **context
    )


@router.get("/contacts/new")
async def new(request: Request, _: Keeper) -> Response:
    """An empty form."""
    return _form(request, {"language": desk_of(request).configuration.languages[0]}, is_new=True)


@router.post("/contacts/save")
async def save(request: Request, who: Keeper) -> Response:
    """Add or change one, as an import of one row would."""
    form = await request.form()
    fields: dict[str, str] = {name: str(form.get(name, "")) for name in COLUMNS if name != "audience"}
    fields["audience"] = ";".join(str(each) for each in form.getlist("audience"))
    is_new, seen_at = form.get("new") == "1", str(form.get("seen_at", ""))
    try:
        seen = datetime.fromisoformat(seen_at) if seen_at and not is_new else None
        saved = await call(contact_lists.save_one, who, fields=fields, seen_at=seen, new=is_new)
    except (Refusal, ValueError) as refusal:
        shown = in_page_words(request, refusal)
        return _form(request, fields, is_new=is_new, refusal=shown, seen_at=seen_at, status=422)
    told = "landline" if saved["warnings"] else "saved"
    return see(request, f"{address_of(saved['external_id'])}?told={told}")


@router.post("/contacts/remove")
async def remove(request: Request, who: Keeper, external_id: Annotated[str, Form()]) -> Response:
    """Take one out of every audience, and erase their addresses."""
    try:
        await call(contacts.remove, who, external_id=[external_id])
    except Refusal as refusal:
        raise in_page_words(request, refusal) from None
    return see(request, "/contacts?told=removed")


@router.post("/contacts/deputies")
async def deputies(
    request: Request, who: Keeper, external_id: Annotated[str, Form()], act: Annotated[str, Form()],
    deputy: Annotated[str, Form()],
) -> Response:  # fmt: skip
    """Add, move up or remove who stands in for one: the whole list in its new order, by the same import."""
    contact = await _known(request, external_id)
    order = _reordered(contact.deputies, act, deputy.strip())
    fields = {**columns(contact), "deputy": ";".join(order)}
    try:
        await call(contact_lists.save_one, who, fields=fields)
    except Refusal as refusal:
        return await _shown(request, who, contact, refusal=in_page_words(request, refusal), status=422)
    return see(request, f"{address_of(external_id)}?told=deputies")


@router.post("/contacts/opt-out/lift")
async def lift(request: Request, who: Keeper, external_id: Annotated[str, Form()]) -> Response:
    """Let SMS go to their number again, because they asked for it."""
    contact = await _known(request, external_id)
    if contact.sms:
        await call(opt_outs.lift, who, number=contact.sms)
    return see(request, f"{address_of(external_id)}?told=lifted")


def address_of(external_id: str) -> str:
    """Where a contact is; those whose id is the name of a page of ours are behind `id/`."""
    reserved = external_id.split("/", maxsplit=1)[0] in RESERVED or external_id in (".", "..")
    return f"/contacts/{'id/' if reserved else ''}{quote(external_id, safe='')}"


RESERVED: Final = frozenset(
    {"new", "save", "remove", "deputies", "opt-out", "import", "export.csv", "coverage", "groups", "id"}
)

one = APIRouter()
"""Last of all: its address takes any other."""


@one.get("/contacts/{external_id:path}")
@one.get("/contacts/id/{external_id:path}")  # first: the lower one is asked first
async def person(request: Request, who: See, external_id: str, edit: bool = False) -> Response:
    """All that is known of one."""
    contact = await _known(request, external_id)
    if edit and who.may("keep-contacts"):
        async with desk_of(request).pool.connection() as connection:
            seen_at = await contact_people.changed_at(connection, external_id)
        return _form(request, columns(contact), is_new=False, seen_at=seen_at.isoformat() if seen_at else "")
    return await _shown(request, who, contact)


async def _shown(
    request: Request, who: Who, contact: Contact, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    async with desk_of(request).pool.connection() as connection:
        more = await contact_people.more(connection, contact.id)
        lately = await contact_people.lately(connection, contact.id)
    return page(
        request, "contacts/one.html.j2", status=status, contact=contact, lately=lately, refusal=refusal, more=more,
        masked=lambda address: masked(address, who), address_of=address_of, most_deputies=MOST_DEPUTIES,
        told=request.query_params.get("told", ""),
    )  # fmt: skip


async def _known(request: Request, external_id: str) -> Contact:
    async with desk_of(request).pool.connection() as connection:
        contact = await contact_people.one(connection, external_id) if "\0" not in external_id else None
    if contact is None or contact.removed_at is not None:
        raise HTTPException(404)
    return contact


def _form(
    request: Request, fields: dict[str, str], *, is_new: bool, refusal: Refusal | None = None, seen_at: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    configuration = desk_of(request).configuration
    problems: dict[str, list[Any]] = {}
    for each in refusal.problems if refusal else []:
        problems.setdefault(each["column"], []).append(each)
    return page(
        request, "contacts/form.html.j2", status=status, fields=fields, is_new=is_new, seen_at=seen_at,
        refusal=refusal, problems=problems, audiences=peoples_audiences(configuration), provinces=PROVINCES,
        towns=list(municipalities()), languages_of_texts=configuration.languages, address_of=address_of,
        chosen=fields.get("audience", "").split(";"),
    )  # fmt: skip


def _reordered(order: list[str], act: str, deputy: str) -> list[str]:
    rest = [each for each in order if each != deputy]
    if act == "up" and deputy in order:
        rest.insert(max(0, order.index(deputy) - 1), deputy)
    elif act == "add" and deputy:
        rest.append(deputy)
    return rest


def _following(request: Request, people: list[Contact]) -> str:
    """The query of the next page; empty at the end."""
    if len(people) <= PAGE:
        return ""
    last = people[PAGE - 1]
    place = base64.urlsafe_b64encode(json.dumps([last.name.lower(), last.id]).encode()).decode()
    kept = {k: v for k, v in request.query_params.items() if k not in ("after", "told")}
    return urlencode({**kept, "after": place})


def _read(after: str | None) -> Place | None:
    try:
        name, number = json.loads(base64.urlsafe_b64decode(after or ""))
        return str(name).replace("\0", ""), int(number) & (2**62 - 1)
    except (ValueError, TypeError):
        return None
