"""How a message stands: plain, as the JSON twins give it and as the templates read it."""

from collections.abc import Iterable
from typing import Any, Final

from services.admin.answers import as_plain
from services.console.live.subjects import Subject
from services.domain.states import GOOD, State
from services.store.live import OnChannel, Stand


def put_message(subject: Subject, stand: Stand) -> bool:
    """How a message stands now; whether that is news."""
    plain = of_message(stand)
    news = subject.put("progress", plain)
    state = {"id": plain["id"], "state": stand.state, "recipients": stand.recipients, "open": bool(stand.open)}
    return subject.put("state", state) or news


def of_message(stand: Stand) -> dict[str, Any]:
    """One message; `channels` in the order in which they are shown."""
    return {
        "id": str(stand.id),
        "incident": stand.incident,
        "kind": stand.kind,
        "urgency": stand.lane,
        "exercise": stand.exercise,
        "state": stand.state,
        "recipients": stand.recipients,
        "released_at": as_plain(stand.released_at),
        "open": stand.open,
        "confirmed": stand.confirmed,
        "channels": {name: _on(each) for name, each in stand.channels.items()},
    }


def _on(each: OnChannel) -> dict[str, Any]:
    """`reached`: a relay or provider took it; `failed`: it did not arrive, or nobody knows; `unsent`: never will be."""
    return {
        "counts": dict(each.counts),
        "all": sum(each.counts.values()),
        "open": each.open,
        "reached": _sum(each, GOOD),
        "failed": _sum(each, FAILED),
        "unsent": _sum(each, UNSENT),
        "rate": round(each.rate, 1),
        "completes_at": as_plain(each.completes_at),
    }


def _sum(each: OnChannel, states: Iterable[State]) -> int:
    return sum(each.counts.get(state.word, 0) for state in states)


FAILED: Final = (State.FAILED, State.BOUNCED, State.UNKNOWN)
UNSENT: Final = (State.SUPPRESSED, State.SUPERSEDED, State.EXPIRED)
