"""How the steps of a message stand: what `message status` reports of a release in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.domain.release_order import Condition, ReleaseStep, waits_for
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.leads import lead, published_at


@dataclass(frozen=True, slots=True)
class Opens:
    """What a step waits for, counted from the moment at which the one before it opened; the first for nothing."""

    after_seconds: int
    accepted_percent: int | None
    at_most_seconds: int | None


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step. `recipients`: contacts by state, each counted on every channel; only states that somebody is in.

    `lead_seconds`: from its first acceptance to publication; negative after it, None until both are known.
    """

    step: int
    audiences: Sequence[str] | None
    channels: Sequence[str] | None
    opens: Opens
    opened_at: datetime | None
    opened_by: str | None
    recipients: Mapping[str, int]
    first_accepted_at: datetime | None
    last_accepted_at: datetime | None
    lead_seconds: float | None

    @property
    def waits_for(self) -> str:
        """In words."""
        share, at_most = self.opens.accepted_percent, self.opens.at_most_seconds
        when = Condition(accepted=share, at_most=at_most) if share and at_most else None
        return waits_for(ReleaseStep(after=self.opens.after_seconds, when=when))


async def steps_of(connection: Connection, message: int) -> list[StepStatus]:
    """The steps of a message in their order; none when it goes out all at once."""
    rows = await (await connection.execute(_STEPS.encode(), (message,))).fetchall()
    if not rows:
        return []
    published = await published_at(connection, message)
    return [
        StepStatus(
            step, audiences, channels, Opens(after, percent, at_most), opened_at, opened_by,
            {state.word: count for state, count in zip(State, counts, strict=True) if count},
            first, last, lead(published, first),
        )
        for step, audiences, channels, after, percent, at_most, opened_at, opened_by, first, last, *counts in rows
    ]  # fmt: skip


_STEPS: Final = f"""
SELECT s.step, s.audiences, s.channels, s.after_seconds, round(s.share * 100)::int, s.at_most_seconds,
    s.opened_at, s.opened_by, min(b.first_accepted_at), max(b.last_accepted_at),
    {", ".join(f"coalesce(sum(b.{state.word}), 0)::int" for state in State)}
FROM release_step s LEFT JOIN batch b ON b.message = s.message AND b.step = s.step
WHERE s.message = %s GROUP BY s.message, s.step ORDER BY s.step
"""
