"""What can become of a delivery, and how two reports about the same one merge.

The number of a state is its rank: of two reports the higher rank wins, whatever the order in which they come.
That makes merging commutative, associative and idempotent, so that late, doubled and disordered reports do no
harm. `DESIGN.md`, *Why nothing is lost*, 3 and 9.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final


class State(IntEnum):
    """State of one delivery; the value is stored in `delivery.state`. Gaps leave room for later states."""

    PLANNED = 0
    DEFERRED = 10  # to be tried again
    CLAIMED = 20  # in the hands of a worker
    SUPERSEDED = 30  # stopped, or put right, before it was sent
    EXPIRED = 40  # not sent before `expires_at`
    SUPPRESSED = 50  # nothing to send it to
    UNKNOWN = 60  # perhaps sent, and it may not be sent again
    FAILED = 70  # refused by the provider, or not to be had within the horizon
    ACCEPTED = 80  # by the relay, by the provider, or committed to the feed
    BOUNCED = 90  # refused at RCPT, or undelivered after acceptance
    DELIVERED = 100

    @property
    def word(self) -> str:
        """The name that the contract uses, in lower case."""
        return self.name.lower()


OPEN: Final = frozenset({State.PLANNED, State.DEFERRED, State.CLAIMED})
"""Work remains. A message is done when none of its deliveries is open."""

UNSENT: Final = frozenset({State.PLANNED, State.DEFERRED})
"""Nobody holds it and it may be claimed."""

FINAL: Final = frozenset(State) - OPEN
"""Only a report of higher rank changes it."""

GOOD: Final = frozenset({State.ACCEPTED, State.DELIVERED})

REACHED: Final = frozenset({State.CLAIMED, State.UNKNOWN, State.ACCEPTED, State.DELIVERED})
"""Reached, or possibly so: those who must get a correction."""


def merge(*states: State) -> State:
    """The state that stands after these reports about one delivery."""
    return max(states)


def done(states: Iterable[State]) -> bool:
    """Whether nothing remains to be done for deliveries in these states."""
    return OPEN.isdisjoint(states)
