"""A mail worker at work on a relay of the test's own making."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.faults.harness import Crew
from tests.faults.programs import Program
from tests.faults.relays import Relay, Talk, relay


@asynccontextmanager
async def working(
    crew: Crew, kind: Callable[[Relay], Talk], *, wait: bool = True, **settings: object
) -> AsyncIterator[tuple[Program, Relay]]:
    """One mail worker, ready, and its relay, which keeps its mails where the sink does. Dispatch runs too."""
    assert crew.sink is not None
    if not any(program.service == "dispatch" for program in crew.programs):
        crew.start("dispatch")
    async with relay(crew.sink.maildir, kind) as made, worker(crew, made.url(), wait=wait, **settings) as mail:
        yield mail, made


@asynccontextmanager
async def worker(crew: Crew, url: str, *, wait: bool = True, **settings: object) -> AsyncIterator[Program]:
    """One mail worker on the relay at this address, which may be in the test's own loop; gone on leaving."""
    patience = {"smtp_connections": 3, "smtp_timeout_seconds": 2, "smtp_answer_seconds": 2}
    mail = crew.start("mail", ready=False, smtp_url=url, **{**patience, **settings})
    try:
        if wait:
            await asyncio.to_thread(mail.wait_ready)
        yield mail
    finally:
        await asyncio.to_thread(mail.end)
