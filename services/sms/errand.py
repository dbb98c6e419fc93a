"""One SMS: sent once; what may have been sent is looked up before it is sent again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.domain.variants import fill, slots_for
from services.fanout.carrier import Job, give_back
from services.fanout.retry import exhausted
from services.runtime.postgres import AWAY, Pool
from services.sms import outcomes
from services.sms.bucket import Bucket
from services.sms.callbacks import DeliveryName
from services.sms.codes import Ruling, Verdict
from services.sms.gate import Gate
from services.sms.pace import Pace
from services.sms.twilio import Held, Sms, Twilio
from services.store.ledger import Claim, Delivery, Result

TRIES: Final = 4
"""Requests for one SMS under one claim; then it is deferred."""
PATIENCE: Final = timedelta(seconds=5)
"""How long a look-up that is not answered is asked again at once: a message that was stopped waits for it."""
BETWEEN_SECONDS: Final = 0.5

_STOPPED: Final = Ruling(Verdict.IN_DOUBT, reason="stopped")


@dataclass(frozen=True)
class Road:
    """What every SMS goes through."""

    twilio: Twilio
    pool: Pool
    bucket: Bucket
    pace: Pace
    gate: Gate
    connections: int
    callback: Callable[[DeliveryName], str | None]
    settling: timedelta
    horizon: timedelta
    patience: timedelta = PATIENCE


class Errand:
    """One SMS under one claim."""

    def __init__(
        self, road: Road, looking_up: asyncio.Semaphore, job: Job, delivery: Delivery, doubt_since: float
    ) -> None:
        self._road, self._looking_up, self._job, self._delivery = road, looking_up, job, delivery
        self._doubt_since = doubt_since  # monotonic; whoever handed it over before us had stopped by then
        self._doubted = False  # whether this claim handed it over without an answer
        self._cleared = False  # whether a look-up found that Twilio does not have it

    async def run(self) -> Result:
        """Look up what may have been sent, send what was not, and say what became of it."""
        return replace(await self._result(), cleared=self._cleared)

    def as_it_stands(self) -> Result:
        """The result when it is cut off here."""
        result = outcomes.in_doubt(self._delivery, _STOPPED) if self._doubted else give_back(self._delivery)
        return replace(result, cleared=self._cleared)

    async def _result(self) -> Result:
        sms = self._sms()
        if sms is None:
            return outcomes.no_number(self._delivery)
        if self._delivery.doubts and (result := await self._clear_up(sms)):
            return result
        ruling = Ruling(Verdict.SLOW_DOWN)
        for _ in range(TRIES):
            answer = await self._send(sms)
            if isinstance(answer, Result):
                return answer
            ruling = answer
        return outcomes.later(self._delivery, ruling, exhausted=self._exhausted())

    async def _send(self, sms: Sms) -> Result | Ruling:
        """Hand it over once: what became of it, or the ruling after which it may be tried again."""
        road, may_start, lane = self._road, self._may_start, self._job.claim.lane
        if not await road.bucket.slot(lane, may_start):
            return give_back(self._delivery)
        async with road.pace.turn(lane, may_start) as ours:
            if not ours:
                return give_back(self._delivery)
            self._doubted = True
            answer = await road.twilio.send(sms)
            self._doubt_since = time.monotonic()
        return await self._weigh(sms, answer)

    async def _weigh(self, sms: Sms, answer: Held | Ruling) -> Result | Ruling:
        if isinstance(answer, Held):
            self._road.pace.went_well()
            self._road.gate.went_well()
            return outcomes.taken(self._delivery, answer)
        if answer.verdict is Verdict.IN_DOUBT:
            return await self._clear_up(sms) or answer
        self._doubted = False
        if answer.verdict is Verdict.REFUSED:
            return outcomes.refused(self._delivery, answer)
        if answer.verdict is Verdict.SLOW_DOWN:
            self._road.pace.slow_down(self._road.twilio.retry_after)
            return answer
        self._road.gate.close(answer)
        return give_back(self._delivery)

    async def _clear_up(self, sms: Sms) -> Result | None:
        """What became of an SMS that may have been sent; None when Twilio surely does not have it."""
        found = await self._look_up(sms)
        if isinstance(found, Held):
            return outcomes.taken(self._delivery, found)
        if isinstance(found, Ruling):
            self._road.gate.close(found)
            return outcomes.in_doubt(self._delivery, found, exhausted=self._exhausted())
        self._doubted, self._cleared = False, True
        return None

    async def _look_up(self, sms: Sms) -> Held | Ruling | None:
        """Look until it is found, or is surely not there, or the answer stays away too long.

        What Twilio was making when we asked may show a little later; so None counts only after a while.
        """
        certain_at = self._doubt_since + self._road.settling.total_seconds()
        patient_until = time.monotonic() + self._road.patience.total_seconds()
        while True:
            async with self._looking_up:
                asked = time.monotonic()
                found = await self._road.twilio.find(sms, age=await self._age())
            if isinstance(found, Held) or (found is None and asked >= certain_at):
                return found
            if isinstance(found, Ruling) and (found.verdict is Verdict.CLOSED or time.monotonic() >= patient_until):
                return found
            wait = BETWEEN_SECONDS if found is not None else certain_at - time.monotonic()
            await asyncio.sleep(max(0.0, wait))

    async def _age(self) -> timedelta:
        """How long ago the message was released, by the clock that said when."""
        released_at = self._job.claim.released_at
        try:
            async with self._road.pool.connection(timeout=1) as connection:
                row = await (await connection.execute("SELECT clock_timestamp() - %s", (released_at,))).fetchone()
        except AWAY:
            row = None
        age: timedelta = row[0] if row else datetime.now(UTC) - released_at
        return age

    def _may_start(self) -> bool:
        return self._road.gate.open and self._job.may_start()

    def _exhausted(self) -> bool:
        return exhausted(self._job.claim.released_at, datetime.now(UTC), self._road.horizon)

    def _sms(self) -> Sms | None:
        delivery = self._delivery
        if delivery.address is None:
            return None
        slots = slots_for(
            name=delivery.name, organisation=delivery.organisation,
            municipality=delivery.municipality, role=delivery.role,
        )  # fmt: skip
        claim = self._job.claim
        return Sms(
            delivery.address,
            fill(self._job.variants[delivery.variant].text, slots),
            self._road.callback(DeliveryName(claim.ref.message, delivery.sequence)),
            _valid_for(claim),
        )


def _valid_for(claim: Claim) -> timedelta | None:
    return claim.expires_at - datetime.now(UTC) if claim.expires_at else None
