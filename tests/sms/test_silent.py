"""Those that never called back are asked for, a few a second, and not for ever."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from services.domain.batches import BatchRef
from services.fanout.carrier import Job
from services.runtime import clock
from services.runtime.postgres import Connection, DatabaseSettings, open_pool
from services.sms.provider import Provider
from services.sms.settings import TwilioSettings
from services.sms.silent import Asker
from services.sms.sinch import open_sinch
from services.sms.twilio import open_twilio
from services.store import alarms, ledger, silent, variants, workers
from tests.situation.running import eventually
from tests.sms.jobs import sinch_settings, world
from tests.stack import Sinch, Twilio
from tests.store.world import SOURCE, Person, add_people, add_user, connect, counted, release, submit

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """In autocommit, to an empty database."""
    async with await connect(database_url) as connection:
        for table in ("timer", "alarm"):
            await connection.execute(f"DELETE FROM {table}")
        yield connection


async def test_a_batch_has_three_timers_for_what_it_sends_within_a_moment(connection: Connection) -> None:
    """Sent in several goes it is asked for once each time, not for every SMS."""
    ref, at = BatchRef(7, 2), clock.now()
    for _ in range(3):
        await silent.remember(connection, ref, at)
    rows = await (await connection.execute("SELECT subject, due - %s FROM timer ORDER BY due", (at,))).fetchall()
    assert [subject for subject, _ in rows] == ["7/2"] * 3
    waits = [wait for _, wait in rows]
    for wait, after in zip(waits, silent.AFTER, strict=True):
        assert after <= wait <= after + silent.WINDOW
    await silent.remember(connection, ref, at + silent.WINDOW)
    assert await (await connection.execute("SELECT count(*) FROM timer")).fetchone() == (6,)


@pytest.mark.parametrize("second", [False, True])
async def test_those_that_never_called_back_are_asked_for_at_who_has_them(
    connection: Connection, database_url: str, twilio: Twilio, sinch: Sinch, second: bool
) -> None:
    """Delivered, not, and filtered: the record says so, though no callback came; one alarm for the filtered.

    Also of a message that was stopped meanwhile: what went before that is told of as any.
    """
    twilio.faults(
        *([{"at": "connect", "do": "refuse"}] if second else []),
        {"at": "callback", "do": "fail", "code": 30007, "match": "[12]$"},
        {"at": "callback", "do": "fail", "code": 30003, "match": "3$"},
    )
    sinch.faults(
        {"at": "callback", "do": "fail", "code": 9, "match": "[12]$"},
        {"at": "callback", "do": "fail", "code": 27, "match": "3$"},
    )
    number = await _sent(connection, database_url, twilio, sinch)
    await eventually(lambda: _all_final(twilio, sinch))
    await connection.execute("UPDATE message SET state = 'stopped', stopped_at = now() WHERE number = %s", (number,))
    await connection.execute("UPDATE timer SET due = now() - interval '1 second'")
    await connection.execute("UPDATE delivery SET accepted_at = now() - interval '6 minutes'")
    twilio.no_faults()
    async with (
        open_pool(DatabaseSettings(database_url=SecretStr(database_url))) as pool,
        open_twilio(_twilio_settings(twilio), 1) as first,
        open_sinch(sinch_settings(sinch), 1) as other,
    ):
        providers: list[Provider] = [first, other]
        await Asker(pool, "/roeland/sms", providers, 0.0).ask_due()
    assert await counted(connection, number) == {"delivered": 2, "bounced": 3}
    select = "SELECT reason FROM delivery WHERE reason > '' AND message = %s ORDER BY 1"
    reasons = await (await connection.execute(select, (number,))).fetchall()
    assert [reason for (reason,) in reasons] == ["carrier-filtered", "carrier-filtered", "unreachable"]
    filtered = [each for each in await alarms.rung(connection) if each.kind == alarms.CARRIER_FILTERED]
    assert {each.subject: each.detail["failed"] for each in filtered} == {f"{number}/sms": 2}


async def test_who_was_told_of_is_not_asked_for(connection: Connection) -> None:
    """Nobody is asked for what is known, is a day old, or is not a few minutes old."""
    assert await silent.silent(connection, BatchRef(999_999, 1), young=timedelta(0)) == []


async def _sent(connection: Connection, database_url: str, twilio: Twilio, sinch: Sinch) -> int:
    """A message to five numbers, carried out and settled as a worker does, without callbacks."""
    author = await add_user(connection, f"a{clock.now().timestamp()}@ccvo.example", "crisis-manager")
    audience = f"silent{author}"
    people = [Person(f"c{n} {author}", [audience], mobile=f"+324701{author % 1000:03}0{n}") for n in range(5)]
    await add_people(connection, people)
    message = await submit(connection, author, audiences=[audience], channels=["sms"])
    await release(connection, message, author)
    async with world(twilio, database_url, sinch=sinch) as here:
        await here.carrier.available()
        epoch = await workers.begin(connection, "sms")
        claim = await ledger.claim(connection, epoch=epoch, channel="sms", lanes=["urgent", "routine"])
        assert claim is not None
        results: list[ledger.Result] = []
        texts = await variants.read(connection, claim.ref.message)
        await here.carrier.carry_out(Job(claim, texts, lambda: True, results.append))
        await ledger.settle(connection, claim, results, finished=True, source=SOURCE)
        await silent.remember(connection, claim.ref, clock.now())
    return message.number


async def _all_final(twilio: Twilio, sinch: Sinch) -> bool:
    statuses = [m["status"].lower() for m in (*twilio.messages(), *sinch.messages())]
    return len(statuses) == 5 and not set(statuses) & {"queued", "sent", "dispatched", "accepted"}


def _twilio_settings(twilio: Twilio) -> TwilioSettings:
    return TwilioSettings(
        twilio_account_sid=twilio.account_sid, twilio_auth_token=SecretStr(twilio.auth_token),
        twilio_base_url=twilio.url, twilio_from="+15005550006",
    )  # fmt: skip
