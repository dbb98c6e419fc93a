"""What became of everybody, by audience and channel, as the record has it; and what of that is not as it should be."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.domain.states import GOOD, State
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many contacts of an audience are in a state on a channel. `deliveries`: what was handed over for them."""

    audience: str
    channel: str
    outcome: str
    contacts: int
    deliveries: int

    @property
    def good(self) -> bool:
        """Accepted or delivered."""
        return self.outcome in {state.word for state in GOOD}


async def outcomes(connection: Connection, message_id: UUID) -> list[Outcome]:
    """Every audience, channel and state that somebody is in."""
    rows = await connection.execute(_OUTCOMES, (message_id,))
    return [Outcome(audience, channel, State(state).word, *counts) async for audience, channel, state, *counts in rows]


async def addressees(connection: Connection, message_id: UUID) -> dict[str, dict[str, str]]:
    """By channel: the address of each delivery that has one, in the order of sending, and its audience."""
    found: dict[str, dict[str, str]] = {"mail": {}, "sms": {}}
    async for channel, address, audience in await connection.execute(_ADDRESSEES, (message_id,)):
        found[channel][address] = audience
    return found


_OF_MESSAGE: Final = """
FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
JOIN message m ON m.number = d.message
"""

_OUTCOMES: Final = f"""
SELECT v.audience, v.channel, d.state, sum(d.contacts)::int, count(*)::int {_OF_MESSAGE}
WHERE m.id = %s GROUP BY v.audience, v.channel, d.state ORDER BY 1, 2, 3
""".encode()

_ADDRESSEES: Final = f"""
SELECT v.channel, a.value, v.audience {_OF_MESSAGE} JOIN address a ON a.id = d.address
WHERE m.id = %s AND a.value IS NOT NULL ORDER BY d.sequence
""".encode()
