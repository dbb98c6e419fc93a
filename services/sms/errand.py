"""One SMS: sent once; what may have been sent is looked up before it is sent again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from services.domain.phone_numbers import refusal
from services.domain.states import State
from services.domain.variants import SLOT_OPEN, fill, slots_for
from services.fanout.carrier import Job, give_back
from services.fanout.retry import exhausted
from services.runtime import clock
from services.sms import outcomes
from services.sms.callbacks import DeliveryName
from services.sms.codes import Ruling, Verdict
from services.sms.provider import MessageResource, Sms
from services.sms.segments import Segments
from services.sms.switch import Switch, Trunk
from services.store.ledger import Claim, Delivery, Result
from services.store.twins import Twin

TRIES: Final = 4
"""Requests for one SMS under one claim; then it is deferred."""
PATIENCE: Final = timedelta(seconds=5)
"""How long a look-up that is not answered is asked again at once: a message that was stopped waits for it."""
BETWEEN_SECONDS: Final = 0.5

_OF_THIS_ONE: Final = {Verdict.WITHHELD, Verdict.IN_DOUBT}
"""Verdicts that say nothing of the provider for all."""
_STOPPED: Final = Ruling(Verdict.IN_DOUBT, reason="stopped")
_HELD: Final = Ruling(Verdict.SLOW_DOWN, 429, "rate-limited")
_NO_RECORD: Final = Ruling(Verdict.WITHHELD, reason="record-away")
_MAY_BE_ANOTHERS: Final = Ruling(Verdict.WITHHELD, reason="same-text-in-flight")
_YIELDS: Final = Ruling(Verdict.WITHHELD, reason="same-text-goes-first")


async def _told_nobody(_: Claim) -> None:
    """Nobody asks for those that stay silent."""


@dataclass(frozen=True)
class Route:
    """What every SMS goes through."""

    switch: Switch
    connections: int
    callback: Callable[[str, DeliveryName], str | None]
    """Where this provider tells what became of a delivery."""
    twins: Callable[[Claim, str, str], Awaitable[Sequence[Twin] | None]]
    """Of a text to a number; None while PostgreSQL is away."""
    settling: timedelta
    horizon: timedelta
    handed_over: Callable[[Claim], Coroutine[Any, Any, None]] = _told_nobody
    """Told of a claim when it begins, beside the sending: raises nothing."""
    countries: frozenset[str] | None = None
    """Those that SMS may go to; None: any."""
    patience: timedelta = PATIENCE
    segments: Segments = field(default_factory=Segments)
    confirm: Callable[[DeliveryName], str] = lambda _: ""
    """Where whoever gets this delivery says that they know; '' where that would lead nowhere."""
    opted_out: Callable[[Sequence[str]], Awaitable[Collection[str]]] | None = None
    """Those of these numbers that asked for no more SMS."""
    refused_by: Callable[[int, Sequence[int]], Awaitable[None]] | None = None
    """Told of deliveries of a message whose numbers asked the provider for no more SMS."""


class Errand:
    """One SMS under one claim."""

    def __init__(self, route: Route, looking_up: asyncio.Semaphore, job: Job, delivery: Delivery, begun: float) -> None:
        self._route, self._looking_up, self._job, self._delivery = route, looking_up, job, delivery
        self._doubt_since = begun  # monotonic; whoever handed it over before us had stopped by then
        self._doubted = False  # whether this claim handed it over without an answer
        self._cleared = False  # whether look-ups found that no provider has it
        # Who may have it. Of an earlier claim's doubt nobody knows which provider it went to: all of them.
        self._suspects = list(route.switch.trunks) if delivery.doubts else []
        self._tries, self._ruling = 0, Ruling(Verdict.SLOW_DOWN)

    async def at_once(self) -> Result | None:
        """What became of it after one request; None when it takes more: ask `patiently` then."""
        if self._delivery.address is None:
            return outcomes.no_number(self._delivery)
        return None if self._suspects else await self._send(self._sms(self._delivery.address))

    async def patiently(self) -> Result:
        """Look up what may have been sent, send what was not, wait when told to, and say what became of it."""
        if self._delivery.address is None:
            return outcomes.no_number(self._delivery)
        sms = self._sms(self._delivery.address)
        result = None
        while result is None:
            if self._suspects:
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
        if reason := refusal(sms.to, self._route.countries):
            return outcomes.not_allowed(self._delivery, reason)
        trunk = await self._turn()
        if trunk is None:
            return give_back(self._delivery)
        hold, answer = None, None
        try:
            self._tries += 1
            trunk.breaker.begin()
            began = time.monotonic()
            sms = replace(sms, callback=self._route.callback(trunk.provider.name, self._name()))
            answer = await trunk.provider.send(sms, partial(self._opens, trunk))
            self._doubt_since = time.monotonic()
            hold = self._take_note(trunk, answer, began)  # before another takes our place
        finally:
            trunk.breaker.went(_well(answer))
            trunk.pace.leave(self._job.claim.lane)
        result = self._weigh(answer, sms)
        if hold is not None:
            await trunk.bucket.hold(hold)
        return result

    async def _turn(self) -> Trunk | None:
        """A place among those that go to a provider now; None when it may go nowhere (now)."""
        lane = self._job.claim.lane
        while self._job.may_start():
            trunk = self._route.switch.choose()
            if trunk is None:
                return None
            may_start = partial(self._may_start, trunk)
            if await trunk.bucket.slot(lane, may_start) and await trunk.pace.enter(lane, may_start):
                return trunk
        return None

    def _opens(self, trunk: Trunk) -> bool:
        """Asked when a connection stands, which may take longer than a stop allows. After a yes it may be there."""
        if not self._job.may_start() or not trunk.gate.open:
            return False
        self._job.opening(self._delivery)
        self._doubted, self._suspects = True, [trunk]
        return True

    def _take_note(self, trunk: Trunk, answer: MessageResource | Ruling, began: float) -> float | None:
        """What this answer says for all; returns the seconds that other workers are to be told to wait, if any."""
        if isinstance(answer, MessageResource):
            trunk.gate.went_well()
            trunk.pace.went_well(began)
            self._route.switch.went_well(trunk)
        elif answer.verdict is Verdict.REFUSED:
            trunk.pace.went_well(began)
        elif answer.verdict is Verdict.SLOW_DOWN:
            return trunk.pace.slow_down(trunk.provider.retry_after, began)
        elif answer.verdict not in _OF_THIS_ONE:
            trunk.gate.close(answer)
        return None

    def _weigh(self, answer: MessageResource | Ruling, sms: Sms) -> Result | None:
        """What this answer says for this one."""
        if isinstance(answer, MessageResource):
            self._route.segments.compare(self._job.claim.ref.message, sms.text, answer.segments)
            return outcomes.taken(self._delivery, answer)
        self._ruling = answer
        if answer.verdict is Verdict.IN_DOUBT:
            return None
        self._doubted, self._suspects = False, []
        if answer.verdict is Verdict.REFUSED:
            return outcomes.refused(self._delivery, answer)
        return None if answer.verdict is Verdict.SLOW_DOWN else give_back(self._delivery)

    async def _clear_up(self, sms: Sms) -> Result | None:
        """What became of an SMS that may have been sent; None when surely no provider has it.

        Those that answer are asked before those that are away. It is in doubt while one that may have it is not heard.
        """
        unheard: Ruling | None = None
        for trunk in sorted(self._suspects, key=lambda each: not each.gate.open):
            found = await self._look_up(trunk, sms)
            if isinstance(found, MessageResource):
                return outcomes.taken(self._delivery, found)
            if isinstance(found, Ruling):
                if found.verdict not in (Verdict.SLOW_DOWN, Verdict.WITHHELD):
                    trunk.gate.close(found)
                unheard = found
        if unheard is not None:
            return outcomes.in_doubt(self._delivery, unheard, exhausted=self._exhausted())
        self._doubted, self._cleared, self._suspects = False, True, []
        return None

    async def _look_up(self, trunk: Trunk, sms: Sms) -> MessageResource | Ruling | None:
        """Look until it is found, or is surely not there, or the answer stays away too long.

        What a provider was making when we asked may show a little later; so None counts only after a while.
        """
        certain_at = self._doubt_since + self._route.settling.total_seconds()
        patient_until = time.monotonic() + self._route.patience.total_seconds()
        while True:
            async with self._looking_up:
                asked = time.monotonic()
                found = await self._find(trunk, sms)
            if isinstance(found, MessageResource) or (found is None and asked >= certain_at):
                return found
            wait = BETWEEN_SECONDS if found is not None else certain_at - time.monotonic()
            if isinstance(found, Ruling):
                wait = max(wait, trunk.pace.held)
                if found.verdict is Verdict.CLOSED or found is _YIELDS or time.monotonic() + wait >= patient_until:
                    return found
            await asyncio.sleep(max(0.0, wait))

    async def _find(self, trunk: Trunk, sms: Sms) -> MessageResource | Ruling | None:
        if trunk.pace.held:
            return _HELD
        age = clock.now() - self._job.claim.released_at
        if trunk.provider.by_reference:
            found = await trunk.provider.find(sms, age=age)
        else:
            found = await self._find_among_twins(trunk, sms, age)
        if isinstance(found, Ruling) and found.verdict is Verdict.SLOW_DOWN:
            hold = trunk.pace.slow_down(trunk.provider.retry_after)
            if hold is not None:
                await trunk.bucket.hold(hold)
        return found

    async def _find_among_twins(self, trunk: Trunk, sms: Sms, age: timedelta) -> MessageResource | Ruling | None:
        twins = await self._twins(sms)
        if twins is None:
            return _NO_RECORD
        in_hand = [twin for twin in twins if twin.state is State.CLAIMED]
        ours = (self._job.claim.ref.message, self._delivery.sequence)
        if any((twin.message, twin.sequence) < ours for twin in in_hand):  # of two in doubt, one waits for the other
            return _YIELDS
        others = {twin.provider_id for twin in twins if twin.provider_id}
        found = await trunk.provider.find(sms, age=age, others=others)
        if isinstance(found, MessageResource) and (
            in_hand or await self._twins(sms) != twins
        ):  # sent, or taken in hand, meanwhile
            return _MAY_BE_ANOTHERS
        return found

    async def _twins(self, sms: Sms) -> Sequence[Twin] | None:
        return await self._route.twins(self._job.claim, self._job.variants[self._delivery.variant].text, sms.to)

    def _told(self, result: Result) -> Result:
        return replace(result, cleared=True) if self._cleared else result

    def _may_start(self, trunk: Trunk) -> bool:
        return self._route.switch.choose() is trunk and self._job.may_start()

    def _exhausted(self) -> bool:
        return exhausted(self._job.claim.released_at, clock.now(), self._route.horizon, self._delivery.tries)

    def _sms(self, number: str) -> Sms:
        delivery, claim = self._delivery, self._job.claim
        text = self._job.variants[delivery.variant].text
        if SLOT_OPEN in text:
            slots = slots_for(
                name=delivery.name, organisation=delivery.organisation,
                municipality=delivery.municipality, role=delivery.role,
                confirm=self._route.confirm(DeliveryName(claim.ref.message, delivery.sequence)),
            )  # fmt: skip
            text = fill(text, slots)
        return Sms(number, text, None, _valid_for(claim), f"{claim.message_id}.{delivery.sequence}")

    def _name(self) -> DeliveryName:
        return DeliveryName(self._job.claim.ref.message, self._delivery.sequence)


def _well(answer: MessageResource | Ruling | None) -> bool | None:
    """Whether the provider did its work: it took it, or refused it for what it is."""
    if isinstance(answer, MessageResource):
        return True
    if answer is None or answer.verdict in (Verdict.WITHHELD, Verdict.SLOW_DOWN):
        return None
    return answer.verdict is Verdict.REFUSED


def _valid_for(claim: Claim) -> timedelta | None:
    return claim.expires_at - clock.now() if claim.expires_at else None
