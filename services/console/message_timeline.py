"""What happened to a message, in order: the acts as the audit has them, and what the sending says of itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.console.message_look import Look
from services.console.message_words import N_
from services.runtime.postgres import Connection
from services.store import audit
from services.store.users import all_users

LOOKING: Final = frozenset({
    "message.recipients-listed", "message.calls-listed", "message.replies-read", "message.unknown-listed",
    "message.exported", "message.dossier",
})  # fmt: skip
"""Acts that only look: they are in the audit, and not in the story."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`action`: of the audit, or '' with `what` in words. `who`: an address; '' is Roeland itself. `more`: as typed."""

    at: datetime
    action: str = ""
    what: str = ""
    who: str = ""
    more: str = ""
    contacts: int | None = None


async def timeline(connection: Connection, found: Look) -> list[Moment]:
    """The latest first."""
    who = {user.id: user.email for user in await all_users(connection)}
    acts = await audit.recorded(connection, f"message:{found.message.id}")
    moments = [
        Moment(act.at, act.action, who=who.get(act.actor or 0, ""), more=_more(act.detail), contacts=_contacts(act))
        for act in acts if act.action not in LOOKING
    ]  # fmt: skip
    moments += [Moment(at, what=what) for at, what in _of_the_sending(found) if at]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _of_the_sending(found: Look) -> list[tuple[datetime | None, str]]:
    message, status = found.message, found.status
    return [
        (message.proofed_at, N_("the proof was ready")),
        (status.first_accepted_at, N_("the first copy was handed over")),
        (status.last_accepted_at if status.state == "done" else None, N_("the last copy was handed over")),
    ]


def _more(detail: dict[str, object]) -> str:
    reason = detail.get("reason")
    return reason if isinstance(reason, str) else ""


def _contacts(act: audit.AuditRow) -> int | None:
    found = act.detail.get("contacts")
    if isinstance(found, list):
        return len(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
