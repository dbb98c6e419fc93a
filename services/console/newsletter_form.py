"""The form in which somebody makes or changes a newsletter, and the file that it stands for.

The form knows no rule of its own: it is written out as the file of `roeland newsletter add`, and judged as that.
"""

from collections.abc import Sequence
from typing import Any, Final

import yaml
from starlette.datastructures import FormData

from services.domain.newsletters import Newsletter

LISTS: Final = {"audiences": "audience", "by_province": "province", "phases": "phase", "weekdays": "weekday"}
EMPTY: Final[dict[str, Any]] = {
    "newsletter": "", "language": "nl", "title": {}, "opening": {}, "audiences": ["local-governments"],
    "by_province": [], "phases": [], "incidents": "", "time": "17:00", "holidays": "skip", "prepare_minutes": "30",
    "late_minutes": "180", "quiet_day": "skip", "exercise": False, "weekdays": ["mon", "tue", "wed", "thu", "fri"],
}  # fmt: skip


def typed(form: FormData, languages: Sequence[str]) -> dict[str, Any]:
    """What somebody filled in, to be shown again as it is."""
    plain = {name: _text(form, name) for name in ("newsletter", "language", "time", "holidays", "quiet_day")}
    numbers = {name: _text(form, name) for name in ("prepare_minutes", "late_minutes", "incidents")}
    lists = {name: [str(each) for each in form.getlist(field)] for name, field in LISTS.items()}
    texts = {name: {each: _text(form, f"{name}_{each}") for each in languages} for name in ("title", "opening")}
    return {**plain, **numbers, **lists, **texts, "exercise": form.get("exercise") == "yes"}


def as_file(filled: dict[str, Any]) -> str:
    """The same as YAML; what was left empty is left out, so that the file's own defaults hold."""
    schedule = {"time": filled["time"], "weekdays": filled["weekdays"], "holidays": filled["holidays"]}
    schedule |= {name: _number(filled[name]) for name in ("prepare_minutes", "late_minutes") if filled[name]}
    document = {
        "newsletter": filled["newsletter"],
        "title": _texts(filled["title"]),
        "language": filled["language"],
        "audiences": filled["audiences"],
        "schedule": schedule,
        "incidents": [each for each in filled["incidents"].replace(",", " ").split() if each],
        "phases": filled["phases"],
        "quiet_day": filled["quiet_day"],
        "by_province": filled["by_province"],
        "opening": _texts(filled["opening"]),
        "exercise": filled["exercise"],
    }
    return written({name: value for name, value in document.items() if value not in ("", [], {})})


def of_newsletter(definition: Newsletter) -> dict[str, Any] | None:
    """The form of what it is now; None when it says more than the form has fields for, and only a file does."""
    if any(each.audiences for each in definition.opening):
        return None
    texts = {
        name: {each.language or definition.language: each.text for each in getattr(definition, name)}
        for name in ("title", "opening")
    }
    if len(texts["opening"]) < len(definition.opening):
        return None
    schedule = definition.schedule
    return {
        "newsletter": definition.slug, "language": definition.language, **texts,
        "audiences": list(definition.audiences), "by_province": list(definition.by_province),
        "phases": list(definition.phases), "incidents": " ".join(definition.incidents),
        "time": f"{schedule.time:%H:%M}", "weekdays": list(schedule.weekdays), "holidays": schedule.holidays,
        "prepare_minutes": str(schedule.prepare_minutes), "late_minutes": str(schedule.late_minutes),
        "quiet_day": definition.quiet_day, "exercise": definition.exercise,
    }  # fmt: skip


def file_of(definition: Newsletter) -> str:
    """What it is now, as its file."""
    plain = definition.model_dump(mode="json", exclude_defaults=True)
    schedule = {**plain.pop("schedule"), "time": f"{definition.schedule.time:%H:%M}"}
    for name in ("title", "opening"):
        plain[name] = [{key: value for key, value in each.items() if value} for each in plain.get(name, ())]
    document = {"newsletter": plain.pop("slug"), **plain, "schedule": schedule}
    return written({name: value for name, value in document.items() if value not in ("", [], {})})


def written(document: dict[str, Any]) -> str:
    """As YAML that people read."""
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    return text


def _texts(by_language: dict[str, str]) -> list[dict[str, str]]:
    return [{"text": text, "language": language} for language, text in by_language.items() if text]


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
