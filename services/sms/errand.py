"""One SMS: sent once; what may have been sent is looked up before it is sent again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from services.domain.states import State
from services.domain.variants import SLOT_OPEN, fill, slots_for
from services.fanout.bucket import Bucket
from services.fanout.carrier import Job, give_back
from services.fanout.retry import exhausted
from services.runtime import clock
from services.sms import outcomes
from services.sms.callbacks import DeliveryName
from services.sms.codes import Ruling, Verdict
from services.sms.gate import Gate
from services.sms.pace import Pace
from services.sms.twilio import Held, Sms, Twilio
from services.store.ledger import Claim, Delivery, Result
from services.store.twins import Twin

TRIES: Final = 4
"""Requests for one SMS under one claim; then it is deferred."""
PATIENCE: Final = timedelta(seconds=5)
"""How long a look-up that is not answered is asked again at once: a message that was stopped waits for it."""
BETWEEN_SECONDS: Final = 0.5

_OF_THIS_ONE: Final = {Verdict.WITHHELD, Verdict.IN_DOUBT}
"""Verdicts that say nothing of Twilio."""
_STOPPED: Final = Ruling(Verdict.IN_DOUBT, reason="stopped")
_HELD: Final = Ruling(Verdict.SLOW_DOWN, 429, "rate-limited")
_NO_RECORD: Final = Ruling(Verdict.WITHHELD, reason="record-away")
_MAY_BE_ANOTHERS: Final = Ruling(Verdict.WITHHELD, reason="same-text-in-flight")
_YIELDS: Final = Ruling(Verdict.WITHHELD, reason="same-text-goes-first")


@dataclass(frozen=True)
class Road:
    """What every SMS goes through."""

    twilio: Twilio
    bucket: Bucket
    pace: Pace
    gate: Gate
    connections: int
    callback: Callable[[DeliveryName], str | None]
    twins: Callable[[Claim, str, str], Awaitable[Sequence[Twin] | None]]
    """Of a text to a number; None while PostgreSQL is away."""
    settling: timedelta
    horizon: timedelta
    patience: timedelta = PATIENCE
    confirm: Callable[[DeliveryName], str] = lambda _: ""
    """Where whoever gets this delivery says that they know; '' where that would lead nowhere."""
    opted_out: Callable[[Sequence[str]], Awaitable[Collection[str]]] | None = None
    """Those of these numbers that asked for no more SMS."""
    refused_by: Callable[[int, Sequence[int]], Awaitable[None]] | None = None
    """Told of deliveries of a message whose numbers asked the provider for no more SMS."""


class Errand:
    """One SMS under one claim."""

    def __init__(self, road: Road, looking_up: asyncio.Semaphore, job: Job, delivery: Delivery, begun: float) -> None:
        self._road, self._looking_up, self._job, self._delivery = road, looking_up, job, delivery
        self._doubt_since = begun  # monotonic; whoever handed it over before us had stopped by then
        self._doubted = False  # whether this claim handed it over without an answer
        self._cleared = False  # whether a look-up found that Twilio does not have it
        self._tries, self._ruling = 0, Ruling(Verdict.SLOW_DOWN)

    async def at_once(self) -> Result | None:
        """What became of it after one request; None when it takes more: ask `patiently` then."""
        if self._delivery.address is None:
            return outcomes.no_number(self._delivery)
        return None if self._delivery.doubts else await self._send(self._sms(self._delivery.address))

    async def patiently(self) -> Result:
        """Look up what may have been sent, send what was not, wait when told to, and say what became of it."""
        if self._delivery.address is None:
            return outcomes.no_number(self._delivery)
        sms = self._sms(self._delivery.address)
        result = None
        while result is None:
            if self._doubted or (self._delivery.doubts and not self._cleared):
                result = await self._clear_up(sms)
            elif self._tries < TRIES:
                result = await self._send(sms)
            else:
                result = outcomes.later(self._delivery, self._ruling, exhausted=self._exhausted())
        return self._told(result)

    def as_it_stands(self) -> Result:
        """The result when it is cut off here."""
        return self._told(outcomes.in_doubt(self._delivery, _STOPPED) if self._doubted else give_back(self._delivery))

    async def _send(self, sms: Sms) -> Result | None:
        """Hand it over once: what became of it; None when that is not known, or it may be tried again."""
        road, may_start, lane = self._road, self._may_start, self._job.claim.lane
        if not await road.bucket.slot(lane, may_start) or not await road.pace.enter(lane, may_start):
            return give_back(self._delivery)
        try:
            self._tries += 1
            answer = await road.twilio.send(sms, self._opens)
            self._doubt_since = time.monotonic()
            hold = self._take_note(answer)  # before another takes our place
        finally:
            road.pace.leave(lane)
        result = self._weigh(answer)
        if hold is not None:
            await road.bucket.hold(hold)
        return result

    def _opens(self) -> bool:
        """Asked when a connection stands, which may take longer than a stop allows. After a yes Twilio may have it."""
        if not self._may_start():
            return False
        self._job.opening(self._delivery)
        self._doubted = True
        return True

    def _take_note(self, answer: Held | Ruling) -> float | None:
        """What this answer says for all; returns the seconds that other workers are to be told to wait, if any."""
        if isinstance(answer, Held):
            self._road.gate.went_well()
            self._road.pace.went_well()
        elif answer.verdict is Verdict.REFUSED:
            self._road.pace.went_well()
        elif answer.verdict is Verdict.SLOW_DOWN:
            return self._road.pace.slow_down(self._road.twilio.retry_after)
        elif answer.verdict not in _OF_THIS_ONE:
            self._road.gate.close(answer)
        return None

    def _weigh(self, answer: Held | Ruling) -> Result | None:
        """What this answer says for this one."""
        if isinstance(answer, Held):
            return outcomes.taken(self._delivery, answer)
        self._ruling = answer
        if answer.verdict is Verdict.IN_DOUBT:
            return None
        self._doubted = False
        if answer.verdict is Verdict.REFUSED:
            return outcomes.refused(self._delivery, answer)
        return None if answer.verdict is Verdict.SLOW_DOWN else give_back(self._delivery)

    async def _clear_up(self, sms: Sms) -> Result | None:
        """What became of an SMS that may have been sent; None when Twilio surely does not have it."""
        found = await self._look_up(sms)
        if isinstance(found, Held):
            return outcomes.taken(self._delivery, found)
        if isinstance(found, Ruling):
            if found.verdict not in (Verdict.SLOW_DOWN, Verdict.WITHHELD):
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
                found = await self._find(sms)
            if isinstance(found, Held) or (found is None and asked >= certain_at):
                return found
            wait = BETWEEN_SECONDS if found is not None else certain_at - time.monotonic()
            if isinstance(found, Ruling):
                wait = max(wait, self._road.pace.held)
                if found.verdict is Verdict.CLOSED or found is _YIELDS or time.monotonic() + wait >= patient_until:
                    return found
            await asyncio.sleep(max(0.0, wait))

    async def _find(self, sms: Sms) -> Held | Ruling | None:
        if self._road.pace.held:
            return _HELD
        twins = await self._twins(sms)
        if twins is None:
            return _NO_RECORD
        in_hand = [twin for twin in twins if twin.state is State.CLAIMED]
        ours = (self._job.claim.ref.message, self._delivery.sequence)
        if any((twin.message, twin.sequence) < ours for twin in in_hand):  # of two in doubt, one waits for the other
            return _YIELDS
        others = {twin.provider_id for twin in twins if twin.provider_id}
        age = clock.now() - self._job.claim.released_at
        found = await self._road.twilio.find(sms, age=age, others=others)
        if isinstance(found, Held) and (
            in_hand or await self._twins(sms) != twins
        ):  # sent, or taken in hand, meanwhile
            return _MAY_BE_ANOTHERS
        if isinstance(found, Ruling) and found.verdict is Verdict.SLOW_DOWN:
            hold = self._road.pace.slow_down(self._road.twilio.retry_after)
            if hold is not None:
                await self._road.bucket.hold(hold)
        return found

    async def _twins(self, sms: Sms) -> Sequence[Twin] | None:
        return await self._road.twins(self._job.claim, self._job.variants[self._delivery.variant].text, sms.to)

    def _told(self, result: Result) -> Result:
        return replace(result, cleared=True) if self._cleared else result

    def _may_start(self) -> bool:
        return self._road.gate.open and self._job.may_start()

    def _exhausted(self) -> bool:
        return exhausted(self._job.claim.released_at, clock.now(), self._road.horizon, self._delivery.tries)

    def _sms(self, number: str) -> Sms:
        delivery, claim = self._delivery, self._job.claim
        text = self._job.variants[delivery.variant].text
        if SLOT_OPEN in text:
            slots = slots_for(
                name=delivery.name, organisation=delivery.organisation,
                municipality=delivery.municipality, role=delivery.role,
                confirm=self._road.confirm(DeliveryName(claim.ref.message, delivery.sequence)),
            )  # fmt: skip
            text = fill(text, slots)
        callback = self._road.callback(DeliveryName(claim.ref.message, delivery.sequence))
        return Sms(number, text, callback, _valid_for(claim))


def _valid_for(claim: Claim) -> timedelta | None:
    return claim.expires_at - clock.now() if claim.expires_at else None
