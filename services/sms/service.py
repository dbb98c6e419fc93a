"""The SMS channel: batches of the ledger go to a provider, and to a second one while the first is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.fanout.retry import RetrySettings
from services.fanout.worker import run_worker
from services.runtime import clock
from services.runtime.confirm_links import confirm_path
from services.runtime.postgres import AWAY, Pool, until_there
from services.runtime.public_url import PublicUrlSettings
from services.runtime.reader_links import Reader
from services.runtime.service import Service
from services.runtime.tokens import Keys
from services.sms.breaker import Breaker
from services.sms.callbacks import DeliveryName, callback_url, sinch_callback_url
from services.sms.carrier import SmsCarrier
from services.sms.errand import Route
from services.sms.gate import WHAT, Gate
from services.sms.opting_out import asked_in, told_in
from services.sms.pace import Pace
from services.sms.provider import Provider
from services.sms.ready import OneOf
from services.sms.settings import SinchSettings, SmsSettings, TwilioSettings
from services.sms.silent import silent_ones
from services.sms.sinch import open_sinch
from services.sms.switch import Switch, Trunk
from services.sms.twilio import open_twilio
from services.store import silent
from services.store.alarms import PROVIDER_OUT
from services.store.ledger import Claim
from services.store.secret_keys import signing_keys
from services.store.twins import Twin, twins

log = structlog.get_logger(__name__)


async def serve(service: Service) -> None:
    """Carry out SMS batches until told to stop."""
    settings = SmsSettings()
    async with open_providers(settings.sms_connections) as providers:
        keys = await until_there(partial(read_keys, service.pool), what="keys")
        switch = make_switch(service, providers, settings)
        carrier = make_carrier(service, switch, keys, settings)
        async with switch.watched(), silent_ones(service, providers, settings):
            await run_worker(service, carrier)


@asynccontextmanager
async def open_providers(connections: int) -> AsyncIterator[Sequence[Provider]]:
    """Those that are set up, in the order in which they are preferred."""
    second = SinchSettings()
    async with AsyncExitStack() as opened:
        providers: list[Provider] = [await opened.enter_async_context(open_twilio(TwilioSettings(), connections))]
        if second.on:
            providers.append(await opened.enter_async_context(open_sinch(second, connections)))
        yield providers


def make_switch(service: Service, providers: Sequence[Provider], settings: SmsSettings) -> Switch:
    """A way to each provider."""
    bell = Bell(service.pool, "sms")
    alone = len(providers) == 1
    health = service.health if alone else OneOf(service.health, WHAT, [each.name for each in providers])

    def trunk(provider: Provider) -> Trunk:
        name = provider.name
        own_bell = bell if alone else Bell(service.pool, f"sms/{name}", PROVIDER_OUT)
        return Trunk(
            provider=provider,
            bucket=Bucket(service.pool, _bucket(provider), settings.sms_per_second),
            pace=Pace(settings.sms_connections),
            gate=Gate(provider.ask, health, own_bell, what=name),
            breaker=Breaker(settings.sms_failover_share, settings.sms_failback_seconds),
        )

    return Switch([trunk(provider) for provider in providers], bell, after=settings.sms_failover_seconds)


def _bucket(provider: Provider) -> str:
    """Twilio's is called by its sender alone: an older version runs beside this one, and both must see one bucket."""
    return provider.sender if provider.name == "twilio" else f"{provider.name} {provider.sender}"


def make_carrier(service: Service, switch: Switch, keys: Keys, settings: SmsSettings) -> SmsCarrier:
    """The carrier, with all that it goes through."""
    public_url = PublicUrlSettings().public_url

    def callback(provider: str, name: DeliveryName) -> str | None:
        address = sinch_callback_url if provider == "sinch" else callback_url
        return address(public_url, keys, name) if public_url else None

    def confirm(name: DeliveryName) -> str:
        return public_url + confirm_path(Reader(name.message, name.sequence), keys) if public_url else ""

    return SmsCarrier(
        Route(
            switch=switch,
            connections=settings.sms_connections,
            callback=callback,
            confirm=confirm,
            opted_out=asked_in(service.pool),
            refused_by=told_in(service.pool),
            twins=twins_in(service.pool),
            settling=settings.settling,
            horizon=timedelta(seconds=RetrySettings().retry_horizon_seconds),
            countries=settings.countries,
            handed_over=remembering(service.pool),
        )
    )


def remembering(pool: Pool) -> Callable[[Claim], Coroutine[Any, Any, None]]:
    """Sets the timers by which a claim's silent ones are asked for; while PostgreSQL is away nobody is."""

    async def remember(claim: Claim) -> None:
        try:
            async with pool.connection(timeout=1) as connection, connection.transaction():
                await silent.remember(connection, claim.ref, clock.now())
        except AWAY:
            log.info("not_remembered", batch=str(claim.ref))

    return remember


def twins_in(pool: Pool) -> Callable[[Claim, str, str], Awaitable[Sequence[Twin] | None]]:
    """Asks the record for twins, one at a time, so that look-ups take no connection from who settles."""
    turn = asyncio.Semaphore(1)

    async def ask(claim: Claim, text: str, number: str) -> Sequence[Twin] | None:
        try:
            async with turn, pool.connection(timeout=1) as connection:
                return await twins(
                    connection, message=claim.ref.message, text=text, number=number, released_at=claim.released_at
                )
        except AWAY:
            return None

    return ask


async def read_keys(pool: Pool) -> Keys:
    """The keys that sign callbacks' addresses; made now when there are none yet."""
    async with pool.connection() as connection, connection.transaction():
        return await signing_keys(connection)
