"""The form in which somebody writes above an edition: paragraphs and dates, or the file when it says more than that."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from services.console.newsletter_form import written
from services.domain.editions import Editorial

ROWS: Final = 3
"""So many dates that the form has room for."""


def of_editorial(editorial: Editorial | None, language: str, zone: ZoneInfo) -> dict[str, Any] | None:
    """The form of what stands there; None when only a file says it: other languages, audiences, more dates."""
    if editorial is None:
        return {"text": "", "dates": _rows([])}
    texts = [*editorial.text, *(each for row in editorial.dates for each in row.text)]
    if any(each.audiences or (each.language or language) != language for each in texts):
        return None
    if len(editorial.dates) > ROWS or any(len(row.text) > 1 for row in editorial.dates):
        return None
    dates = [(row.at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"), row.text[0].text) for row in editorial.dates]
    return {"text": "\n\n".join(each.text for each in editorial.text), "dates": _rows(dates)}


def file_of(editorial: Editorial | None, language: str) -> str:
    """What stands there, as a file."""
    if editorial is None:
        return ""
    plain = editorial.model_dump(mode="json")
    texts = [_plain(each) for each in plain["text"]]
    dates = [{"at": each["at"], "text": [_plain(text) for text in each["text"]]} for each in plain["dates"]]
    return written({"language": language, "text": texts, **({"dates": dates} if dates else {})})


def typed(form: FormData) -> dict[str, Any]:
    """What somebody filled in."""
    dates = [(_text(form, f"at_{n}"), _text(form, f"about_{n}")) for n in range(ROWS)]
    return {"text": _text(form, "text"), "dates": dates}


def as_file(filled: dict[str, Any], language: str, zone: ZoneInfo) -> str:
    """The same as YAML. A date without an hour, or the other way round, is told of by the file's own rules."""
    paragraphs = [" ".join(part.split()) for part in filled["text"].replace("\r\n", "\n").split("\n\n")]
    dates = [{"at": _moment(at, zone), "text": about} for at, about in filled["dates"] if at or about]
    return written({"language": language, "text": [each for each in paragraphs if each], "dates": dates})


def _moment(typed_at: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(typed_at).replace(tzinfo=zone).isoformat()
    except ValueError:
        return typed_at


def _plain(text: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in text.items() if value}


def _rows(dates: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*dates, *[("", "")] * (ROWS - len(dates))]


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
