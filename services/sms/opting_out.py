"""Numbers that asked for no more SMS, as the worker heeds them: what we know before sending, what the provider says.

A number that opted out after the plan was made fails here and is not sent to; what may have been sent before is looked
up all the same. While PostgreSQL is away SMS go on: the provider knows of it too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from services.domain.sms_failures import OPTED_OUT
from services.domain.states import State
from services.fanout.carrier import Job
from services.runtime.postgres import AWAY, Pool
from services.sms.outcomes import opted_out
from services.store import opt_outs
from services.store.ledger import Delivery, Result

SECONDS: Final = 1.0
"""Waited for a connection: an urgent SMS waits no longer for this."""


def asked_in(pool: Pool) -> Callable[[Sequence[str]], Awaitable[Collection[str]]]:
    """Asks the record which of these numbers opted out."""

    async def ask(numbers: Sequence[str]) -> Collection[str]:
        try:
            async with pool.connection(timeout=SECONDS) as connection:
                return await opt_outs.among(connection, numbers)
        except (*AWAY, TimeoutError):
            return ()

    return ask


def told_in(pool: Pool) -> Callable[[int, Sequence[int]], Awaitable[None]]:
    """Puts the numbers of these deliveries on our own record: the provider said that they opted out there."""

    async def tell(message: int, sequences: Sequence[int]) -> None:
        try:
            async with pool.connection(timeout=SECONDS) as connection, connection.transaction():
                await opt_outs.add_of(connection, message, sequences)
        except (*AWAY, TimeoutError):
            return  # the provider says so again with the next one

    return tell


async def heeded(job: Job, asked: Callable[[Sequence[str]], Awaitable[Collection[str]]] | None) -> tuple[Delivery, ...]:
    """What of this job may be sent; the rest has its result."""
    deliveries = job.claim.deliveries
    numbers = [each.address for each in deliveries if each.address and not each.doubts]
    try:
        gone = set(await asked(numbers)) if asked and numbers else set()
    except asyncio.CancelledError:
        for each in deliveries:
            job.give_back(each)
        raise
    for each in deliveries if gone else ():
        if each.address in gone and not each.doubts:
            job.settle(opted_out(each))
    return tuple(each for each in deliveries if each.doubts or each.address not in gone)


def says_so(result: Result) -> bool:
    """Whether the provider refused it for that."""
    return result.state is State.FAILED and result.reason == OPTED_OUT and result.code is not None
