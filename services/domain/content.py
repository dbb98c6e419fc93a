"""A message as it travels and is kept: every text in one shape, whatever shape the file had.

This is in events and in the record, so it tolerates fields that a later version added. It never trusts: an event
may come from outside, so texts are made harmless here again (`services.domain.texts`).
"""

import hashlib
import json
from datetime import UTC
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.domain import limits
from services.domain.recipient_reading import one_form
from services.domain.release_order import STEPS, ReleaseStep
from services.domain.texts import few_lines, one_line

Kind = Literal["alert", "update", "correction", "all-clear"]
Urgency = Literal["urgent", "routine"]

Utc = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class _Tolerant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Text(_Tolerant):
    """A text for some audiences (None: all) in one language (None: that of the message).

    `fact` is the key of a fact that it states. Without words of its own it is the fact's statement, and then no
    language means: in every language of the message. `services.domain.facts` puts the statement there.
    """

    text: Annotated[str, AfterValidator(few_lines)] = ""
    audiences: tuple[str, ...] | None = None
    language: str | None = None
    fact: Annotated[str, Field(pattern=limits.KEY_PATTERN, max_length=limits.KEY_CHARACTERS)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text and not self.fact:
            raise ValueError("a text without words names a fact")
        return self


class KeyMessage(_Tolerant):
    """One thing to remember, in one or more languages, and what supports it."""

    text: tuple[Text, ...]
    facts: tuple[Text, ...] = ()
    audiences: tuple[str, ...] | None = None


class MessageContent(_Tolerant):
    """What a message says and to whom, as the contract's section *A message* has it. Times are UTC.

    `recipients`: who of these audiences, as a selection in its one form (docs/recipients.md); empty: all of them.
    `confirm`: each is asked to say that they know, within `confirm_minutes` of release (None: as configured).
    `area`: municipalities, and provinces as `provincie Limburg`; empty: all of Flanders.
    After validation every text of own words has its language, so that the same content has one form and one hash.
    """

    incident: str = Field(pattern=limits.INCIDENT_PATTERN, max_length=limits.INCIDENT_CHARACTERS)
    kind: Kind
    phase: str | None = None
    urgency: Urgency
    title: tuple[Text, ...] = Field(min_length=1)
    language: str = "nl"
    audiences: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    key_messages: tuple[KeyMessage, ...] = ()
    unknown: tuple[Text, ...] = ()
    actions: tuple[Text, ...] = ()
    wrong: tuple[Text, ...] = ()
    sms: tuple[Text, ...] = ()
    next_update_at: Utc | None = None
    expires_at: Utc | None = None
    exercise: bool = False
    area: tuple[str, ...] = ()
    corrects: str | None = None
    release_at: Utc | None = None
    release_order: tuple[ReleaseStep, ...] = Field(default=(), max_length=STEPS)
    recipients: str = Field(default="", max_length=limits.SELECTION_CHARACTERS)
    confirm: bool = False
    confirm_minutes: int | None = Field(default=None, ge=1, le=limits.CONFIRM_MINUTES)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        def lines(texts: tuple[Text, ...]) -> tuple[Text, ...]:
            return tuple(_settled(text, self.language, text.text) for text in texts)

        def line(texts: tuple[Text, ...]) -> tuple[Text, ...]:
            return tuple(_settled(text, self.language, one_line(text.text)) for text in texts)

        settled = {
            "title": line(self.title),
            "key_messages": tuple(
                each.model_copy(update={"text": line(each.text), "facts": line(each.facts)})
                for each in self.key_messages
            ),
            "unknown": line(self.unknown),
            "actions": line(self.actions),
            "wrong": line(self.wrong),
            "sms": lines(self.sms),
        }
        if self.recipients:
            object.__setattr__(self, "recipients", one_form(self.recipients))
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        return self


def content_hash(content: MessageContent) -> str:
    """SHA-256, in hex, over all that the message says; how its file was laid out does not matter.

    What has its default is left out, so that a field added later changes no hash that is already in the record.
    """
    plain = content.model_dump(mode="json", exclude_defaults=True)
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _settled(text: Text, language: str, words: str) -> Text:
    default = language if words else None
    return Text.model_construct(text=words, audiences=text.audiences, language=text.language or default, fact=text.fact)
