"""Jobs made by hand, and a carrier that stands on the real stand-in and a real database."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from services.domain.batches import BatchRef
from services.domain.states import State
from services.domain.variants import Variant, slot
from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.fanout.carrier import Job
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, open_pool
from services.sms.breaker import Breaker
from services.sms.callbacks import DeliveryName
from services.sms.carrier import SmsCarrier
from services.sms.errand import Route
from services.sms.gate import Gate
from services.sms.pace import Pace
from services.sms.provider import Provider
from services.sms.service import twins_in
from services.sms.settings import SinchSettings, TwilioSettings
from services.sms.sinch import open_sinch
from services.sms.switch import Switch, Trunk
from services.sms.twilio import open_twilio
from services.store.alarms import PROVIDER_OUT
from services.store.ledger import Claim, Delivery, Result
from tests.stack import Sinch, Twilio

TEXT = f"CCVO: storm, {slot('name')}. Meer in uw mail."
BODY = "CCVO: storm, Peer Janssens. Meer in uw mail."
GIVEN_BACK = 5
"""Claims that came to nothing before."""
PLACES = ("Peer Janssens", "Stad Peer", "Peer", "burgemeester")
NUMBERS = [f"+3247000{n:04}" for n in range(400)]


@dataclass
class Sent:
    """What a carrier reported."""

    results: list[Result] = field(default_factory=list)
    stopped: bool = False

    @property
    def states(self) -> list[State]:
        return [result.state for result in sorted(self.results, key=lambda result: result.sequence)]

    @property
    def only(self) -> Result:
        [result] = self.results
        return result


@dataclass
class World:
    """A carrier and what it stands on."""

    carrier: SmsCarrier
    gate: Gate
    """The first provider's."""
    health: Health
    switch: Switch

    async def carry(
        self,
        *numbers: str | None,
        doubts: int = 0,
        tries: int = 1,
        released_at: datetime | None = None,
        lane: str = "urgent",
        sent: Sent | None = None,
        may_start: Callable[[Sent], bool] = lambda sent: not sent.stopped,
    ) -> Sent:
        """Carry out a claim of one SMS to each of these numbers, once Twilio answers."""
        await self.carrier.available()
        sent = sent if sent is not None else Sent()
        await self.carrier.carry_out(job(sent, *numbers, doubts=doubts, tries=tries, released_at=released_at,
                                         lane=lane, may_start=may_start))  # fmt: skip
        return sent


def job(
    sent: Sent,
    *numbers: str | None,
    doubts: int = 0,
    tries: int = 1,
    released_at: datetime | None = None,
    expires_at: datetime | None = None,
    lane: str = "urgent",
    may_start: Callable[[Sent], bool] = lambda sent: not sent.stopped,
    by_number: Mapping[str, int] | None = None,
) -> Job:
    """A claim of one SMS to each of these numbers; results go to `sent`.

    `by_number`: doubts of each; then a number is the same delivery, whatever its place.
    """
    deliveries = tuple(
        Delivery(
            sequence, tries + GIVEN_BACK, 1, (by_number or {}).get(number or "", doubts), sequence, number, *PLACES,
            tries=tries,
        )
        for sequence, number in (
            enumerate(numbers, start=1) if by_number is None else ((NUMBERS.index(n or "") + 1, n) for n in numbers)
        )
    )  # fmt: skip
    claim = Claim(
        BatchRef(17, 1), UUID(int=17), "sms", lane, 1, released_at or datetime.now(UTC), expires_at, deliveries
    )
    variant = Variant("local-governments", "nl", "", "sms", "", TEXT, "")
    return Job(claim, {1: variant}, lambda: may_start(sent), sent.results.append)


@asynccontextmanager
async def world(
    twilio: Twilio,
    database_url: str,
    *,
    sinch: Sinch | None = None,
    connections: int = 10,
    per_second: float = 0,
    horizon: timedelta = timedelta(hours=4),
    callback: Callable[[DeliveryName], str | None] = lambda _: None,
    countries: frozenset[str] | None = None,
    after: float = 0.5,
    back: float = 1.0,
    share: float = 0.5,
    route: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """A carrier on the stand-in, with short waits; with `sinch` it has a second provider."""
    account: dict[str, Any] = {
        "twilio_account_sid": twilio.account_sid, "twilio_auth_token": SecretStr(twilio.auth_token),
        "twilio_base_url": twilio.url, "twilio_from": "+15005550006", "twilio_timeout_seconds": 2.0,
    }  # fmt: skip
    health = Health("twilio")
    async with AsyncExitStack() as opened:
        pool = await opened.enter_async_context(open_pool(DatabaseSettings(database_url=SecretStr(database_url))))
        first = await opened.enter_async_context(open_twilio(TwilioSettings(**{**account, **settings}), connections))
        providers: list[Provider] = [first]
        if sinch is not None:
            providers.append(await opened.enter_async_context(open_sinch(sinch_settings(sinch), connections)))
        bell = Bell(pool, "sms")

        def trunk(provider: Provider) -> Trunk:
            own = bell if sinch is None else Bell(pool, f"sms/{provider.name}", PROVIDER_OUT)
            name = provider.sender if provider is first else f"sinch {provider.sender}"
            return Trunk(
                provider, Bucket(pool, name, per_second),
                Pace(connections), Gate(provider.ask, health, own, what=provider.name, mending_wait=0.3),
                Breaker(share, back),
            )  # fmt: skip

        switch = Switch([trunk(provider) for provider in providers], bell, after=after)
        made = Route(
            switch=switch, connections=connections, callback=lambda _, name: callback(name), twins=twins_in(pool),
            settling=timedelta(seconds=0.3), horizon=horizon, countries=countries, patience=timedelta(seconds=0.6),
            **(route or {}),
        )  # fmt: skip
        await opened.enter_async_context(switch.watched())
        yield World(SmsCarrier(made), switch.trunks[0].gate, health, switch)


def sinch_settings(sinch: Sinch, **more: Any) -> SinchSettings:
    """Those of the stand-in."""
    account: dict[str, Any] = {
        "sinch_service_plan_id": sinch.service_plan, "sinch_api_token": SecretStr(sinch.api_token),
        "sinch_base_url": sinch.url, "sinch_from": "CCVO", "sinch_timeout_seconds": 2.0,
    }  # fmt: skip
    return SinchSettings(**{**account, **more})
