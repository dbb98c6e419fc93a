"""How a message stands, counted from its batches: what the contract's section *Status* promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import escalations, messages
from services.store.escalations import Step
from services.store.messages import Message
from services.store.step_status import StepStatus, steps_of


@dataclass(frozen=True, slots=True)
class Status:
    """A message's status. `channels`: contacts by state, per channel; only states that somebody is in.

    `release_at`: when a message that is approved goes out, or an embargo ends. `steps`: none when it has no order.
    `escalation`: what happens when people do not confirm; none when they are not asked to.
    """

    id: UUID
    state: str
    recipients: int
    channels: Mapping[str, Mapping[str, int]]
    possible_duplicates: int
    approved_at: datetime | None
    released_at: datetime | None
    first_accepted_at: datetime | None
    last_accepted_at: datetime | None
    release_at: datetime | None = None
    steps: Sequence[StepStatus] = ()
    escalation: Sequence[Step] = ()

    @property
    def open(self) -> int:
        """Contacts times channels for whom something remains to be done."""
        return sum(counts.get(word, 0) for counts in self.channels.values() for word in OPEN_WORDS)


OPEN_WORDS: Final = (State.PLANNED.word, State.DEFERRED.word, State.CLAIMED.word)


async def status(connection: Connection, message_id: UUID) -> Status | None:
    """The status of the message with this id; None when there is none."""
    message = await messages.find(connection, message_id)
    return await status_of(connection, message) if message else None


async def status_of(connection: Connection, message: Message) -> Status:
    """The status of this message."""
    rows = await (await connection.execute(_COUNTS.encode(), (message.number,))).fetchall()
    channels = {row[0]: _counts(row[4:]) for row in rows}
    firsts = [row[2] for row in rows if row[2]]
    lasts = [row[3] for row in rows if row[3]]
    return Status(
        id=message.id,
        state=state_of(message.state, paused=message.paused_at is not None, channels=channels),
        recipients=message.recipients,
        channels=channels,
        possible_duplicates=sum(row[1] for row in rows),
        approved_at=message.approved_at,
        released_at=message.released_at,
        first_accepted_at=min(firsts, default=None),
        last_accepted_at=max(lasts, default=None),
        release_at=await _release_at(connection, message),
        steps=await steps_of(connection, message.number),
        escalation=await escalations.of(connection, message.number) if message.confirm_minutes else (),
    )


async def _release_at(connection: Connection, message: Message) -> datetime | None:
    """Of a message that waits, from its timer: it knows of the seconds to take it back, and of the embargo."""
    if message.state != "approved":
        return message.release_at
    row = await (await connection.execute(_DUE, (str(message.number),))).fetchone()
    return row[0] if row else message.release_at


def state_of(stored: str, *, paused: bool, channels: Mapping[str, Mapping[str, int]]) -> str:
    """The state that people see, from the stored one and the counts.

    A released message is `sending` once a worker had something of it, and `done` (or `expired`, if that was the end of
    anything) when nothing is open; only what is open can be `paused`.
    """
    if stored != "released":
        return stored
    found = {word for counts in channels.values() for word in counts}
    if found.isdisjoint(OPEN_WORDS):
        return "expired" if State.EXPIRED.word in found else "done"
    if paused:
        return "paused"
    return "released" if found <= {State.PLANNED.word, State.SUPPRESSED.word} else "sending"


def _counts(row: tuple[int, ...]) -> dict[str, int]:
    return {state.word: int(count) for state, count in zip(State, row, strict=True) if count}


_DUE: Final = "SELECT max(due) FROM timer WHERE kind = 'release' AND subject = %s AND fired_at IS NULL"

_COUNTS: Final = f"""
SELECT channel, sum(possible_duplicates)::bigint, min(first_accepted_at), max(last_accepted_at),
    {", ".join(f"sum({state.word})" for state in State)}
FROM batch WHERE message = %s GROUP BY channel
ORDER BY array_position(ARRAY['mail', 'sms', 'newsfeed'], channel)
"""
