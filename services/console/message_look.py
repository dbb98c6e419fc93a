"""A message as its page and its acts see it, in one reading: how it stands, and what may be done about it, by whom.

What may be done is shown to those who may; editorial and the command line decide again when it is done. Each act says,
when it is not possible, why not: two people may have the same page open.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.console.access import Who
from services.console.message_words import N_
from services.domain.editions import KIND as EDITION
from services.runtime.postgres import Connection
from services.store import calls, corrections, glass, messages, status
from services.store.facts import as_stated
from services.store.glass import Broken
from services.store.messages import FOR_USERS, Message
from services.store.status import Status

SENDING: Final = frozenset({"released", "sending"})
GOES_ON: Final = SENDING | {"paused"}
ENDED: Final = frozenset({"stopped", "done", "rejected", "expired", "withdrawn", "replaced"})


@dataclass(frozen=True, slots=True)
class Look:
    """What is known. `pending`: its correction that waits. `message` says what readers read, facts filled in."""

    message: Message
    status: Status
    glass: Broken | None
    corrects: UUID | None
    corrected_by: list[UUID]
    pending: UUID | None
    calls: bool

    @property
    def title(self) -> str:
        """In its own language, as its first readers read it."""
        titles = self.message.content.get("title") or [{}]
        return str(titles[0].get("text") or "")

    @property
    def state(self) -> str:
        """Of the contract."""
        return self.status.state

    @property
    def total(self) -> int:
        """Copies, on all channels."""
        return sum(sum(counts.values()) for counts in self.status.channels.values())


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done. `may`: the action of `identity.MAY`. `refusal`: why it cannot be done now, or None.

    `own`: also the author without that role. `href`: it begins on another page; else on a page of its own.
    """

    name: str
    may: str
    title: str
    refusal: Callable[[Look], str | None]
    tone: str = "quiet"
    own: bool = False
    href: str = ""
    reason: bool = False
    needs_reason: bool = False


async def look(connection: Connection, message_id: UUID) -> Look | None:
    """Look at a message; None when there is none. Reads rows of its own and of its batches, never the ledger."""
    message = await messages.find(connection, message_id)
    if message is None or message.kind in FOR_USERS:
        return None
    original = await messages.by_number(connection, message.corrects) if message.corrects else None
    return Look(
        message=await as_stated(connection, message) if message.kind != EDITION else message,
        status=await status.status_of(connection, message),
        glass=await glass.broken(connection, message.number),
        corrects=original.id if original else None,
        corrected_by=await corrections.corrected_by(connection, message.number),
        pending=await corrections.pending(connection, message.number),
        calls=await calls.there_are(connection, message.number),
    )


def possible(found: Look, who: Who) -> list[Act]:
    """What this person may do about it now, the most urgent first."""
    return [act for act in ACTS if allowed(act, found, who) and act.refusal(found) is None]


def allowed(act: Act, found: Look, who: Who) -> bool:
    """Whether this person may do it at all, to this message."""
    if act.name in ("confirm", "dispute") and found.glass:
        involved = {found.glass.by_id, found.message.submitted_by}
        return who.may(act.may) and who.user.id not in involved
    return who.may(act.may) or (act.own and found.message.submitted_by == who.user.id)


def _stop(found: Look) -> str | None:
    if found.state in ENDED:
        return N_("Nothing is left to stop.")
    return (
        None if found.state in GOES_ON | {"approved"} else N_("It is not released: reject it on the page to approve.")
    )


def _pause(found: Look) -> str | None:
    return None if found.state in SENDING else N_("Only a message that is being sent can be held.")


def _resume(found: Look) -> str | None:
    if found.state != "paused":
        return N_("It is not held.")
    return N_("Its correction waits: approve or reject that one first.") if found.pending else None


def _correct(found: Look) -> str | None:
    if found.message.released_at is None or found.message.kind in (EDITION, "all-clear"):
        return N_("Only a message that was released can be put right.")
    if found.state == "withdrawn":
        return N_("It was withdrawn already.")
    return N_("A correction of it waits already.") if found.pending or found.corrected_by else None


def _all_clear(found: Look) -> str | None:
    if found.message.released_at is None or found.message.kind not in ("alert", "update"):
        return N_("An all-clear follows an alert that was released.")
    return None


def _withdraw(found: Look) -> str | None:
    if found.state == "withdrawn":
        return N_("It was withdrawn already.")
    return None if found.message.released_at else N_("It was never released.")


def _take_back(found: Look) -> str | None:
    if found.message.released_at:
        return N_("It was released already: it can only be stopped.")
    return None if found.state == "approved" else N_("Nobody approved it, or that was taken back.")


def _newcomers(found: Look) -> str | None:
    sent = found.message.state == "released" and found.state in GOES_ON | {"done"} and found.message.kind != EDITION
    return None if sent else N_("Only a message that is being sent, or was sent, can go to more people.")


def _judge(found: Look) -> str | None:
    if found.glass is None:
        return N_("The glass was not broken for it.")
    return N_("Somebody judged it already.") if found.glass.verdict else None


def _calls(found: Look) -> str | None:
    return None if found.calls else N_("Nobody is to be telephoned yet.")


ACTS: Final = (
    Act("stop", "halt", N_("Stop for good"), _stop, "danger"),
    Act("pause", "halt", N_("Hold"), _pause),
    Act("resume", "halt", N_("Let it go on"), _resume, ""),
    Act("take-back", "approve", N_("Take the approval back"), _take_back, "danger", own=True, reason=True),
    Act("confirm", "judge", N_("Judge: it was right"), _judge, "", reason=True),
    Act("dispute", "judge", N_("Judge: it was not right"), _judge, reason=True, needs_reason=True),
    Act("correct", "submit", N_("Put it right"), _correct, "", href="/compose?corrects={id}"),
    Act("all-clear", "submit", N_("All-clear"), _all_clear, href="/compose?all-clear={incident}"),
    Act("newcomers", "approve", N_("Newcomers …"), _newcomers),
    Act("calls", "export-people", N_("List of calls"), _calls, href="/messages/{id}/calls"),
    Act("withdraw", "approve", N_("Withdraw …"), _withdraw, reason=True, needs_reason=True),
)
"""In the order in which they are shown: what stops harm first."""
