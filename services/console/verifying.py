"""The audit verified beside answering: a chain of a million entries takes longer than anybody waits for a page.

One at a time, for everybody who looks. What it found stands until the next one, or until this console ends.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from services.admin.answers import Refusal, WrongUsage
from services.admin.audit import verified
from services.console.access import Who
from services.console.calling import call
from services.store.audit_walk import Walked

NO_HEAD: Final = "no-head"
"""Why it failed: what was given to look for is no hash."""

log = structlog.get_logger(__name__)


@dataclass
class Verification:
    """One of them. `walked` counts as it goes; `verdict` when it is over, `problems` when the chain is broken.

    `failed`: why it came to no verdict at all.
    """

    by: str
    total: int
    expect: str | None
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    walked: Walked = field(default_factory=Walked)
    verdict: dict[str, Any] | None = None
    problems: list[Any] = field(default_factory=list)
    failed: str = ""


class Verifying:
    """The last verification, and whether it goes on."""

    def __init__(self) -> None:
        self.last: Verification | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def goes_on(self) -> bool:
        """Whether one goes on."""
        return self._task is not None and not self._task.done()

    def begin(self, who: Who, *, total: int, expect: str | None) -> None:
        """Begin one, unless one goes on."""
        if not self.goes_on:
            self.last = Verification(who.user.email, total, expect)
            self._task = asyncio.create_task(_carry_out(self.last, who))


async def _carry_out(it: Verification, who: Who) -> None:
    try:
        it.verdict = await call(verified, who, start=1, expect=it.expect, walked=it.walked)
    except Refusal as refusal:
        it.verdict, it.problems = refusal.more or None, refusal.problems
        it.failed = "" if refusal.more else refusal.error
    except WrongUsage:
        it.failed = NO_HEAD
    except Exception as problem:
        log.exception("audit_not_verified")
        it.failed = type(problem).__name__
    finally:
        it.ended_at = datetime.now(UTC)
