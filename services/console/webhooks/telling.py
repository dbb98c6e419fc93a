"""One try of one delivery: signed, sent to the very address that was checked, and what its answer means."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter
from standardwebhooks import Webhook as Signer

from services.domain.texts import one_line
from services.domain.webhooks import PATIENCE, TEST, next_try
from services.public.hub_connect import NoAnswer
from services.public.hub_http import Answered, Caller
from services.runtime.postgres import Connection, Pool, until_there
from services.runtime.sealing import unsealed
from services.runtime.tokens import Keys
from services.store import alarms, webhook_deliveries, webhooks
from services.store.alarms import WEBHOOK_FAILING, Alarm
from services.store.webhook_deliveries import Claimed

ANSWER_BYTES: Final = 2048
ANSWER_CHARACTERS: Final = 300
AGENT: Final = "Roeland (Standard Webhooks)"
GONE: Final = 410

TOLD: Final = Counter("roeland_webhook_deliveries_total", "Tries of webhooks, by what came of them", ["outcome"])

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try. `problem`: None when it was taken."""

    status: int | None
    problem: str | None
    answer: str | None = None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """Makes tries that were claimed, and settles them."""

    pool: Pool
    caller: Caller
    keys: Keys = field(repr=False)

    async def make(self, claimed: Claimed) -> bool:
        """Send it; waits for PostgreSQL to settle what came of it. Whether it was taken."""
        outcome = await self._sent(claimed)

        async def settle() -> None:
            async with self.pool.connection() as connection, connection.transaction():
                await _settle(connection, claimed, outcome)

        await until_there(settle, what="webhooks")
        return outcome.problem is None

    async def _sent(self, claimed: Claimed) -> Outcome:
        secret = unsealed(claimed.secret, self.keys, webhooks.PURPOSE)
        if secret is None:
            return Outcome(None, "the key that its secret was sealed with is gone: remove it, and add it again")
        former = claimed.former_secret and unsealed(claimed.former_secret, self.keys, webhooks.PURPOSE)
        secrets = [each for each in (secret, former) if each]
        headers, body = signed(claimed, secrets, datetime.now(UTC)), claimed.payload.encode()
        try:
            return _meaning(await self.caller.exchange(claimed.url, body, headers, most=ANSWER_BYTES))
        except NoAnswer as problem:
            return Outcome(None, str(problem))


def signed(claimed: Claimed, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The headers of a try: the id is the same in each, the time is not. Each secret signs: one has to fit."""
    name = f"msg_{claimed.id.hex}"
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Signer(each).sign(name, at, claimed.payload) for each in secrets),
    }


def _meaning(answered: Answered) -> Outcome:
    """Only 2xx took it; a redirect is not followed."""
    headers = {name.lower(): value for name, value in answered.headers.items()}
    text = one_line(answered.body.decode(errors="replace"))[:ANSWER_CHARACTERS] or None
    if 200 <= answered.status < 300:
        return Outcome(answered.status, None, text)
    return Outcome(answered.status, f"status {answered.status}", text, headers.get("retry-after"))


async def _settle(connection: Connection, claimed: Claimed, outcome: Outcome) -> None:
    well = outcome.problem is None
    wait = _wait(claimed, outcome)
    settled = await webhook_deliveries.settle(
        connection, claimed, status=outcome.status, problem=outcome.problem, answer=outcome.answer, wait=wait,
        delivered=well,
    )  # fmt: skip
    if not settled:
        return
    TOLD.labels("delivered" if well else "failed" if wait else "given up").inc()
    since = await webhooks.answered(connection, claimed.webhook, well=well)
    if not well:
        log.warning("webhook_failed", webhook=claimed.webhook, problem=outcome.problem, attempt=claimed.attempts)
    if why := _why_disabled(outcome, since):
        await _disable(connection, claimed.webhook, why)


def _wait(claimed: Claimed, outcome: Outcome) -> timedelta | None:
    """What was tried as a test is not tried again; what an endpoint is gone for waits until somebody enables it."""
    if outcome.problem is None or claimed.event == TEST:
        return None
    if outcome.status == GONE:
        return PATIENCE
    return next_try(claimed.tries, outcome.retry_after, now=datetime.now(UTC))


def _why_disabled(outcome: Outcome, since: datetime | None) -> str | None:
    if outcome.status == GONE:
        return "gone"
    return "failing" if since and datetime.now(UTC) - since > PATIENCE else None


async def _disable(connection: Connection, webhook: int, why: str) -> None:
    if await webhooks.disable(connection, webhook, why):
        await alarms.ring(connection, Alarm(WEBHOOK_FAILING, f"webhook:{webhook}", {"why": why}))
        log.warning("webhook_disabled", webhook=webhook, why=why)
