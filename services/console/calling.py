"""How the console and the API do what the command line does: by calling its functions (decision 0027).

A command may read files, render for a second and wait for editorial. So it runs in a thread of its own, with its own
loop and a connection that is lent to it, and never holds up the pages of others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final

from services.admin.answers import Answer, Refusal, WrongUsage, as_plain
from services.admin.foreseen import as_refusal
from services.admin.invocation import Invocation, current
from services.console.access import Who
from services.console.sharing import Shares
from services.runtime.lending import lends
from services.runtime.origin import here, set_origin

AT_ONCE: Final = 8
_places = asyncio.Semaphore(AT_ONCE)
_shares: Final = Shares()
_threads: Final = ThreadPoolExecutor(AT_ONCE, "command")
"""Their own: passwords are hashed in those of the loop, and nobody who signs in waits for a command."""


async def call(command: Callable[..., Awaitable[Answer] | Answer], who: Who, /, **given: Any) -> Any:
    """Run a command of `services.admin` as this user; its document, as `--json` would print it.

    Raises `Refusal` with the reason, as the command line would print it, and `WrongUsage`.
    """
    return as_plain((await answer_of(command, who, **given)).document)


async def answer_of(command: Callable[..., Awaitable[Answer] | Answer], who: Who, /, **given: Any) -> Answer:
    """The same, as the command gives it: its document may be `Spooled`."""
    async with _shares.of(who.user.id), _places:
        context, loop = copy_context(), asyncio.get_running_loop()
        return await loop.run_in_executor(_threads, lambda: context.run(_run, command, who, given))


def _run(command: Callable[..., Awaitable[Answer] | Answer], who: Who, given: dict[str, Any]) -> Answer:
    lends.set(True)
    set_origin(f"{here('console')} by {who.voucher.by}")
    current.set(Invocation(json=True, as_email=who.user.email, voucher=who.voucher))
    try:
        answer = command(**given)
        if not isinstance(answer, Answer):
            answer = asyncio.run(_awaited(answer))
        return answer
    except (Refusal, WrongUsage):
        raise
    except Exception as problem:
        known = as_refusal(problem)
        if known is None:
            raise
        raise known from None


async def _awaited(answer: Awaitable[Answer]) -> Answer:
    return await answer
