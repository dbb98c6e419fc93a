"""What happened, in the past tense: the events between the services, each a CloudEvents 1.0 envelope.

No event carries an address, a name or a text about a person: only numbers that mean something to PostgreSQL.
A breaking change gets a new type (`.v2`) beside the old one; `tests/schemas/corpus` holds events as first written.
"""

from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - a field has its name
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from uuid_utils import uuid7

from services.domain.commands import Command, Tolerant

LARGEST_MESSAGE: Final = 2**63 - 1
LARGEST_BATCH: Final = 2**31 - 1
"""What PostgreSQL's bigint and integer hold: a number beyond is made up, and must not reach a query."""


class MessageReleased(Tolerant):
    """A message may be sent. Dispatch announces its batches."""

    TYPE: ClassVar[str] = "roeland.message.released.v1"
    message_id: UUID
    message: int = Field(description="The message's number: the ledger's key.")
    incident: str
    kind: str
    lane: Literal["urgent", "routine"]
    recipients: int = Field(ge=0, description="Distinct contacts.")
    exercise: bool = False
    released_at: AwareDatetime
    next_update_at: AwareDatetime | None = None


class MessageHalted(Tolerant):
    """A message was paused, stopped or superseded; PostgreSQL knew before this event did."""

    TYPE: ClassVar[str] = "roeland.message.halted.v1"
    message_id: UUID
    message: int
    incident: str
    how: Literal["paused", "stopped", "superseded", "expired"]
    at: AwareDatetime


class MessageResumed(Tolerant):
    """A paused message goes on. Dispatch announces what is still open."""

    TYPE: ClassVar[str] = "roeland.message.resumed.v1"
    message_id: UUID
    message: int
    incident: str
    at: AwareDatetime


class BatchAnnounced(Tolerant):
    """There is work in this batch. Whoever gets this asks PostgreSQL whether that is so."""

    TYPE: ClassVar[str] = "roeland.batch.announced.v1"
    message: int = Field(ge=1, le=LARGEST_MESSAGE)
    batch: int = Field(ge=1, le=LARGEST_BATCH)


class BatchSettled(Tolerant):
    """How a batch stands: absolute counts, so that a later version replaces an earlier one and none need be added."""

    TYPE: ClassVar[str] = "roeland.batch.settled.v1"
    message: int
    batch: int
    channel: Literal["mail", "sms", "newsfeed"]
    lane: Literal["urgent", "routine"]
    version: int
    counts: dict[str, int] = Field(description="Contacts by state; states with none may be left out.")
    possible_duplicates: int = 0
    first_accepted_at: AwareDatetime | None = None
    last_accepted_at: AwareDatetime | None = None


class EditionMade(Tolerant):
    """The clock made an edition of a newsletter; its content is in PostgreSQL. Editorial makes a message of it."""

    TYPE: ClassVar[str] = "roeland.edition.made.v1"
    newsletter: int = Field(ge=1, le=LARGEST_MESSAGE, description="The newsletter's number, which it keeps.")
    date: Date = Field(description="The local date that it is the edition of.")
    message_id: UUID = Field(description="What the message's id will be.")


class DeadLettered(Tolerant):
    """A record that nobody could read. Its bytes are in PostgreSQL (`dead_letter`), not here."""

    TYPE: ClassVar[str] = "roeland.record.dead-lettered.v1"
    topic: str
    partition: int
    offset: int
    reason: str


Event = MessageReleased | MessageHalted | MessageResumed | BatchAnnounced | BatchSettled | EditionMade | DeadLettered
EVENTS: Final[tuple[type[Event], ...]] = (
    MessageReleased, MessageHalted, MessageResumed, BatchAnnounced, BatchSettled, EditionMade, DeadLettered,
)  # fmt: skip


class Envelope(BaseModel):
    """CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec, §3 of the JSON format)."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=200)
    type: str = Field(min_length=1, max_length=200)
    subject: str | None = None
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any]


class Unreadable(Exception):
    """A record that cannot be understood; the text says why, without repeating its content."""


def envelope(
    data: Tolerant, *, event_type: str, source: str, subject: str | None = None, event_id: str | None = None
) -> Envelope:
    """Wrap an event or command for its journey."""
    return Envelope(
        id=event_id or str(uuid7()), source=source, type=event_type, subject=subject, time=datetime.now(UTC),
        data=data.model_dump(mode="json"),
    )  # fmt: skip


def read_envelope(value: bytes | None) -> Envelope:
    """Read a record's value; raises `Unreadable`."""
    try:
        event = Envelope.model_validate_json(value or b"")
    except ValueError as problem:
        raise Unreadable(f"not a CloudEvents 1.0 event in JSON: {where(problem)}") from None
    if b"\\u0000" in (value or b"") and _has_nul(event.model_dump()):
        raise Unreadable("a text in it has a NUL, which PostgreSQL cannot hold")
    return event


def read_event(event: Envelope, *expected: type[Tolerant]) -> Any:
    """The data of an envelope as the one of the expected models that its type names; raises `Unreadable`."""
    for model in expected:
        if getattr(model, "TYPE", None) == event.type:
            try:
                return model.model_validate(event.data)
            except ValueError as problem:
                raise Unreadable(f"{event.type} breaks its schema: {where(problem)}") from None
    raise Unreadable("its type is none that this topic carries")


def _has_nul(part: object) -> bool:
    if isinstance(part, dict):
        return any(_has_nul(key) or _has_nul(value) for key, value in part.items())
    if isinstance(part, list):
        return any(map(_has_nul, part))
    return isinstance(part, str) and "\0" in part


def where(problem: ValueError) -> str:
    """The kinds of pydantic's errors and the fields of ours that they are in: nothing that the record itself says."""
    errors = getattr(problem, "errors", None)
    if errors is None:
        return type(problem).__name__
    found = errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{_field(error['loc'])}: {error['type']}" for error in found[:5])


def _field(place: tuple[int | str, ...]) -> str:
    """The outermost field: further in, a place may be a key that the sender chose."""
    known = {name for model in (Envelope, Command, *EVENTS) for name in model.model_fields}
    return str(place[0]) if place and place[0] in known else "value"
