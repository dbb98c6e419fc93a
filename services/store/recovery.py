"""What the ledger says that an epoch holds, for those who settle it on its behalf: its owner died, or does not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.domain.batches import BatchRef
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.ledger import Claim, Delivery
from services.store.messages import RELEASED


@dataclass(frozen=True, slots=True)
class Held:
    """A batch, locked until the transaction ends.

    `held`: whether it is the epoch's. `claim` has the deliveries of which the epoch has not said what became, without
    people: those that it still holds, and those that somebody else reported meanwhile. `known` has all of its rows.
    """

    held: bool
    claim: Claim
    known: Mapping[int, "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one delivery."""

    state: State
    provider_id: str | None


async def held_by(connection: Connection, epoch: int) -> set[BatchRef]:
    """The batches that this epoch holds."""
    rows = await connection.execute("SELECT message, number FROM batch WHERE epoch = %s", (epoch,))
    return {BatchRef(message, number) for message, number in await rows.fetchall()}


async def hold(connection: Connection, epoch: int, ref: BatchRef) -> Held | None:
    """Lock a batch and read what the epoch still owes of it; None when there is no such batch."""
    row = await (await connection.execute(_BATCH.encode(), (epoch, ref.message, ref.number))).fetchone()
    if row is None:
        return None
    held, first, last, message_id, channel, lane, released_at, expires_at = row
    rows = await connection.execute(_ROWS, (epoch, ref.message, first, last))
    found = await rows.fetchall()
    ours = tuple(_without_people(sequence, *rest) for sequence, _, _, ours, *rest in found if ours)
    claim = Claim(ref, message_id, channel, lane, epoch, released_at, expires_at, ours)
    return Held(held, claim, {sequence: Known(State(state), told) for sequence, state, told, *_ in found})


def _without_people(sequence: int, attempt: int, variant: int, doubts: int, tries: int) -> Delivery:
    return Delivery(
        sequence=sequence, attempt=attempt, variant=variant, doubts=doubts, contact=None, address=None,
        name="", organisation="", municipality="", role="", tries=tries,
    )  # fmt: skip


_BATCH: Final = f"""
SELECT coalesce(b.epoch = %s, false), b.first_sequence, b.last_sequence, m.id, b.channel, b.lane,
    {RELEASED}, m.expires_at
FROM batch b JOIN message m ON m.number = b.message WHERE b.message = %s AND b.number = %s FOR UPDATE OF b
"""

_ROWS: Final = """
SELECT sequence, state, provider_id, coalesce(epoch = %s, false), attempt, variant, doubts, attempt - given_back
FROM delivery WHERE message = %s AND sequence BETWEEN %s AND %s ORDER BY sequence
"""
