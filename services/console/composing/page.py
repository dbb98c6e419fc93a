"""The page of a draft, and the part beside its form: what both show, put together once."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response
from uuid_utils.compat import uuid7

from services.admin.answers import Refusal, as_plain
from services.console.access import Who
from services.console.composing.form import local, shown, step_shown
from services.console.composing.padded import padded, slots
from services.console.composing.places import field_of
from services.console.composing.previews import Weighed, previews_of
from services.console.composing.shape import compact
from services.console.composing.told import told
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.view import page
from services.console.words import audience_name, channel_name, phase_name
from services.domain.configuration import CHANNELS, Configuration
from services.domain.texts import measure, outside_gsm
from services.domain.yaml_text import Path
from services.store import coverage, incidents
from services.store.drafts import Draft

Said = dict[str, list[dict[str, Any]]]


async def draft_page(
    request: Request, who: Who, draft: Draft, *, refusal: Refusal | None = None, tested: str = ""
) -> Response:
    """The form with what was found at its fields. Without scripts the part beside it is there at once."""
    desk = desk_of(request)
    file = padded(draft.content.get("file", {}))
    async with desk.pool.connection() as connection:
        listed = await incidents.listed(connection)
        counts = await coverage.members(connection)
    problems = [as_plain(each) for each in refusal.problems] if refusal else []
    weighed = await previews_of(request).of(draft, who, must=True)
    said = findings_at(request, file, {**weighed, "problems": problems or weighed["problems"]})
    return page(
        request,
        "compose/draft.html.j2",
        status=409 if refusal else 200,
        tab=str(uuid7()),
        incidents=listed,
        counts=counts,
        configuration=desk.configuration,
        **_options(request, desk.configuration, counts),
        refusal=refusal,
        refusal_told=told(refusal.error, "", language_of(request))[0] if refusal else "",
        refused_at=[
            (at, f"{each['problem']} {each['remedy']}")
            for at, found in said.items()
            for each in found
            if each["severity"] == "error"
        ]
        if refusal
        else [],
        tested=tested,
        told="saved" if request.query_params.get("told") == "saved" else "",
        kept=request.method == "POST" or "told" in request.query_params,
        **_functions(desk.zone),
        **beside_part(draft, file, weighed, said, listed),
    )


async def beside(request: Request, who: Who, draft: Draft) -> Response:
    """The part alone, and what was found for each field of the form, each in its place. Raises `Superseded`."""
    weighed = await previews_of(request).of(draft, who)
    async with desk_of(request).pool.connection() as connection:
        listed = await incidents.listed(connection)
    file = padded(draft.content.get("file", {}))
    said = findings_at(request, file, weighed)
    return page(request, "compose/beside.html.j2", out_of_band=True, **beside_part(draft, file, weighed, said, listed))


def beside_part(
    draft: Draft, file: Mapping[str, Any], weighed: Weighed, said: Said, listed: Iterable[incidents.Incident]
) -> dict[str, Any]:
    """What the part needs."""
    proof = weighed["proof"]
    versions = [{**each, "number": number} for number, each in enumerate(proof["versions"])] if proof else []
    slug = file.get("incident") or ""
    return {
        "draft": draft,
        "file": file,
        "slots": list(slots(file)),
        "said": said,
        "blocks": sum(each["severity"] == "error" for found in said.values() for each in found),
        "hints": sum(each["severity"] != "error" for found in said.values() for each in found),
        "proof": proof,
        "versions": [(audience, list(of)) for audience, of in groupby(versions, key=lambda each: each["audience"])],
        "took_ms": weighed["took_ms"],
        "known": next((each for each in listed if each.slug == slug), None),
        "sms_rows": [sms_row(number, row) for number, row in enumerate(file.get("sms", ())) if isinstance(row, dict)],
    }


def saved_part(draft: Draft) -> dict[str, Any]:
    """What a pause gets back at once, before anything is weighed."""
    return {"draft": draft}


def findings_at(request: Request, file: Mapping[str, Any], weighed: Mapping[str, Any]) -> Said:
    """What was found, by the field that it is about; '' for what is about the whole. Nothing is said twice."""
    fields, origins = frozenset(slots(file)), weighed.get("origins") or compact(file)[1]
    language = language_of(request)
    found: Said = {}
    for each in _each(weighed):
        problem, remedy = told(each["problem"], each.get("remedy", ""), language)
        entry = {"severity": each.get("severity", "error"), "problem": problem, "remedy": remedy}
        at = found.setdefault(field_of(each.get("place") or "", _paths(origins), fields), [])
        if entry not in at:
            at.append(entry)
    return found


def sms_row(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """How long an SMS is, and which characters make it take more than twice as many parts."""
    text = str(row.get("text") or "")
    size = measure(text)
    odd = [{"char": char, "instead": instead} for char, instead in outside_gsm(text).items()]
    return {"number": number, "text": text, "size": size, "odd": odd}


def _each(weighed: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*weighed["problems"], *weighed["findings"]]


def _paths(origins: Mapping[Any, Any]) -> Mapping[Path, Path]:
    return {tuple(now): tuple(before) for now, before in origins.items()}


def _options(request: Request, configuration: Configuration, counts: Mapping[str, int]) -> dict[str, Any]:
    """What may be chosen, each with its name in the reader's language; audiences with how many people they have."""
    language = language_of(request)
    names = [(each.id, audience_name(each.id, language)) for each in configuration.audiences]
    return {
        "named_audiences": names,
        "audience_options": [(id_, f"{name} ({counts[id_]})" if id_ in counts else name) for id_, name in names],
        "channel_options": [(each, channel_name(each, language)) for each in CHANNELS],
        "phases": [(each, phase_name(each, language)) for each in configuration.phase_ids],
        "language_options": [(each, each) for each in configuration.languages],
    }


def _functions(zone: ZoneInfo) -> dict[str, Any]:
    return {"shown": shown, "step_shown": step_shown, "local": lambda value: local(value, zone)}
