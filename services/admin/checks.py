"""What `doctor` looks at: each a function that says what it found, what that means, and what to do about it.

All run at once, and each within a few seconds, so that a set-up where nothing works is still told of in one go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import ValidationError

from services.admin import (
    checks_of_newsletters,
    checks_of_people,
    checks_of_servers,
    checks_of_spending,
    checks_of_texts,
)
from services.admin.foreseen import as_refusal

SECONDS: Final = 30.0

State = Literal["ok", "remark", "problem"]
Check = Callable[[], Awaitable[tuple[State, str, str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """What one check found. A `problem` keeps messages from people; a `remark` is for whoever runs it to weigh."""

    what: str
    state: State
    found: str
    remedy: str


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("database", checks_of_servers.database),
    ("Kafka", checks_of_servers.kafka),
    ("mail relay", checks_of_servers.relay),
    ("Twilio", checks_of_servers.twilio),
    ("SMS spending", checks_of_spending.spending),
    ("Sinch", checks_of_servers.sinch),
    ("public address", checks_of_servers.public_address),
    ("services", checks_of_servers.services),
    ("alarms", checks_of_servers.alarms),
    ("templates", checks_of_texts.templates),
    ("events from outside", checks_of_texts.events),
    ("users", checks_of_people.users),
    ("contacts", checks_of_people.contacts),
    ("newsletters", checks_of_newsletters.newsletters_go),
)


async def examine(only: Collection[str] | None = None, *, seconds: float = SECONDS) -> list[Found]:
    """Every check, or those that are named, in their order; none takes longer than this."""
    wanted = [(what, check) for what, check in CHECKS if only is None or what in only]
    return list(await asyncio.gather(*(_found(what, check, seconds) for what, check in wanted)))


async def _found(what: str, check: Check, seconds: float) -> Found:
    try:
        async with asyncio.timeout(seconds):
            return Found(what, *await check())
    except TimeoutError:
        return Found(what, "problem", f"no answer within {seconds:.0f} s", "Look at its log, and at the network.")
    except Exception as problem:
        known = as_refusal(problem)
        if known is None and not isinstance(problem, ValidationError):
            raise
        told = known.error if known else "a setting is wrong"
        found, _, remedy = told.partition(": ")
        return Found(what, "problem", found, remedy or "Mend the setting that it names.")
