"""The values of a message file, each with its check and the words in which it refuses.

Audiences, phases and languages are checked against the configuration that comes as context, never listed here: the
JSON Schema made of this holds for every centre.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from services.domain import limits
from services.domain.configuration import CHANNELS, Configuration
from services.domain.municipalities import (
    PROVINCE_MARK,
    PROVINCES,
    municipalities_like,
    near_misses,
    official_municipality,
    official_province,
)
from services.domain.problems import nearest
from services.domain.recipient_query import Unreadable
from services.domain.recipient_reading import one_form
from services.domain.recipient_values import Known
from services.domain.texts import PRIVATE_USE, few_lines, one_line


@dataclass(frozen=True)
class ModelContext:
    """What the validators need to know beyond the file."""

    configuration: Configuration


def wrong(problem: str, remedy: str) -> PydanticCustomError:
    """A problem in our words; `message_file` takes it out of pydantic's error."""
    return PydanticCustomError("rule", "{problem}", {"problem": problem, "remedy": remedy})


def _text(limit: int, clean: Callable[[str], str]) -> AfterValidator:
    def check(value: str) -> str:
        if found := PRIVATE_USE.search(value):
            raise wrong(f"The character U+{ord(found[0]):04X} is of private use and means nothing.", "Take it out.")
        if not (cleaned := clean(value)):
            raise wrong("This text is empty.", "Write what it should say, or take it out.")
        if len(cleaned) > limit:
            raise wrong(f"This has {len(cleaned)} characters, more than {limit}.", "Shorten it.")
        return cleaned

    return AfterValidator(check)


def _known(otherwise: str, ids: Callable[[Configuration], Iterable[str]]) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        if isinstance(info.context, ModelContext) and value not in (known := tuple(ids(info.context.configuration))):
            raise wrong(otherwise.format(repr(value)), nearest(value, known))
        return value

    return AfterValidator(check)


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise wrong(f"{value!r} is not a date and time.", "Write it as 2026-11-23T16:00:00+01:00.") from None
    if moment.tzinfo is None:
        raise wrong(f"{value!r} does not say its time zone.", f"Write {moment.isoformat()}+01:00, or +02:00 in summer.")
    return moment


def _incident(value: str) -> str:
    if len(value) > limits.INCIDENT_CHARACTERS or not re.match(limits.INCIDENT_PATTERN, value):
        raise wrong(
            f"{value!r} is not an incident's id.",
            f"Small letters, digits and single hyphens, at most {limits.INCIDENT_CHARACTERS}: cyber-2026-014.",
        )
    return value


def _fact_key(value: str) -> str:
    if len(value) > limits.KEY_CHARACTERS or not re.match(limits.KEY_PATTERN, value):
        raise wrong(f"{value!r} is not the key of a fact.", "Copy it from `roeland fact list`.")
    return value


def _place(value: str) -> str:
    """A municipality, or else a province: Antwerpen alone is the town; the province is `provincie Antwerpen`."""
    province = value.strip().casefold().removeprefix(PROVINCE_MARK)
    if province != value.strip().casefold() and (found := official_province(province)):
        return f"{PROVINCE_MARK}{found}"
    if town := official_municipality(value):
        return town
    if found := official_province(value):
        return f"{PROVINCE_MARK}{found}"
    alike = [*municipalities_like(value), *near_misses(value, PROVINCES)]
    remedy = f"Did you mean {' or '.join(alike)}?" if alike else "Write it as the municipality does: Sint-Truiden."
    raise wrong(f"{value!r} is not a Flemish municipality or province.", remedy)


def _selection(value: str, info: ValidationInfo) -> str:
    """In its one form, its names held against those of this centre and of Flanders."""
    context = info.context
    try:
        return one_form(value, Known(context.configuration.audience_ids if isinstance(context, ModelContext) else None))
    except Unreadable as why:
        raise wrong(why.problem, why.remedy) from None


def few(items: list[Any]) -> list[Any]:
    if len(items) > limits.FILE_ITEMS:
        raise wrong(f"This list has {len(items)} entries, more than {limits.FILE_ITEMS}.", "Shorten it.")
    return items


def as_texts(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return [{"text": item} if isinstance(item, str) else item for item in items]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def as_key_messages(value: Any) -> Any:
    return [_as_key_message(item) for item in value] if isinstance(value, list) else value


def _as_key_message(item: Any) -> Any:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, dict) and "fact" in item and not isinstance(item.get("text"), list | dict):
        own = {name: item[name] for name in ("text", "fact") if name in item}
        return {name: each for name, each in item.items() if name != "fact"} | {"text": own}
    return item


Line = Annotated[str, _text(limits.TEXT_CHARACTERS, one_line)]
Title = Annotated[str, _text(limits.TITLE_CHARACTERS, one_line)]
Sms = Annotated[str, _text(limits.SMS_CHARACTERS, few_lines)]
AudienceId = Annotated[str, _known("{} is not an audience.", lambda each: each.audience_ids)]
PhaseId = Annotated[str, _known("{} is not a phase.", lambda each: each.phase_ids)]
LanguageId = Annotated[str, _known("{} is not a language of this centre.", lambda each: each.languages)]
Incident = Annotated[str, AfterValidator(_incident)]
FactKey = Annotated[str, AfterValidator(_fact_key)]
Channel = Annotated[str, _known("{} is not a channel.", lambda _: CHANNELS)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Place = Annotated[str, AfterValidator(_place)]
Selection = Annotated[str, _text(limits.SELECTION_CHARACTERS, one_line), AfterValidator(_selection)]
Places = Annotated[list[Place], AfterValidator(few), BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
Audiences = Annotated[list[AudienceId], BeforeValidator(_as_list, json_schema_input_type=list[str])]
