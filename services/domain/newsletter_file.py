"""The file that defines a newsletter: what somebody writes, in YAML or JSON, judged strictly and all in one go."""

import re
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from services.domain import limits
from services.domain.configuration import Configuration
from services.domain.content import Text
from services.domain.message_fields import (
    AudienceId,
    Audiences,
    Incident,
    LanguageId,
    Line,
    ModelContext,
    PhaseId,
    Title,
    as_texts,
    few,
    wrong,
)
from services.domain.newsletters import SLUG_CHARACTERS, Newsletter, Schedule
from services.domain.problems import Problem, Refused, nearest
from services.domain.shapes import in_our_words
from services.domain.yaml_text import Located, Path, read_yaml

_SHAPE: Final = "See docs/newsletter.md, *The file*."
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_FIRST: Final = "Start with `newsletter:`, `title:`, `audiences:`, `schedule:`."


def parse_newsletter(text: str, *, name: str, configuration: Configuration) -> Newsletter:
    """The newsletter in `text`; `name` is the file's, for places. Raises Refused with every problem there is.

    Audiences come out in the configured order, and every text with its language.
    """
    located = read_yaml(text, name=name)
    if not isinstance(located.data, dict):
        what = "The file is empty." if located.data is None else "A newsletter is a mapping of fields to values."
        raise Refused([Problem(f"{name}:1:1", what, _FIRST)])
    try:
        file = _File.model_validate(located.data, context=ModelContext(configuration))
    except ValidationError as error:
        raise Refused([_problem(each, located) for each in error.errors(include_url=False)]) from None
    if problems := [Problem(located.place(path), *rest) for path, *rest in _together(file, configuration)]:
        raise Refused(problems)
    return _newsletter(file, configuration)


def clock_time(value: Any) -> time:
    """`17:00` as a time of the day. Raises pydantic's error with our words (`message_fields.wrong`)."""
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{value!r} is not an hour and minutes.", "Write it as 17:00.")
    return time(int(found[1]), int(found[2]))


def newsletter_name(value: str) -> str:
    """The name, if it can be one. Raises pydantic's error with our words."""
    if len(value) > SLUG_CHARACTERS or not re.match(limits.INCIDENT_PATTERN, value):
        remedy = f"Small letters, digits and single hyphens, at most {SLUG_CHARACTERS}: dagelijks."
        raise wrong(f"{value!r} cannot be a newsletter's name.", remedy)
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Title(_Strict):
    text: Title
    language: LanguageId | None = None


class _Line(_Strict):
    text: Line
    audiences: Audiences | None = None
    language: LanguageId | None = None


class FileSchedule(Schedule):
    """The schedule as it is written, with the time as text."""

    time: Annotated[time, BeforeValidator(clock_time)]

    def plain(self) -> Schedule:
        """The same as it is kept."""
        return Schedule(**self.model_dump())


class _File(_Strict):
    newsletter: Annotated[str, AfterValidator(newsletter_name)]
    title: Annotated[list[_Title], AfterValidator(few), BeforeValidator(as_texts), Field(min_length=1)]
    language: LanguageId = "nl"
    audiences: Annotated[Audiences, Field(min_length=1)]
    schedule: FileSchedule
    incidents: Annotated[list[Incident], AfterValidator(few)] = Field(default_factory=list)
    phases: Annotated[list[PhaseId], AfterValidator(few)] = Field(default_factory=list)
    quiet_day: Literal["skip", "say-so"] = "skip"
    by_province: Annotated[list[AudienceId], AfterValidator(few)] = Field(default_factory=list)
    opening: Annotated[list[_Line], AfterValidator(few), BeforeValidator(as_texts)] = Field(default_factory=list)
    exercise: bool = False


def _together(file: _File, configuration: Configuration) -> Iterator[tuple[Path, str, str]]:
    """What the fields say together."""
    for number, audience in enumerate(file.audiences):
        if "mail" not in configuration.audience(audience).channels or audience == "public":
            yield ("audiences", number), f"{audience} gets no mail.", "A newsletter is mail: leave it out."
    for number, audience in enumerate(file.by_province):
        if audience not in file.audiences:
            yield (
                ("by_province", number),
                f"{audience} does not get this newsletter.",
                nearest(audience, file.audiences),
            )
    languages = [each.language or file.language for each in file.title]
    if file.language not in languages:
        yield ("title",), f"There is no title in {file.language}, its language.", "Add one, or change `language:`."
    for number, language in enumerate(languages):
        if language in languages[:number]:
            yield ("title", number), f"There is a title in {language} already.", "Keep one of the two."
    for number, line in enumerate(file.opening):
        for audience in line.audiences or []:
            if audience not in file.audiences:
                what = f"{audience} does not get this newsletter."
                yield ("opening", number, "audiences"), what, nearest(audience, file.audiences)


def _newsletter(file: _File, configuration: Configuration) -> Newsletter:
    return Newsletter(
        slug=file.newsletter,
        title=tuple(Text(text=each.text, language=each.language or file.language) for each in file.title),
        language=file.language,
        audiences=configuration.in_order(file.audiences),
        schedule=file.schedule.plain(),
        incidents=tuple(dict.fromkeys(file.incidents)),
        phases=tuple(each for each in configuration.phase_ids if each in file.phases),
        quiet_day=file.quiet_day,
        by_province=configuration.in_order(file.by_province),
        opening=tuple(_text(each, file.language) for each in file.opening),
        exercise=file.exercise,
    )


def _text(line: _Line, language: str) -> Text:
    audiences = tuple(line.audiences) if line.audiences else None
    return Text(text=line.text, audiences=audiences, language=line.language or language)


def _problem(error: ErrorDetails, located: Located) -> Problem:
    path: Path = tuple(error["loc"])
    problem, remedy = in_our_words(error, see=_SHAPE, model=_File)
    return Problem(located.place(path), problem, _MISSING.get(path, remedy) if error["type"] == "missing" else remedy)


_MISSING: Final[Mapping[Path, str]] = {
    ("newsletter",): "Give its name, as in `newsletter: dagelijks`.",
    ("title",): "Write `title:` and what readers see.",
    ("audiences",): "Write `audiences: [local-governments]`, or those that you want.",
    ("schedule",): "Write `schedule: {time: 17:00}`.",
    ("schedule", "time"): "Write `time: 17:00`.",
}
