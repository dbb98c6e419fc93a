"""Twilio's callbacks: signed by the stand-in or by Twilio's own library, up to the ledger and no further if forged."""

import asyncio
import random
from typing import Any

import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships hints, but no py.typed

from services.domain.states import State
from services.public.gathering import FLOOD, Gathering
from services.runtime import topics
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import Connection
from services.sms.callbacks import PURPOSE, DeliveryName, callback_url, named
from services.store import callbacks, ledger, workers
from services.store.ledger import Claim, Result
from tests.public.conftest import AUTH_TOKEN, PUBLIC_URL, Door
from tests.situation.running import eventually, running_service
from tests.stack import Twilio
from tests.store.world import Person, add_people, add_user, connect, counted, release, submit

pytestmark = pytest.mark.stack

SID, OTHER = "SM" + "0123456789abcdef" * 2, "SM" + "1" * 32


@pytest.mark.long  # whole services; end_to_end goes the same way
async def test_a_message_goes_to_twilio_and_what_became_of_it_comes_back(
    settings_env: dict[str, str], twilio: Twilio, database_url: str, unused_tcp_port: int, monkeypatch: Any
) -> None:
    """The services as processes: sent, delivered or not, counted; each SMS once, nothing personal in the logs.
    `public` is given no Kafka, and stops and starts in between."""
    for name, value in settings_env.items():
        monkeypatch.setenv(name, value)
    await topics.create(KafkaSettings())
    public_url = f"http://127.0.0.1:{unused_tcp_port}"
    env = settings_env | {
        "ROELAND_TWILIO_ACCOUNT_SID": twilio.account_sid, "ROELAND_TWILIO_AUTH_TOKEN": twilio.auth_token,
        "ROELAND_TWILIO_FROM": "+15005550006", "ROELAND_TWILIO_BASE_URL": twilio.url,
        "ROELAND_PUBLIC_URL": public_url, "ROELAND_PUBLIC_ADDRESS": public_url.removeprefix("http://"),
    }  # fmt: skip
    without_kafka = {**env, "ROELAND_KAFKA_BOOTSTRAP": ""}
    people = [Person(f"Contact {n}", ["governors"], mobile=f"+3247000000{n}") for n in range(6)]
    twilio.faults(
        {"at": "callback", "do": "fail", "code": 30005, "match": "0$"},
        {"at": "callback", "do": "duplicate", "match": "1$"},
        {"at": "request", "do": "reply", "code": 400, "error": 21610, "match": "2$"},
        {"at": "response", "do": "drop", "match": "3$", "count": 1},
    )
    async with await connect(database_url) as connection:
        user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
        await add_people(connection, people)
        message = await submit(connection, user, channels=["sms"])
        async with running_service("sms", env) as sms, running_service("public", without_kafka) as public:
            await release(connection, message, user)
            wanted = {"delivered": 4, "bounced": 1, "failed": 1}
            await eventually(lambda: _is(counted(connection, message.number), wanted))
        codes = await (await connection.execute("SELECT code FROM delivery WHERE code > 0 ORDER BY 1")).fetchall()
        duplicates = await (await connection.execute("SELECT sum(possible_duplicates)::int FROM batch")).fetchone()
    assert sorted(m["to"] for m in twilio.messages()) == [p.mobile for p in people if p.mobile != "+32470000002"]
    assert [code for (code,) in codes] == [21610, 30005]
    assert duplicates == (0,)
    assert not [line for line in (*sms.raw, *public.raw) if "+3247" in line or "governors nl" in line]


async def test_a_callback_earlier_than_our_record_is_not_lost(door: Door, connection: Connection) -> None:
    """Twilio may be faster than our settlement: delivered stays delivered, and the acceptance is still recorded."""
    claim = await _claimed(connection)
    assert await _call(door, claim, "delivered") == 204
    assert await _counts(connection, claim) == {"delivered": 1, "claimed": 2}
    await _settle(connection, claim)
    assert await _counts(connection, claim) == {"delivered": 1, "accepted": 2}
    row = await (
        await connection.execute("SELECT provider_id, accepted_at IS NOT NULL FROM delivery WHERE sequence = 1")
    ).fetchone()
    assert row == (SID, True)


async def test_callbacks_in_any_order_and_any_number_end_the_same(door: Door, connection: Connection) -> None:
    """Disordered and doubled at the edge of the internet, side by side: one final state."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    calls = [
        (sequence, status)
        for sequence, last in ((1, "delivered"), (2, "undelivered"), (3, "sent"))
        for status in ("queued", "sent", last) * 2
    ]
    random.Random(0).shuffle(calls)
    answers = await asyncio.gather(*(_call(door, claim, status, sequence) for sequence, status in calls))
    assert set(answers) == {204}
    assert await _counts(connection, claim) == {"delivered": 1, "bounced": 1, "accepted": 1}


async def test_a_flood_is_answered_first_and_merged_soon(door: Door, connection: Connection) -> None:
    """Each is kept before it is answered, none is lost or counted twice, and what nobody has is still said to be so."""
    claim = await _claimed(connection, people=60)
    await _settle(connection, claim)
    calls = [(n, "undelivered" if n % 3 == 0 else "delivered") for n in range(1, 61)] * 2
    random.Random(0).shuffle(calls)
    answers = await asyncio.gather(
        *(_call(door, claim, status, sequence) for sequence, status in calls),
        *(_call(door, claim, "delivered", sequence) for sequence in (61, 4711)),
    )
    assert answers == [204] * 120 + [404] * 2
    await eventually(lambda: _is(_counts(connection, claim), {"delivered": 40, "bounced": 20}))
    assert await (await connection.execute("SELECT count(*) FROM callback")).fetchone() == (0,)


async def test_what_was_kept_when_public_was_killed_is_merged_by_the_next(door: Door, connection: Connection) -> None:
    """An answered callback never comes again: what it said must outlive whoever took it. Opting out is heeded too."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    said = [Result(1, 0, State.DELIVERED), Result(2, 0, State.BOUNCED, code=21610, reason="opted-out")]
    async with connection.transaction():
        assert await callbacks.keep(connection, claim.ref.message, [*said, Result(99, 0, State.DELIVERED)]) == {1, 2}
    await eventually(lambda: _is(_counts(connection, claim), {"delivered": 1, "bounced": 1, "accepted": 1}))
    assert await (await connection.execute("SELECT number, via FROM opt_out")).fetchall() == [
        ("+32470000001", "provider")
    ]


async def test_two_merge_side_by_side(connection: Connection, database_url: str) -> None:
    """Several `public` may run: what one is merging the other leaves, and nothing is merged twice."""
    claim = await _claimed(connection, people=60)
    await _settle(connection, claim)
    said = [Result(n, 0, State.DELIVERED) for n in range(1, 61)]
    async with connection.transaction():
        await callbacks.keep(connection, claim.ref.message, said)
    async with await connect(database_url) as other, connection.transaction():
        assert await callbacks.merge(connection, source="/roeland/test") == 60
        async with other.transaction():
            assert await callbacks.merge(other, source="/roeland/test") == 0
    assert await _counts(connection, claim) == {"delivered": 60}


async def test_a_flood_waits_for_nobody_who_holds_a_batch(
    door: Door, connection: Connection, database_url: str
) -> None:
    """A worker settles two hundred at that moment: what is kept first touches no batch, and is answered meanwhile."""
    claim = await _claimed(connection, people=FLOOD)
    await _settle(connection, claim)
    gathering = Gathering(door.service)
    async with await connect(database_url) as other, other.transaction():
        await other.execute("SELECT FROM batch FOR UPDATE")
        said = [Result(n, 0, State.DELIVERED) for n in range(1, FLOOD + 1)]
        reports = [asyncio.create_task(gathering.report(claim.ref.message, each)) for each in said]
        await asyncio.sleep(0)  # all of them in one round
        running = asyncio.create_task(gathering.run())
        async with asyncio.timeout(5):
            assert await asyncio.gather(*reports) == [True] * FLOOD
        running.cancel()
    await eventually(lambda: _is(_counts(connection, claim), {"delivered": FLOOD}))


async def test_what_is_kept_says_as_much_as_what_is_recorded_at_once(connection: Connection) -> None:
    """Whether it came in a flood or alone: the same in the ledger, to the last column."""
    claim = await _claimed(connection, people=4)
    await _settle(connection, claim)

    def said(first: int) -> list[Result]:
        bounced = Result(first + 1, 0, State.BOUNCED, code=30003, reason="unreachable", provider_id=OTHER)
        return [Result(first, 0, State.DELIVERED, at=claim.released_at), bounced]

    async with connection.transaction():
        await callbacks.keep(connection, claim.ref.message, said(1))
        assert await callbacks.merge(connection, source="/roeland/test") == 2
        await callbacks.record(connection, claim.ref.message, said(3), source="/roeland/test")
    rows = await connection.execute(
        "SELECT state, code, reason, provider_id, accepted_at = %s FROM delivery ORDER BY sequence",
        (claim.released_at,),
    )
    one, two, *recorded = await rows.fetchall()
    assert [one, two] == recorded
    assert one == (int(State.DELIVERED), None, None, SID, True)
    assert two == (int(State.BOUNCED), 30003, "unreachable", OTHER, False)


async def test_a_row_that_another_merges_is_left_to_it(connection: Connection, database_url: str) -> None:
    """Of one batch too: nobody waits for whoever holds a row of it."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    async with connection.transaction():
        await callbacks.keep(connection, claim.ref.message, [Result(n, 0, State.DELIVERED) for n in (1, 2, 3)])
    async with await connect(database_url) as other, other.transaction():
        await other.execute("SELECT FROM callback WHERE sequence = 2 FOR UPDATE")
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            assert await callbacks.merge(connection, source="/roeland/test") == 2
    assert await callbacks.merge(connection, source="/roeland/test") == 1
    assert await _counts(connection, claim) == {"delivered": 3}


async def test_what_cannot_be_recorded_is_asked_for_again_and_ends_nothing(door: Door, connection: Connection) -> None:
    """A mistake of ours, or a database that is being mended: a provider that hears no 5xx never calls again."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    async with connection.transaction():
        await callbacks.keep(connection, claim.ref.message, [Result(2, 0, State.DELIVERED)])
        await connection.execute("ALTER TABLE attempt RENAME TO mended")
    assert await _call(door, claim, "delivered") == 500
    await asyncio.sleep(1.2)  # a merge fails too
    await connection.execute("ALTER TABLE mended RENAME TO attempt")
    assert await _call(door, claim, "delivered") == 204
    await eventually(lambda: _is(_counts(connection, claim), {"delivered": 2, "accepted": 1}))


async def test_the_reason_of_a_failure_is_kept_whatever_its_number(door: Door, connection: Connection) -> None:
    """A code that the column cannot hold, or that is none, must not cost us the report."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    for sequence, code in ((1, "30003"), (2, "63038"), (3, "9" * 40)):
        assert await _call(door, claim, "failed", sequence, ErrorCode=code) == 204
    rows = await (await connection.execute("SELECT code, reason FROM delivery ORDER BY sequence")).fetchall()
    assert rows == [(30003, "unreachable"), (None, "daily-limit"), (None, None)]


async def test_forged_callbacks_change_nothing(door: Door, connection: Connection) -> None:
    """Unsigned, signed with another token, for another address, altered on the way, for a delivery of one's own."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    name = DeliveryName(claim.ref.message, 1)
    url, form = _url(door, name), _form("delivered")
    good = _signature(url, form)
    other = _url(door, DeliveryName(claim.ref.message, 2))
    assert await _post(door, url, form, None) == 403
    assert await _post(door, url, form, "") == 403
    assert await _post(door, url, form, _signature(url, form, token="guessed")) == 403
    assert await _post(door, url, {**form, "MessageStatus": "failed"}, good) == 403
    assert await _post(door, other, form, good) == 403
    assert await _post(door, url.replace(PUBLIC_URL, door.url), form, _signature(door.url, form)) == 403
    made_up = url.replace(f"d={name}", f"d={claim.ref.message}.2")
    assert await _post(door, made_up, form, _signature(made_up, form)) == 404
    nowhere = url.partition("?")[0]
    assert await _post(door, nowhere, form, _signature(nowhere, form)) == 404
    assert await _counts(connection, claim) == {"accepted": 3}
    assert await _post(door, url, form, good) == 204
    assert await _counts(connection, claim) == {"accepted": 2, "delivered": 1}


async def test_too_much_or_something_else_is_sent_away(door: Door) -> None:
    """Nobody fills our memory, and no other format is read."""
    async with door.http.post(f"{door.url}/twilio/status", data={"Body": "x" * 40_000}) as answer:
        assert (answer.status, await answer.read()) == (413, b"Request Entity Too Large\n")
    async with door.http.post(f"{door.url}/twilio/status", json={"MessageStatus": "delivered"}) as answer:
        assert answer.status == 415


@pytest.mark.parametrize(("charset", "body"), [("utf-8", b"Body=\xff\xfe"), ("no-such", b"Body=x")])
async def test_what_is_no_text_is_sent_away_without_a_word_in_the_log(door: Door, charset: str, body: bytes) -> None:
    """Anybody on the internet can send it: a traceback for each would fill the disk."""
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    with capture_logs() as logs:
        async with door.http.post(f"{door.url}/twilio/status", data=body, headers=headers) as answer:
            assert answer.status == 400
    assert not logs


@pytest.mark.parametrize("name", [f"{10**30}.1", f"1.{10**12}", "1", "x.y", "-1.-1", "1.1 "])
async def test_a_name_that_no_ledger_can_hold_is_no_delivery(door: Door, name: str) -> None:
    """Not even with our own key does it reach a query."""
    assert named({"d": name, "t": door.keys.token(name, PURPOSE)}, door.keys) is None


async def test_while_postgresql_is_away_twilio_is_asked_to_call_again(door: Door, connection: Connection) -> None:
    """At once, and it is taken when it comes again."""
    claim = await _claimed(connection)
    await _settle(connection, claim)
    door.service.health.down("postgres", "does not answer")
    async with asyncio.timeout(1):
        assert await _call(door, claim, "delivered") == 503
    door.service.health.up("postgres")
    assert await _call(door, claim, "delivered") == 204


async def _claimed(connection: Connection, *, people: int = 3) -> Claim:
    """A message to three, or so many, claimed and under way."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    await add_people(connection, [Person(f"P{n}", ["governors"], mobile=f"+324700000{n:02}") for n in range(people)])
    message = await submit(connection, user, channels=["sms"])
    await release(connection, message, user)
    async with connection.transaction():
        epoch = await workers.begin(connection, "sms")
        claim = await ledger.claim(connection, epoch=epoch, channel="sms", lanes=["urgent"])
    assert claim
    return claim


async def _settle(connection: Connection, claim: Claim) -> None:
    row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    assert row
    results = [
        Result(d.sequence, d.attempt, State.ACCEPTED, handed_over=True, at=row[0], provider_id=SID)
        for d in claim.deliveries
    ]
    async with connection.transaction():
        await ledger.settle(connection, claim, results, finished=True, source="/roeland/test")


async def _counts(connection: Connection, claim: Claim) -> dict[str, int]:
    return await counted(connection, claim.ref.message)


async def _call(door: Door, claim: Claim, status: str, sequence: int = 1, **more: str) -> int:
    """A callback as Twilio makes it."""
    url, form = _url(door, DeliveryName(claim.ref.message, sequence)), _form(status) | more
    return await _post(door, url, form, _signature(url, form))


async def _post(door: Door, url: str, form: dict[str, str], signature: str | None) -> int:
    """Through a proxy, which makes our own address of the public one."""
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    async with door.http.post(url.replace(PUBLIC_URL, door.url), data=form, headers=headers) as answer:
        return answer.status


def _url(door: Door, name: DeliveryName) -> str:
    """What Twilio requests: fragments stay behind."""
    return callback_url(PUBLIC_URL, door.keys, name).partition("#")[0]


def _form(status: str) -> dict[str, str]:
    return {"MessageSid": SID, "MessageStatus": status, "To": "+32470000000", "ApiVersion": "2010-04-01"}


def _signature(url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(url, form))


async def _is(found: Any, wanted: Any) -> bool:
    return bool(await found == wanted)
