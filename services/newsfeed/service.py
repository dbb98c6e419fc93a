"""How the newsfeed carries out a claim: an entry for every feed, in the record itself.

Its peer is PostgreSQL, so what the worker's loop already waits for is all that it needs, and an entry written twice is
one entry: a delivery whose fate was not known is simply written again, and is no possible duplicate. Whether it may
still be written is asked by the statement that writes it, for an outage may lie between our asking and that; and what
is there already is accepted, whatever became of the message since.
"""

from dataclasses import replace
from functools import partial

from services.domain.lanes import Channel
from services.domain.states import State
from services.fanout.carrier import Job, give_back
from services.runtime.postgres import Pool, until_there
from services.store import feeds
from services.store.ledger import Delivery, Result


class FeedCarrier:
    """Carries out claims of the channel `newsfeed`."""

    channel: Channel = "newsfeed"

    def __init__(self, pool: Pool, authority: str = feeds.NOBODYS) -> None:
        self._pool, self._authority = pool, authority

    async def available(self) -> None:
        """At once: nothing is claimed while PostgreSQL is away, and there is no other peer."""

    async def carry_out(self, job: Job) -> None:
        """Commit an entry for every delivery, one at a time, so that a stop comes between two of them."""
        for delivery in job.claim.deliveries:
            if job.may_start() or delivery.doubts:
                job.opening(delivery)
                job.settle(await until_there(partial(self._publish, job, delivery), what="feed entry"))
            else:
                job.give_back(delivery)

    async def _publish(self, job: Job, delivery: Delivery) -> Result:
        """The entry is there once this transaction has committed. Doubts are settled by then: see the module."""
        async with self._pool.connection() as connection, connection.transaction():
            variant = job.variants[delivery.variant]
            at = await feeds.record_entry(connection, job.claim.ref.message, variant, authority=self._authority)
        if at is None:
            return replace(give_back(delivery), cleared=True)
        return Result(delivery.sequence, delivery.attempt, State.ACCEPTED, handed_over=delivery.doubts == 0, at=at)
