"""What CAP's code words say of a message. docs/cap.md gives the reason for each.

CAP asks for urgency, severity and certainty of the event; a message knows its kind, its lane and its phase. Where that
is not enough to tell, the word is Unknown: a machine that acts on a guess of ours is worse off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.store.feeds import FeedEntry

UNKNOWN: Final = "Unknown"


@dataclass(frozen=True, slots=True)
class Codes:
    """Of one `info`: CAP 1.2 §3.2.2."""

    response: str
    urgency: str
    severity: str
    certainty: str


CANCELLED: Final = Codes("None", "Past", UNKNOWN, UNKNOWN)
"""Of a message that was withdrawn: it asks for nothing any more, and says nothing of what goes on."""

OVER: Final = Codes("AllClear", "Past", "Minor", "Observed")

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "cyber": ("Infra", "Security"),
    "service-failure": ("Infra",),
    "data-breach": ("Security",),
    "pandemic": ("Health",),
    "industrial-accident": ("Safety", "Env"),
    "extreme-weather": ("Met",),
}

_URGENCY: Final[Mapping[tuple[str, str], str]] = {
    ("urgent", "preparation"): "Expected",
    ("urgent", "acute"): "Immediate",
    ("urgent", "containment"): "Expected",
    ("urgent", "recovery"): "Expected",
    ("routine", "preparation"): "Future",
    ("routine", "acute"): "Expected",
    ("routine", "containment"): "Future",
    ("routine", "recovery"): "Future",
    ("routine", "evaluation"): "Past",
}

_SEVERITY: Final[Mapping[str, str]] = {"evaluation": "Minor"}

_CERTAINTY: Final[Mapping[str, str]] = dict.fromkeys(("acute", "containment", "recovery", "evaluation"), "Observed")


def codes_of(entry: FeedEntry, *, asks: bool, promises: bool) -> Codes:
    """`asks`: its readers are asked to do something. `promises`: it says when they hear more."""
    if entry.kind == "all-clear":
        return OVER
    return Codes(
        response=_response(entry.phase, asks=asks, promises=promises),
        urgency=_URGENCY.get((entry.lane, entry.phase), UNKNOWN),
        severity=_SEVERITY.get(entry.phase, UNKNOWN),
        certainty=_CERTAINTY.get(entry.phase, UNKNOWN),
    )


def categories_of(incident_type: str | None) -> tuple[str, ...]:
    """Those of a type of incident; a type that a centre added itself, or none, is Other."""
    return CATEGORIES.get(incident_type or "", ("Other",))


def _response(phase: str, *, asks: bool, promises: bool) -> str:
    if asks:
        return "Prepare" if phase == "preparation" else "Execute"
    return "Monitor" if promises else "None"
