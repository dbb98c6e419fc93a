"""`/incidents/{slug}/facts`: what is known, said once; who was told otherwise; and who takes part in an exercise."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import Response

from services.admin import facts as commands
from services.admin import participants
from services.admin.answers import Refusal, WrongUsage
from services.console.access import See
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.incidents import Keeper, Line, done, known, words_of
from services.console.view import page, see
from services.domain import limits
from services.store import facts
from services.store.facts import FactVersion

router = APIRouter()
NEW = "new"


@router.get("/incidents/{slug}/facts/{key}")
async def fact(request: Request, who: See, slug: str, key: str) -> Response:
    """What it says now, all that it said before, and a form to change it; `new` has the form alone."""
    return await _page(request, slug, key)


@router.post("/incidents/{slug}/facts")
async def stated(request: Request, who: Keeper, slug: str) -> Response:
    """Set a fact, or change it: the form has what it says in every language, so that none is forgotten."""
    await known(request, slug)
    form = {name: str(value) for name, value in (await request.form()).items()}
    key = form.get("key", "").strip()[: limits.KEY_CHARACTERS]
    versions = await _versions(request, slug, key)
    try:
        await call(commands.set_, who, incident=slug, key=key, **_given(form, versions[-1] if versions else None))
    except (Refusal, WrongUsage) as refused:
        why = words_of(request, refused)
        return await _page(request, slug, key if versions else NEW, refused=why, typed=form, status=409)
    return see(request, f"/incidents/{slug}?told=fact")


@router.post("/incidents/{slug}/facts/{key}/withdraw")
async def withdrawn(  # noqa: PLR0917 - the fields of its form
    request: Request, who: Keeper, slug: str, key: str, version: Annotated[int, Form()], reason: Line = ""
) -> Response:
    """No message may lean on it any more."""
    await known(request, slug)
    try:
        await call(commands.withdraw, who, incident=slug, key=key, reason=reason, version=version)
    except (Refusal, WrongUsage) as refused:
        return await _page(request, slug, key, refused=words_of(request, refused), why=reason, status=409)
    return see(request, f"/incidents/{slug}?told=withdrawn")


@router.get("/incidents/{slug}/impact")
async def impact(request: Request, who: See, slug: str) -> Response:
    """Which messages said something else than is known now, and to how many. Counted when it is asked for."""
    found = await known(request, slug)
    document = await call(commands.impact, who, incident=slug, key=None, draft=None)
    return page(request, "incident_impact.html.j2", incident=found, found=document["messages"])


@router.post("/incidents/{slug}/participants")
async def taking_part(
    request: Request, who: Keeper, slug: str, act: Annotated[Literal["add", "remove"], Form()], contacts: Line
) -> Response:
    """Put contacts on the list of an exercise, or take them off it."""
    ids = contacts.replace(",", " ").split()
    given: dict[str, Any] = {"incident": slug, "action": act, "external_id": ids}
    return await done(request, who, slug, "participants", participants.participants, **given)


async def _page(
    request: Request, slug: str, key: str, *, refused: str | None = None, typed: Any = None, why: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    found = await known(request, slug)
    versions = [] if key == NEW else await _versions(request, slug, key)
    if not versions and key != NEW:
        raise HTTPException(404)
    languages = desk_of(request).configuration.languages
    now = versions[-1] if versions else None
    versions.reverse()
    return page(
        request, "incident_fact.html.j2", status=status, incident=found, now_said=now, versions=versions,
        refused=refused, why=why, typed=_typed(now) if typed is None else typed, languages_said=languages,
    )  # fmt: skip


async def _versions(request: Request, slug: str, key: str) -> list[FactVersion]:
    async with desk_of(request).pool.connection() as connection:
        return list(await facts.history(connection, slug, key))


def _typed(now: FactVersion | None) -> dict[str, str]:
    """The form as the fact stands."""
    if now is None:
        return {}
    said = {f"said-{language}": text for language, text in now.statements.items()}
    values = "\n".join(f"{name} = {value}" for name, value in now.literals.items())
    return {"key": now.key, "status": now.status, "source": now.source, "values": values, **said}


def _given(form: dict[str, str], now: FactVersion | None) -> dict[str, Any]:
    """What changed, as the command takes it: what was looked at and left as it is still holds beside the rest."""
    before = dict(now.statements) if now else {}
    said = {name.removeprefix("said-"): text.strip() for name, text in form.items() if name.startswith("said-")}
    new = {language: text for language, text in said.items() if text and text != before.get(language)}
    values = dict(_pair(line) for line in form.get("values", "").splitlines() if line.strip())
    gone = dict.fromkeys(now.literals.keys() - values.keys(), "") if now else {}
    return {
        "nl": None, "fr": None, "en": None, "de": None,
        "statement": [f"{language}={text}" for language, text in new.items()],
        "value": [f"{name}={value}" for name, value in {**values, **gone}.items()],
        "status": form.get("status") if form.get("status") in ("confirmed", "unconfirmed") else None,
        "source": form.get("source"),
        "keep": [language for language, text in before.items() if new and said.get(language) == text],
        "drop": [language for language in before if said.get(language) == ""],
        "reason": form.get("reason", "")[:300],
        "version": int(form["version"]) if form.get("version", "").isdigit() else None,
    }  # fmt: skip


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()
