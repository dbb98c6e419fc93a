"""The order in which a message is released, for people: before it is submitted, and while it goes out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.admin.answers import instant, table
from services.domain.content import MessageContent
from services.domain.release_order import ReleaseStep, waits_for
from services.domain.states import GOOD, State
from services.store.escalations import Step
from services.store.step_status import StepStatus

REST = "what no step names"


def steps_shown(steps: Sequence[StepStatus]) -> list[Any]:
    """A table of how the steps stand; nothing without steps."""
    rows = [
        (
            each.step + 1, _whom(each.audiences, each.channels, last=each is steps[-1]),
            f"{instant(each.opened_at)} ({each.opened_by})" if each.opened_at else f"opens {each.waits_for}",
            f"{_accepted(each.recipients)} of {_awaited(each.recipients)}",
            "" if each.lead_seconds is None else f"{each.lead_seconds:.0f} s",
        )
        for each in steps
    ]  # fmt: skip
    return [table(["step", "for", "open since", "accepted", "before publication"], rows)] if rows else []


def escalation_shown(steps: Sequence[Step]) -> list[Any]:
    """A table of what happens, and happened, when people do not confirm; nothing when they are not asked to."""
    rows = [
        (
            each.step, each.act, _when(each),
            instant(each.taken_at) if each.taken_at else "", "" if each.contacts is None else each.contacts,
        )
        for each in steps
    ]  # fmt: skip
    return [table(["escalation", "what", "due", "taken", "for"], rows)] if rows else []


WAITS: Final[Mapping[str, str]] = {
    "paused": "waits: the message is paused",
    "correction": "waits: what puts it right is being approved",
    "going-out": "waits: copies still go out",
}


def _when(step: Step) -> str:
    return WAITS[step.waits] if step.waits else instant(step.due_at) if step.due_at else ""


def order_shown(content: MessageContent) -> list[Any]:
    """When and in which order it would go out; nothing when it goes out at once."""
    order = content.release_order
    rows = [
        (number, _whom(step.audiences, step.channels, last=step is order[-1]), waits_for(step) or "at release")
        for number, step in enumerate(order, start=1)
    ]
    embargo = [f"released on {instant(content.release_at)}, not before"] if content.release_at else []
    return [*embargo, *([table(["step", "for", "opens"], rows)] if rows else [])]


def order_of(order: Sequence[ReleaseStep]) -> list[dict[str, Any]]:
    """The order for programs: as in `message status`, of what is not released yet."""
    return [
        {
            "step": number, "audiences": step.audiences, "channels": step.channels,
            "opens": {
                "after_seconds": step.after,
                "accepted_percent": step.when.accepted if step.when else None,
                "at_most_seconds": step.when.at_most if step.when else None,
            },
        }
        for number, step in enumerate(order)
    ]  # fmt: skip


def _whom(audiences: Sequence[str] | None, channels: Sequence[str] | None, *, last: bool) -> str:
    whom = ", ".join(audiences) if audiences else "everyone"
    by = f" by {', '.join(channels)}" if channels else ""
    return f"{whom}{by}" + (f", and {REST}" if last else "")


def _accepted(counts: Mapping[str, int]) -> int:
    return sum(counts.get(state.word, 0) for state in GOOD)


def _awaited(counts: Mapping[str, int]) -> int:
    return sum(count for word, count in counts.items() if word != State.SUPPRESSED.word)
