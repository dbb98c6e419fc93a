"""While Twilio can send nothing for us: everything waits, one alarm stands, and it is hushed when Twilio takes one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import alarms
from tests.sms.jobs import NUMBERS, Sent, job, world
from tests.stack import Twilio
from tests.store.world import connect

pytestmark = pytest.mark.stack


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """In autocommit, in a database in which no alarm stands."""
    async with await connect(database_url) as connection:
        await connection.execute("DELETE FROM alarm")
        yield connection


CREDENTIALS = "credentials (20003): mend ROELAND_TWILIO_ACCOUNT_SID and ROELAND_TWILIO_AUTH_TOKEN"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (20003, CREDENTIALS),
        (20005, "account-not-active (20005): see Billing in Twilio's console, or ask Twilio's support"),
        (21606, "sender (21606): mend ROELAND_TWILIO_FROM or ROELAND_TWILIO_MESSAGING_SERVICE_SID"),
    ],
)
async def test_what_somebody_must_mend_rings_once_and_fails_nobody(
    twilio: Twilio, database_url: str, connection: Connection, code: int, why: str
) -> None:
    """Two workers see it, in many answers: one alarm that says what to mend; the first SMS that is taken hushes it."""
    async with world(twilio, database_url) as one, world(twilio, database_url) as other:
        await asyncio.gather(one.carrier.available(), other.carrier.available())
        twilio.faults({"at": "request", "do": "reply", "code": 400, "error": code})
        waiting = await asyncio.gather(one.carry(*NUMBERS[:40]), other.carry(*NUMBERS[40:60]))
        assert [state for sent in waiting for state in sent.states] == [State.PLANNED] * 60
        await _stands(connection, [why])
        twilio.no_faults()
        assert (await one.carry(*NUMBERS[:40])).states == [State.ACCEPTED] * 40
        await _stands(connection, [])
    assert len(twilio.messages()) == 40


async def test_a_wrong_token_is_noticed_before_anything_is_claimed(
    twilio: Twilio, database_url: str, connection: Connection
) -> None:
    """Asked at the start: the alarm names the setting although no SMS was tried."""
    async with world(twilio, database_url, twilio_auth_token=SecretStr("wrong")) as here:
        asking = asyncio.create_task(here.carrier.available())
        await _stands(
            connection, ["credentials (20003): mend ROELAND_TWILIO_ACCOUNT_SID and ROELAND_TWILIO_AUTH_TOKEN"]
        )
        assert not asking.done()
        asking.cancel()


async def test_twilio_away_or_busy_rings_nobody(twilio: Twilio, database_url: str, connection: Connection) -> None:
    """It comes back by itself: the health page says so, and nobody is called at night."""
    async with world(twilio, database_url) as here:
        await here.carrier.available()
        twilio.faults({"at": "connect", "do": "refuse"})
        sent = Sent()
        async with world(twilio, database_url) as fresh:  # no connection stands yet
            fresh.gate.open = True
            await fresh.carrier.carry_out(job(sent, *NUMBERS[:5]))
            assert fresh.health.is_down("twilio")
        assert sent.states == [State.PLANNED] * 5
    await _stands(connection, [])


async def _stands(connection: Connection, whys: list[str]) -> None:
    """Wait until just these alarms stand."""
    async with asyncio.timeout(10):
        while True:
            rows = await connection.execute(
                "SELECT subject, detail ->> 'why' FROM alarm WHERE kind = %s AND cleared_at IS NULL",
                (alarms.CANNOT_SEND,),
            )
            if await rows.fetchall() == [("sms", why) for why in whys]:
                return
            await asyncio.sleep(0.02)
