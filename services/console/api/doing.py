"""What happens with a request that was let in: the command is called as the command line calls it, and answers."""

import asyncio
from typing import Any, Final

import psycopg
from starlette.requests import Request
from starlette.responses import Response

from services.admin.answers import Answer, Invalid, Refusal, as_plain
from services.console.access import NotAllowed, NotFresh, Who
from services.console.api import answering, bodies, paging, rates, uploads, versions
from services.console.api.ability import Ability, Written
from services.console.api.asking import Parameter, has_fields, model_of, parameters
from services.console.api.idempotency import once_only
from services.console.api.scratch import Scratch
from services.console.calling import answer_of
from services.console.sharing import Shares
from services.store import sessions

_shares: Final = Shares()


async def carry_out(ability: Ability, request: Request, who: Who, given: dict[str, Any]) -> Response:
    """Do it, once where the request says so. `given`: what the request says, by field."""
    rates.CALLS.take(f"key {who.key.id}" if who.key else f"user {who.user.id}")
    _refuse_beyond(ability, who, given)
    await _refuse_unknown(ability, request)
    async with uploads.place(request, who.user.id):
        await request.body()  # whoever sends slowly holds nothing
        async with _shares.of(who.user.id):
            return await _in_turn(ability, request, who, given)


async def _in_turn(ability: Ability, request: Request, who: Who, given: dict[str, Any]) -> Response:
    if ability.method == "POST":
        return await once_only(request, who, lambda: _done(ability, request, who, given))
    return await _done(ability, request, who, given)


async def _done(ability: Ability, request: Request, who: Who, given: dict[str, Any]) -> Response:
    scratch, file = Scratch(), answering.written_as(ability, request)
    try:
        arguments = await _arguments(ability, request, scratch, given, file)
        if ability.given and ability.named_in:
            given |= await asyncio.to_thread(versions.name_of, ability, arguments[ability.given.parameter])
        before = await versions.now(ability, request, who, given) if ability.version else None
        async with versions.held(ability, request, who, given):
            answer = await _answered(ability, who, arguments)
        response = answering.answer_with(ability, request, answer, scratch, given=given, file=file, who=who)
        if (
            ability.versioned
            and ability.method != "DELETE"
            and (now := await versions.now(ability.versioned, request, who, given))
        ):
            response.headers["ETag"] = now
        elif before:
            response.headers["ETag"] = before  # of before it was made: what changed meanwhile may not be in it
        return response
    except Refusal as refusal:
        raise _hidden(refusal, scratch) from None
    except psycopg.DataError:
        raise Invalid("a value is not one that can be kept, or is too large") from None
    finally:
        scratch.clear()


async def _answered(ability: Ability, who: Who, arguments: dict[str, Any]) -> Answer:
    try:
        return await answer_of(ability.function, who, **arguments)
    except Refusal as refusal:
        if ability.judges and refusal.more:
            return Answer({"ok": False, **refusal.more, "problems": refusal.problems}, lambda _: None)
        raise


async def _arguments(
    ability: Ability, request: Request, scratch: Scratch, given: dict[str, Any], file: Written | None
) -> dict[str, Any]:
    """What the command's function is called with: all its parameters."""
    found: dict[str, Any] = {}
    for each in parameters(ability.function):
        if each.name in ability.fixed:
            found[each.name] = ability.fixed[each.name]
        elif each.field in given:
            found[each.name] = _as_typed(ability, each, given[each.field], scratch)
        elif not each.needed:
            found[each.name] = each.default
    if ability.given:
        document = await bodies.document_of(request, ability.given)
        found[ability.given.parameter] = scratch.put(*document) if document else None
    elif has_fields(ability):
        bodies.refuse_all_but_json(request)
    if file:
        found |= _file_to_write(ability, scratch, file)
    if ability.page:
        found[ability.page] = scratch.path("page.html")
    if ability.drafts:
        found[ability.drafts[0]] = scratch.path(ability.drafts[1])
    return paging.asked(ability, found, given.get("limit", 0), given.get("cursor"))


def _file_to_write(ability: Ability, scratch: Scratch, file: Written) -> dict[str, Any]:
    form = {"format": file.name.rpartition(".")[2]} if len(ability.written) > 1 else {}
    return {file.parameter: scratch.path(file.name), **form}


def _as_typed(ability: Ability, each: Parameter, value: Any, scratch: Scratch) -> Any:
    if value is None:
        return None
    if each.name in ability.pairs:
        return [f"{name}={text}" for name, text in value.items()]
    if each.name in ability.texts:
        return scratch.put(ability.texts[each.name], value.encode())
    if f"{{{each.field}}}" in ability.path and "list" in str(each.type):
        return [value]
    return value


def _refuse_beyond(ability: Ability, who: Who, given: dict[str, Any]) -> None:
    """Some fields need another right too; what one does alone, and keys, need that a person proved just now who they
    are. A key may break the glass where that is among its scopes: it was given that on purpose."""
    beyond = [action for field, action in ability.also.items() if given.get(field) not in (None, False)]
    for action in beyond:
        if not who.may(action):
            raise NotAllowed(action)
    alone = "break-glass" in {ability.action, *beyond} and who.session is not None
    if ability.itself and who.key and given[ability.itself] != who.key.id and not who.may("administer"):
        raise NotAllowed("administer")
    if (alone or ability.person) and not (who.session and sessions.is_fresh(who.session)):
        raise NotFresh


async def _refuse_unknown(ability: Ability, request: Request) -> None:
    """What would be passed over in silence. Fields of a body are refused by its model, where there is one."""
    model = model_of(ability)
    in_query = set() if has_fields(ability) or model is None else set(model.model_fields)
    if unknown := sorted(set(request.query_params) - in_query):
        problems = [{"place": f"query.{each}", "problem": "There is no such parameter."} for each in unknown]
        raise Invalid("the request says what this path does not know", problems=problems)
    if model is None and ability.given is None and await request.body() not in {b"", b"{}"}:
        raise Invalid("this path takes no body")


def _hidden(refusal: Refusal, scratch: Scratch) -> Refusal:
    problems = [scratch.hidden(as_plain(each)) for each in refusal.problems]
    more = scratch.hidden(as_plain(refusal.more))
    return type(refusal)(scratch.hidden(refusal.error), problems=problems, more=more, missing=refusal.missing)
