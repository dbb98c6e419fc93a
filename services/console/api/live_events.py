"""What stands in each event of `/api/v1/live/…`, for the OpenAPI document."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """More fields may come."""

    model_config = ConfigDict(extra="allow")


class Channel(Part):
    """`reached`: a relay or provider took it; `failed`: it did not arrive, or nobody knows; `unsent`: never will be.
    `rate`: a second, lately."""

    counts: dict[str, int] = Field(description="Recipients by state; only states that somebody is in.")
    all: int
    open: int
    reached: int
    failed: int
    unsent: int
    rate: float
    completes_at: datetime | None


class Progress(Part):
    """How a message stands. `open`: recipients who still wait; `confirmed`: null where nobody was asked to."""

    id: str
    incident: str
    kind: str
    urgency: str
    exercise: bool
    state: str
    recipients: int
    released_at: datetime | None
    open: int
    confirmed: int | None
    channels: dict[str, Channel]


class Titled(Progress):
    """The same, on the board."""

    title: str


class Stands(Part):
    """The state of a message. `open`: whether anybody still waits."""

    id: str
    state: str
    recipients: int
    open: bool


class Trouble(Part):
    """`away_since`: PostgreSQL does not answer, and nothing that is shown is new since; null: it answers."""

    away_since: datetime | None


class Ended(Part):
    """The last event. `ended`: the key or session stands no more; `elsewhere`: the session has too many streams."""

    why: Literal["ended", "elsewhere"]


class Board(Part):
    """What somebody must decide or know now. `running`: how many messages are being sent; `incidents`: are open."""

    glass: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    waiting: list[dict[str, Any]]
    approved: list[dict[str, Any]]
    running: int
    incidents: int


class Around(Part):
    """What is good to know round it."""

    incidents: list[dict[str, Any]]
    confirming: list[dict[str, Any]]
    drafts: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    newsletters: list[dict[str, Any]]
    health: dict[str, Any]


MODELS: Final[tuple[type[BaseModel], ...]] = (Progress, Titled, Stands, Trouble, Ended, Board, Around, Channel)
NAMED: Final = {each: f"Live{each.__name__}" for each in MODELS}


def schemas() -> dict[str, Any]:
    """Of all of them, by their names in the document."""
    found: dict[str, Any] = {}
    for each in MODELS:
        schema = each.model_json_schema(ref_template="#/components/schemas/Live{model}")
        schema.pop("$defs", None)
        found[NAMED[each]] = schema
    return found


def _stream(**events: dict[str, Any]) -> dict[str, Any]:
    """A stream as the list of its events (OpenAPI 3.2 calls what is in it `itemSchema`; 3.1 has no word for it)."""
    return {"type": "array", "items": {"oneOf": [_event(name, data) for name, data in events.items()]}}


def _event(name: str, data: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    fields = {"event": {"const": name}, "id": {"type": "string"}, "data": text}
    return {"type": "object", "title": name, "properties": fields, "required": ["event", "data"]}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{NAMED[model]}"}


BOARD: Final = _stream(
    board=_ref(Board), around=_ref(Around), progress={"type": "array", "items": _ref(Titled)}, trouble=_ref(Trouble),
    ended=_ref(Ended),
)  # fmt: skip
MESSAGE: Final = _stream(progress=_ref(Progress), state=_ref(Stands), trouble=_ref(Trouble), ended=_ref(Ended))
