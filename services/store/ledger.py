"""The ledger: claim, send, settle.

A claim commits before anything is sent, and only what was claimed is sent. A settlement counts as such only for
the epoch and attempt that claimed; anything else is a late report, kept in `attempt` and merged by rank
(`services.domain.states`). Every change takes the batch's lock and then reads the message's row FOR SHARE, so that a
stop, which takes the message's row alone, comes before or after it and never in between. (A withdrawal needs no second
lock: that a message was stopped or has expired is final.) docs/delivery.md explains it.
"""

from services.store.claims import claim, inherit, with_work
from services.store.ledger_types import Claim, Counts, Delivery, Result
from services.store.settlements import FALLBACK, RETRY, announce_batch, report, settle
from services.store.withdrawals import withdraw_unsent

__all__ = [
    "FALLBACK", "RETRY", "Claim", "Counts", "Delivery", "Result",
    "announce_batch", "claim", "inherit", "report", "settle", "with_work", "withdraw_unsent",
]  # fmt: skip
