"""What the main answers look like. They promise these fields; a command may say more, and then so does the API."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Counts = dict[str, int]


class Open(BaseModel):
    """More fields may come."""

    model_config = ConfigDict(extra="allow")


class Finding(Open):
    """What lint says of a place in a message."""

    rule: str
    severity: Literal["error", "warning", "hint"] | str
    place: str


class Findings(Open):
    """What would be refused (`error`), and what an editor would say."""

    findings: list[Finding]


class Submitted(Open):
    """A message that was handed in. `state` is `submitted` while its proof is still being made."""

    id: str
    state: str
    recipients: int
    findings: list[Finding]


class Approved(Open):
    """`lacking`: who still has to approve it, where it needs more than one."""

    id: str
    state: str
    approved_at: str | None


class Message(Open):
    """A message in a list."""

    id: str
    incident: str
    kind: str
    state: str
    recipients: int
    title: str
    exercise: bool
    submitted_at: str


class Status(Open):
    """How a message stands. `channels`: contacts by state, for each channel; only states that somebody is in."""

    id: str
    state: str
    recipients: int
    channels: dict[str, Counts]
    possible_duplicates: int
    approved_at: str | None
    released_at: str | None
    first_accepted_at: str | None
    last_accepted_at: str | None


class Blast(Open):
    """An SMS blast: the message that it is."""

    id: str
    state: str
    recipients: int


class Contact(Open):
    """Somebody who is told."""

    external_id: str
    name: str
    organisation: str
    email: str | None = None
    mobile: str | None = None


class Imported(Open):
    """What an import did, or would do: `dry_run`."""

    added: int
    updated: int
    unchanged: int
    dry_run: bool
    problems: list[dict[str, Any]]


class Board(Open):
    """All that somebody must decide, know or keep an eye on now."""

    glass: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    waiting: list[dict[str, Any]]
    approved: list[dict[str, Any]]
    running: list[dict[str, Any]]
    promises: list[dict[str, Any]]


class Place(Open):
    """What is wrong at a place of the request, and what to do about it."""

    place: str | None = None
    problem: str | None = None
    remedy: str | None = None


class Problem(Open):
    """Why it was not done (RFC 9457)."""

    type: str = Field(examples=["/api#refused"])
    title: str
    status: int
    detail: str | None = None
    problems: list[Place] | None = None
