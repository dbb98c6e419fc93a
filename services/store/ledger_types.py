"""What the ledger hands out and takes in: a claim with its deliveries, a result for each, and how a batch stands.

`Delivery` and `Result` are made for every mail; to make them frozen takes three times as long. Nobody changes one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.domain.batches import BatchRef
from services.domain.states import State


@dataclass(slots=True)
class Delivery:
    """One claimed delivery, with what fills its slots. `address` is None for a feed, and when it was erased.

    `attempt` is the number of this claim of it, and fences. `tries` leaves out the claims that were given back.
    """

    sequence: int
    attempt: int
    variant: int
    doubts: int
    contact: int | None
    address: str | None
    name: str
    organisation: str
    municipality: str
    role: str
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch in the hands of a worker, and the deliveries in it that are the worker's to send.

    `released_at`: since when it may be sent; in a release in order, since its step was opened.
    `corrects` is the number of the message that this one answers: a correction, or word that one was withdrawn.
    """

    ref: BatchRef
    message_id: UUID
    channel: str
    lane: str
    epoch: int
    released_at: datetime
    expires_at: datetime | None
    deliveries: tuple[Delivery, ...]
    corrects: int | None = None


HANDED_OVER: Final = 1
IN_DOUBT: Final = 2
CLEARED: Final = 4
"""What a result says of the handing over, as bits: in SQL, and in the journal's file, so they stay as they are."""


@dataclass(slots=True)
class Result:
    """What became of one claimed delivery.

    `state` PLANNED: given back, nothing was handed over. DEFERRED: to be tried again. `handed_over`: the peer got
    the message itself, whatever it said of it. `in_doubt`: it was handed over and no answer came. `cleared`: of
    earlier doubts it is now known that the peer never had it. `at`: when an acceptance was read. `code` and `reason`
    (a short word) never hold an address.
    """

    sequence: int
    attempt: int
    state: State
    handed_over: bool = False
    in_doubt: bool = False
    cleared: bool = False
    code: int | None = None
    reason: str | None = None
    provider_id: str | None = None
    at: datetime | None = None

    @property
    def flags(self) -> int:
        """`handed_over`, `in_doubt` and `cleared` as bits."""
        return self.handed_over * HANDED_OVER | self.in_doubt * IN_DOUBT | self.cleared * CLEARED


@dataclass(frozen=True, slots=True)
class Counts:
    """How a batch stands: contacts by state."""

    version: int
    counts: dict[str, int]
    due: datetime | None
