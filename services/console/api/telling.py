"""What the OpenAPI document says of each ability: words, answers, problems, examples."""

import inspect
import re
from typing import Any, Final

from services.console.api.ability import JSON, PREFIX, Ability
from services.console.api.asking import has_fields, model_of
from services.console.api.examples import BODIES, answer_of
from services.console.api.models import Open
from services.console.api.problems import KINDS, PROBLEM, slug
from services.console.hardening import UPLOADS

HTML: Final = "text/html"
OBJECT: Final[dict[str, Any]] = {"type": "object", "additionalProperties": True}
ANY: Final[dict[str, Any]] = {"anyOf": [OBJECT, {"type": "array", "items": {}}]}


def about(ability: Ability) -> dict[str, Any]:
    """What FastAPI is told of its route."""
    title, rest = _words(ability)
    return {
        "operation_id": ability.name,
        "summary": title,
        "description": rest,
        "tags": [ability.tag],
        "status_code": ability.status,
        "response_model": None,
        "responses": {**_answers(ability), **_problems(ability)},
        "openapi_extra": _extra(ability),
    }


def model_name(ability: Ability) -> str | None:
    """The schema of its answer, where it has one of its own."""
    return ability.answer.__name__ if ability.answer else None


def _words(ability: Ability) -> tuple[str, str]:
    text = inspect.getdoc(ability.function) or ""
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    head = re.split(r"(?<=\.)\s|: ", paragraphs[0])[0].rstrip(".")
    whole = "\n\n".join(paragraphs)
    needs = f"Needs the action `{ability.action}`. The command line: `roeland {ability.command}`."
    return ability.title or head, f"{whole}\n\n{needs}"


def _answers(ability: Ability) -> dict[int | str, Any]:
    done = {"description": "Done.", "content": _content(ability), "headers": _headers(ability)}
    answers: dict[int | str, Any] = {ability.status: done}
    if ability.etag:
        answers[304] = {"description": "It is still as `If-None-Match` says."}
    return answers


def _content(ability: Ability) -> dict[str, Any]:
    if ability.written:
        return {each.media: {"schema": {"type": "string"} if each.media != JSON else ANY} for each in ability.written}
    schema = _schema(ability)
    content: dict[str, Any] = {JSON: {"schema": schema, "example": answer_of(ability)}}
    if ability.page and ability.method == "GET":
        content[HTML] = {"schema": {"type": "string"}}
    return content


def _schema(ability: Ability) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{ability.answer.__name__}"} if ability.answer else None
    if ability.pages:
        items = {"type": "array", "items": one or OBJECT}
        following = {"type": ["string", "null"], "description": "The address of the following page."}
        return {"type": "object", "required": ["items", "next"], "properties": {"items": items, "next": following}}
    return one or ANY


def _headers(ability: Ability) -> dict[str, Any]:
    names = {
        "Location": ability.location,
        "ETag": ability.etag or ability.versioned or ability.version,
        "Link": ability.pages,
    }
    found: dict[str, Any] = {name: {"schema": {"type": "string"}} for name, has in names.items() if has}
    if ability.method == "POST":
        found["Idempotency-Replayed"] = {"schema": {"const": "true"}, "description": "It was done before."}
    return found


def _problems(ability: Ability) -> dict[int | str, Any]:
    statuses = {400, 401, 403, 409, 422, 429, 500, 503}
    statuses |= {404} if "{" in ability.path else set()
    statuses |= {413, 415} if ability.given or has_fields(ability) else set()
    statuses |= {408} if PREFIX + ability.path in UPLOADS else set()
    statuses |= {412} if ability.versioned else set()
    statuses |= {428} if ability.versioned and ability.asks else set()
    return {status: problem(status) for status in sorted(statuses)}


def problem(status: int) -> dict[str, Any]:
    """What is said of a problem."""
    title, text = KINDS[status]
    example = {"type": f"/api#{slug(title)}", "title": title, "status": status, "detail": text}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": f"{title}: {text}", "content": {PROBLEM: {"schema": schema, "example": example}}}


def _extra(ability: Ability) -> dict[str, Any]:
    extra: dict[str, Any] = {"x-roeland-command": ability.command, "x-roeland-action": ability.action}
    if ability.given:
        schemas = {JSON: OBJECT}
        content = {
            media: {"schema": schemas.get(media, {"type": "string"}), "example": BODIES[ability.given.name, media]}
            for media in ability.given.media
        }
        extra["requestBody"] = {"required": True, "content": content}
    elif has_fields(ability) and (model := model_of(ability)):
        example = BODIES.get((ability.command, ""), {})
        needed = [name for name, field in model.model_fields.items() if field.is_required()]
        extra["requestBody"] = {"content": {JSON: {"example": example or dict.fromkeys(needed, "…")}}}
    return extra


def schemas() -> dict[str, Any]:
    """Those of the answers that are typed, by name."""
    from services.console.api import models

    found = [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Open)]
    made: dict[str, Any] = {}
    for each in found:
        schema = each.model_json_schema(ref_template="#/components/schemas/{model}")
        made |= schema.pop("$defs", {}) | {each.__name__: schema}
    made.pop("Open", None)
    return made
