"""What can become of a delivery: one table of which event takes which state to which.

The number of a state is its rank: of two reports the higher rank wins, whatever the order in which they come.
That makes merging commutative, associative and idempotent, so that late, doubled and disordered reports do no
harm. The ledger's SQL is made from this table, and tested against it for every combination; docs/delivery.md draws it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
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

REPORTED: Final = frozenset(state for state in State if state >= State.UNKNOWN)
"""What a provider, or a worker that holds the delivery no more, may say of it; anything else it says is not heard."""


class Halt(StrEnum):
    """Whether a message was ended. A pause is none: what is held then waits."""

    NONE = "no"
    STOPPED = "stopped"  # or put right, turned down, withdrawn
    EXPIRED = "expired"


class Event(StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"
    TAKE_OVER = "take over"  # another worker inherits it, in doubt
    GIVE_BACK = "give back"
    DEFER = "defer"
    SETTLE = "settle"  # by the epoch and attempt that hold it
    REPORT = "report"  # by a provider, or by a worker that holds it no more
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Rule:
    """`event` takes each state of `of` to `to` (None: to the state that the event says), if the rest is so too.

    `halts`: how the message was ended. `doubt`: whether an attempt whose fate is not known may have reached the peer;
    None: no matter. A rule that merges takes a delivery to the state that the event says only if that ranks higher; a
    refusal that comes late says nothing of another attempt that is in doubt.
    """

    event: Event
    of: frozenset[State]
    to: State | None
    halts: frozenset[Halt] = frozenset(Halt)
    doubt: bool | None = None
    merges: bool = False


_HELD: Final = frozenset({State.CLAIMED})
_GOES_ON: Final = frozenset({Halt.NONE})

TRANSITIONS: Final = (
    Rule(Event.CLAIM, UNSENT, State.CLAIMED, _GOES_ON),
    Rule(Event.TAKE_OVER, _HELD, State.CLAIMED),
    Rule(Event.GIVE_BACK, _HELD, State.PLANNED, _GOES_ON),
    Rule(Event.DEFER, _HELD, State.DEFERRED, _GOES_ON),
    *(
        Rule(event, of, to, frozenset(halts), doubt)
        for event, of in ((Event.GIVE_BACK, _HELD), (Event.DEFER, _HELD), (Event.WITHDRAW, UNSENT))
        for to, halts, doubt in (
            (State.UNKNOWN, (Halt.STOPPED, Halt.EXPIRED), True),
            (State.SUPERSEDED, (Halt.STOPPED,), False),
            (State.EXPIRED, (Halt.EXPIRED,), False),
        )
    ),
    Rule(Event.SETTLE, _HELD, None),
    Rule(Event.REPORT, frozenset(State), None, merges=True),
)
"""Whatever no rule speaks of leaves a delivery as it is."""


def after(event: Event, state: State, said: State | None = None, *, halt: Halt, doubt: bool) -> State:
    """What the delivery becomes. `said`: what a settlement (final) or a report says of it."""
    for rule in TRANSITIONS:
        if rule.event is not event or state not in rule.of or halt not in rule.halts:
            continue
        if rule.doubt is not None and rule.doubt is not doubt:
            continue
        if rule.to is not None:
            return rule.to
        if said is None or (rule.merges and (said not in REPORTED or (said is State.FAILED and doubt))):
            return state
        return merge(state, said) if rule.merges else said
    return state


def after_halt(halt: Halt, *, doubt: bool) -> State:
    """What becomes of a delivery that nobody holds, or that is given back, once its message was ended."""
    return after(Event.WITHDRAW, State.PLANNED, halt=halt, doubt=doubt)


def merge(*states: State) -> State:
    """The state that stands after these reports about one delivery."""
    return max(states)


def done(states: Iterable[State]) -> bool:
    """Whether nothing remains to be done for deliveries in these states."""
    return OPEN.isdisjoint(states)
