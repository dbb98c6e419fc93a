"""The shape of a message file, as a pydantic model: what an author may write, and how it becomes content.

Wherever a text stands, `"…"`, `{text: "…"}` and a list of those mean the same; a validator makes lists of all of
them, so that the rest sees one shape.
"""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.domain import limits
from services.domain.configuration import CHANNELS, Configuration
from services.domain.content import KeyMessage, Kind, MessageContent, Text, Urgency
from services.domain.message_fields import (
    Audiences,
    Channel,
    FactKey,
    Incident,
    LanguageId,
    Line,
    Moment,
    PhaseId,
    Places,
    Selection,
    Sms,
    Title,
    as_key_messages,
    as_texts,
    few,
    wrong,
)
from services.domain.release_order import STEPS, FileStep, kept


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Words(_Strict):
    """Own words, a fact's statement (`fact` alone), or own words that state a fact and are held against it (both)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"anyOf": [{"required": ["text"]}, {"required": ["fact"]}]}
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not getattr(self, "text", "") and not getattr(self, "fact", None):
            raise wrong("There is neither a text nor a fact here.", "Write `text:` and what it should say.")
        return self


class TitleText(_Words):
    """A title in one language; without `language`, in that of the message."""

    text: Title = ""
    language: LanguageId | None = None
    fact: FactKey | None = None


class LineText(_Words):
    """A text for some audiences (left out: all of the message's) in one language (left out: the message's)."""

    text: Line = ""
    audiences: Audiences | None = None
    language: LanguageId | None = None
    fact: FactKey | None = None


class SmsText(_Words):
    """An SMS for some audiences in one language; sent as it is, but for OEFENING in an exercise."""

    text: Sms = ""
    audiences: Audiences | None = None
    language: LanguageId | None = None
    fact: FactKey | None = None


Titles = Annotated[
    list[TitleText], BeforeValidator(as_texts, json_schema_input_type=str | TitleText | list[str | TitleText])
]
Texts = Annotated[
    list[LineText],
    AfterValidator(few),
    BeforeValidator(as_texts, json_schema_input_type=str | LineText | list[str | LineText]),
]
SmsTexts = Annotated[
    list[SmsText], BeforeValidator(as_texts, json_schema_input_type=str | SmsText | list[str | SmsText])
]


class FileKeyMessage(_Strict):
    """One thing to remember, with at most three facts that support it."""

    text: Texts
    facts: Texts = Field(default_factory=list)
    audiences: Audiences | None = None
    language: LanguageId | None = None


KeyMessages = Annotated[
    list[FileKeyMessage],
    AfterValidator(few),
    BeforeValidator(as_key_messages, json_schema_input_type=list[str | FileKeyMessage | LineText]),
]


class MessageFile(_Strict):
    """A crisis message as its author writes it, in YAML or JSON."""

    model_config = ConfigDict(extra="forbid", title="Roeland message file")

    incident: Incident = Field(
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
    channels: list[Channel] = Field(
        default_factory=list,
        min_length=1,
        description="mail, sms, newsfeed; a correction or all-clear may leave it out: those that were used.",
    )
    key_messages: KeyMessages = Field(
        default_factory=list, description="What to remember: at most 3 for each reader, each with at most 3 facts."
    )
    unknown: Texts = Field(default_factory=list, description="What we do not know yet.")
    actions: Texts = Field(default_factory=list, description="What we ask the reader to do.")
    wrong: Texts = Field(
        default_factory=list,
        description="Only of a correction: what was wrong. Default: the key messages of what it corrects are quoted.",
    )
    sms: SmsTexts | None = Field(None, description="The whole SMS. Default: made from title and key messages.")
    next_update_at: Moment | None = Field(None, description="When the reader hears more; with its time zone.")
    expires_at: Moment | None = Field(None, description="After this it is no longer sent; with its time zone.")
    exercise: bool = Field(False, description="true: marked OEFENING everywhere, and never in the open feed.")
    area: Places = Field(
        default_factory=list,
        description="What it is about, as municipalities and provinces (`provincie Antwerpen`). Default: Flanders.",
    )
    corrects: str | None = Field(None, description="The id of the message that this one puts right.")
    release_at: Moment | None = Field(None, description="Embargo: once approved it waits until then; with time zone.")
    release_order: list[FileStep] = Field(
        default_factory=list, max_length=STEPS, description="Who is told first: steps, each opened by the one before."
    )
    recipients: Selection | None = Field(
        None, description="Who of these audiences: `province=Limburg and role=burgemeester`. Default: all of them."
    )
    confirm: bool = Field(False, description="true: each reader is asked to say that they know.")
    confirm_minutes: int | None = Field(
        None, ge=1, le=limits.CONFIRM_MINUTES, description="So long after release they have for that."
    )


def to_content(file: MessageFile, configuration: Configuration) -> MessageContent:
    """The same message in the one shape of `MessageContent`."""

    def texts(items: Iterable[TitleText | LineText | SmsText] | None, language: str | None = None) -> tuple[Text, ...]:
        return tuple(
            Text(
                text=item.text,
                audiences=_ordered(getattr(item, "audiences", None), configuration),
                language=item.language or language or (file.language if item.text else None),
                fact=item.fact,
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
        wrong=texts(file.wrong),
        sms=texts(file.sms),
        next_update_at=file.next_update_at,
        expires_at=file.expires_at,
        exercise=file.exercise,
        area=tuple(dict.fromkeys(file.area)),
        corrects=file.corrects,
        release_at=file.release_at,
        release_order=tuple(kept(step) for step in file.release_order),
        recipients=file.recipients or "",
        confirm=file.confirm,
        confirm_minutes=file.confirm_minutes,
    )


def _ordered(audiences: list[str] | None, configuration: Configuration) -> tuple[str, ...] | None:
    return configuration.in_order(audiences) if audiences else None
