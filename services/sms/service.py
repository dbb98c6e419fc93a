"""The SMS channel: batches of the ledger go to Twilio."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.fanout.retry import RetrySettings
from services.fanout.worker import run_worker
from services.runtime.confirm_links import confirm_path
from services.runtime.postgres import AWAY, Pool, until_there
from services.runtime.public_url import PublicUrlSettings
from services.runtime.reader_links import Reader
from services.runtime.service import Service
from services.runtime.tokens import Keys
from services.sms.callbacks import DeliveryName, callback_url
from services.sms.carrier import SmsCarrier
from services.sms.errand import Road
from services.sms.gate import Gate
from services.sms.opting_out import asked_in, told_in
from services.sms.pace import Pace
from services.sms.settings import SmsSettings, TwilioSettings
from services.sms.twilio import Twilio, open_twilio
from services.store.ledger import Claim
from services.store.secret_keys import signing_keys
from services.store.twins import Twin, twins


async def serve(service: Service) -> None:
    """Carry out SMS batches until told to stop."""
    settings = SmsSettings()
    async with open_twilio(TwilioSettings(), settings.sms_connections) as twilio:
        keys = await until_there(partial(read_keys, service.pool), what="keys")
        await run_worker(service, make_carrier(service, twilio, keys, settings))


def make_carrier(service: Service, twilio: Twilio, keys: Keys, settings: SmsSettings) -> SmsCarrier:
    """The carrier, with all that it goes through."""
    public_url = PublicUrlSettings().public_url

    def callback(name: DeliveryName) -> str | None:
        return callback_url(public_url, keys, name) if public_url else None

    def confirm(name: DeliveryName) -> str:
        return public_url + confirm_path(Reader(name.message, name.sequence), keys) if public_url else ""

    return SmsCarrier(
        Road(
            twilio=twilio,
            bucket=Bucket(service.pool, twilio.sender, settings.sms_per_second),
            pace=Pace(settings.sms_connections),
            gate=Gate(twilio.ask, service.health, Bell(service.pool, "sms")),
            connections=settings.sms_connections,
            callback=callback,
            confirm=confirm,
            opted_out=asked_in(service.pool),
            refused_by=told_in(service.pool),
            twins=twins_in(service.pool),
            settling=settings.settling,
            horizon=timedelta(seconds=RetrySettings().retry_horizon_seconds),
        )
    )


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
