"""The seam between the worker's loop and a channel.

A carrier sends what it is given and reports each result at once. It knows nothing of batches, epochs or Kafka.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.domain.lanes import Channel
from services.domain.states import State
from services.domain.variants import Variant
from services.store.ledger import Claim, Delivery, Result
from services.store.mailing_lists import MailingList
from services.store.threads import Thread


def _not_written_down(_: Delivery) -> None:
    """Where no journal is kept: whatever was claimed is in doubt when the process dies."""


@dataclass(frozen=True, slots=True)
class Job:
    """One claim to carry out."""

    claim: Claim
    variants: Mapping[int, Variant]
    may_start: Callable[[], bool]
    """Ask before each delivery. False: start nothing more; give back what is left with `give_back`."""
    settle: Callable[[Result], None]
    """Report a result, as soon as it is known. Returns at once; results are recorded in groups."""
    opening: Callable[[Delivery], None] = _not_written_down
    """Say that this delivery is handed over now, before the first byte leaves after which the peer may have it.

    What was opened and has no result is in doubt if this process dies; what was not opened is not.
    """

    threads: Mapping[int, Thread] = field(default_factory=dict)
    """Which earlier mails a delivery answers, by sequence; empty for most messages."""

    mailing_list: MailingList | None = None
    """What the message is an edition of; None for every other message, and on other channels than mail."""

    def give_back(self, delivery: Delivery) -> None:
        """Report that nothing of this delivery was handed over."""
        self.settle(give_back(delivery))


class Carrier(Protocol):
    """How one channel carries out a claim."""

    channel: Channel

    async def available(self) -> None:
        """Return when the peer (relay, provider) can be expected to answer; wait while it cannot.

        Called before each claim, so that nothing is claimed that cannot be sent. Keeps the service's health told.
        """

    async def carry_out(self, job: Job) -> None:
        """Send every delivery of the job, or give it back; report one result for each, then return.

        A delivery with `doubts` may have been sent before. Raises nothing that was foreseen. On cancellation (the
        service stops) report a result for whatever is in hand: given back, or in doubt when it was handed over.
        """


def give_back(delivery: Delivery) -> Result:
    """The result of a delivery that was not handed over, and may be claimed anew."""
    return Result(delivery.sequence, delivery.attempt, State.PLANNED)
