"""The shape of a message file, as a pydantic model: what an author may write, and how it becomes content.

Wherever a text stands, `"…"`, `{text: "…"}` and a list of those mean the same; a validator makes lists of all of
them, so that the rest sees one shape. Audiences, phases and languages are checked against the configuration that
comes as context, never listed here: the JSON Schema made of this holds for every centre.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from services.domain import limits
from services.domain.configuration import CHANNELS, Configuration
from services.domain.content import KeyMessage, Kind, MessageContent, Text, Urgency
from services.domain.problems import nearest
from services.domain.texts import PRIVATE_USE, few_lines, one_line
from services.domain.yaml_text import Path


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


def _known(what: str, ids: Callable[[Configuration], Iterable[str]]) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        if isinstance(info.context, ModelContext) and value not in (known := tuple(ids(info.context.configuration))):
            raise wrong(f"{value!r} is not {what}.", nearest(value, known))
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


def _few(items: list[Any]) -> list[Any]:
    if len(items) > limits.FILE_ITEMS:
        raise wrong(f"This list has {len(items)} entries, more than {limits.FILE_ITEMS}.", "Shorten it.")
    return items


def _as_texts(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return [{"text": item} if isinstance(item, str) else item for item in items]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_key_messages(value: Any) -> Any:
    return [{"text": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value


Line = Annotated[str, _text(limits.TEXT_CHARACTERS, one_line)]
Title = Annotated[str, _text(limits.TITLE_CHARACTERS, one_line)]
Sms = Annotated[str, _text(limits.SMS_CHARACTERS, few_lines)]
AudienceId = Annotated[str, _known("an audience", lambda each: each.audience_ids)]
PhaseId = Annotated[str, _known("a phase", lambda each: each.phase_ids)]
LanguageId = Annotated[str, _known("a language of this centre", lambda each: each.languages)]
Channel = Annotated[str, _known("a channel", lambda _: CHANNELS)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Audiences = Annotated[list[AudienceId], BeforeValidator(_as_list, json_schema_input_type=list[str])]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TitleText(_Strict):
    """A title in one language; without `language`, in that of the message."""

    text: Title
    language: LanguageId | None = None


class LineText(_Strict):
    """A text for some audiences (left out: all of the message's) in one language (left out: the message's)."""

    text: Line
    audiences: Audiences | None = None
    language: LanguageId | None = None


class SmsText(_Strict):
    """An SMS for some audiences in one language; sent as it is, but for OEFENING in an exercise."""

    text: Sms
    audiences: Audiences | None = None
    language: LanguageId | None = None


Titles = Annotated[
    list[TitleText], BeforeValidator(_as_texts, json_schema_input_type=str | TitleText | list[str | TitleText])
]
Texts = Annotated[
    list[LineText],
    AfterValidator(_few),
    BeforeValidator(_as_texts, json_schema_input_type=str | LineText | list[str | LineText]),
]
SmsTexts = Annotated[
    list[SmsText], BeforeValidator(_as_texts, json_schema_input_type=str | SmsText | list[str | SmsText])
]


class FileKeyMessage(_Strict):
    """One thing to remember, with at most three facts that support it."""

    text: Texts
    facts: Texts = Field(default_factory=list)
    audiences: Audiences | None = None
    language: LanguageId | None = None


KeyMessages = Annotated[
    list[FileKeyMessage],
    AfterValidator(_few),
    BeforeValidator(_as_key_messages, json_schema_input_type=list[str | FileKeyMessage]),
]


class MessageFile(_Strict):
    """A crisis message as its author writes it, in YAML or JSON."""

    model_config = ConfigDict(extra="forbid", title="Roeland message file")

    incident: Annotated[str, AfterValidator(_incident)] = Field(
        description="The incident that it belongs to; a new one is opened.",
        json_schema_extra={"pattern": limits.INCIDENT_PATTERN},
    )
    kind: Kind
    phase: PhaseId | None = Field(None, description="Default: the phase that the incident is in.")
    urgency: Urgency | None = Field(None, description="Its lane. Default: routine for an update, else urgent.")
    title: Titles
    language: LanguageId = Field("nl", description="The language of every text that does not say its own.")
    audiences: Audiences = Field(
        default_factory=list,
        description="Whom it is for; a correction or all-clear may leave it out: those who were told.",
    )
    channels: list[Channel] = Field(min_length=1, description="mail, sms, newsfeed.")
    key_messages: KeyMessages = Field(
        default_factory=list, description="What to remember: at most 3 for each reader, each with at most 3 facts."
    )
    unknown: Texts = Field(default_factory=list, description="What we do not know yet.")
    actions: Texts = Field(default_factory=list, description="What we ask the reader to do.")
    sms: SmsTexts | None = Field(None, description="The whole SMS. Default: made from title and key messages.")
    next_update_at: Moment | None = Field(None, description="When the reader hears more; with its time zone.")
    expires_at: Moment | None = Field(None, description="After this it is no longer sent; with its time zone.")
    exercise: bool = Field(False, description="true: marked OEFENING everywhere, and never in the open feed.")
    corrects: str | None = Field(None, description="The id of the message that this one puts right.")


_MODELS: Final[dict[str, type[BaseModel]]] = {
    "title": TitleText, "unknown": LineText, "actions": LineText, "sms": SmsText, "facts": LineText, "text": LineText,
    "key_messages": FileKeyMessage,
}  # fmt: skip


def fields_at(path: Path) -> list[str]:
    """The fields that are allowed where `path` points, to suggest one for what was misspelt."""
    names = [step for step in path[:-1] if isinstance(step, str)]
    model = _MODELS.get(names[-1], MessageFile) if names else MessageFile
    return list(model.model_fields)


def to_content(file: MessageFile, configuration: Configuration) -> MessageContent:
    """The same message in the one shape of `MessageContent`."""

    def texts(items: Iterable[TitleText | LineText | SmsText] | None, language: str | None = None) -> tuple[Text, ...]:
        return tuple(
            Text(
                text=item.text,
                audiences=_ordered(getattr(item, "audiences", None), configuration),
                language=item.language or language or file.language,
            )
            for item in items or ()
        )

    return MessageContent(
        incident=file.incident,
        kind=file.kind,
        phase=file.phase,
        urgency=file.urgency or ("routine" if file.kind == "update" else "urgent"),
        title=texts(file.title),
        language=file.language,
        audiences=configuration.in_order(file.audiences),
        channels=tuple(channel for channel in CHANNELS if channel in file.channels),
        key_messages=tuple(
            KeyMessage(
                text=texts(each.text, each.language),
                facts=texts(each.facts, each.language),
                audiences=_ordered(each.audiences, configuration),
            )
            for each in file.key_messages
        ),
        unknown=texts(file.unknown),
        actions=texts(file.actions),
        sms=texts(file.sms),
        next_update_at=file.next_update_at,
        expires_at=file.expires_at,
        exercise=file.exercise,
        corrects=file.corrects,
    )


def _ordered(audiences: list[str] | None, configuration: Configuration) -> tuple[str, ...] | None:
    return configuration.in_order(audiences) if audiences else None
