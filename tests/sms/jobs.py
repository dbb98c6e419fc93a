"""Jobs made by hand, and a carrier that stands on the real stand-in and a real database."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
from services.sms.callbacks import DeliveryName
from services.sms.carrier import SmsCarrier
from services.sms.errand import Road
from services.sms.gate import Gate
from services.sms.pace import Pace
from services.sms.service import twins_in
from services.sms.settings import TwilioSettings
from services.sms.twilio import open_twilio
from services.store.ledger import Claim, Delivery, Result
from tests.stack import Twilio

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
    health: Health

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
) -> Job:
    """A claim of one SMS to each of these numbers; results go to `sent`."""
    deliveries = tuple(
        Delivery(sequence, tries + GIVEN_BACK, 1, doubts, sequence, number, *PLACES, tries=tries)
        for sequence, number in enumerate(numbers, start=1)
    )
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
    connections: int = 10,
    per_second: float = 0,
    horizon: timedelta = timedelta(hours=4),
    callback: Callable[[DeliveryName], str | None] = lambda _: None,
    **settings: Any,
) -> AsyncIterator[World]:
    """A carrier on the stand-in, with short waits."""
    account: dict[str, Any] = {
        "twilio_account_sid": twilio.account_sid, "twilio_auth_token": SecretStr(twilio.auth_token),
        "twilio_base_url": twilio.url, "twilio_from": "+15005550006", "twilio_timeout_seconds": 2.0,
    }  # fmt: skip
    health = Health("twilio")
    async with (
        open_pool(DatabaseSettings(database_url=SecretStr(database_url))) as pool,
        open_twilio(TwilioSettings(**{**account, **settings}), connections) as api,
    ):
        gate = Gate(api.ask, health, Bell(pool, "sms"), mending_wait=0.3)
        road = Road(
            twilio=api, bucket=Bucket(pool, api.sender, per_second), pace=Pace(connections), gate=gate,
            connections=connections, callback=callback, twins=twins_in(pool), settling=timedelta(seconds=0.3),
            horizon=horizon, patience=timedelta(seconds=0.6),
        )  # fmt: skip
        yield World(SmsCarrier(road), gate, health)
