"""Replies by SMS, signed as Twilio signs them, up to the record: which message they answer, and what they do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships hints, but no py.typed

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import alarms, contacts, opt_outs, replies
from tests.public.asking import ask, confirmed
from tests.public.conftest import AUTH_TOKEN, PUBLIC_URL, Door
from tests.store.world import Person, add_people, add_user

pytestmark = pytest.mark.stack

AN, DESK, NOBODY = "+32470000001", "+32470000002", "+32479999999"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?>\n<Response/>\n'


@dataclass
class World:
    """An has a number alone; Bo and Cas have one together."""

    door: Door
    connection: Connection
    user: int
    count: int = 0

    async def say(self, text: str, number: str = AN, **more: str) -> int:
        """A reply as Twilio hands it over."""
        self.count += 1
        form = {"MessageSid": f"SM{self.count:032x}", "From": number, "To": "+32460000000", "Body": text} | more
        return await self.post(form)

    async def post(self, form: dict[str, str], signature: str | None = None) -> int:
        signed = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC_URL}/twilio/inbound", form)
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        async with self.door.http.post(f"{self.door.url}/twilio/inbound", data=form, headers=headers) as answer:
            if answer.status == 200:
                assert answer.content_type == "text/xml"
                assert await answer.text() == EMPTY
            return answer.status

    async def kept(self) -> list[tuple[int | None, str, str]]:
        rows = await self.connection.execute("SELECT message, kind, text FROM reply ORDER BY id")
        return await rows.fetchall()


@pytest.fixture
async def world(door: Door, connection: Connection) -> AsyncIterator[World]:
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    people = [
        Person("An", ["governors"], mail="an@x.example", mobile=AN),
        Person("Bo", ["governors"], mobile=DESK),
        Person("Cas", ["governors"], mobile=DESK),
    ]
    await add_people(connection, people)
    yield World(door, connection, user)


async def test_a_yes_confirms_and_a_shared_number_confirms_for_all(world: World) -> None:
    """They have one telephone between them."""
    message = await ask(world.connection, world.user)
    with capture_logs() as logs:
        assert await world.say("Oké, bedankt") == 200
        assert await world.say("ja", DESK) == 200
    assert await confirmed(world.connection, message) == [("An", "reply"), ("Bo", "reply"), ("Cas", "reply")]
    assert not [each for each in logs if AN in str(each) or "bedankt" in str(each)]


async def test_a_reply_may_come_before_our_own_record_of_the_sms(world: World) -> None:
    """A worker still holds it: the telephone was faster than our commit."""
    message = await ask(world.connection, world.user, state=State.CLAIMED)
    await world.say("OK")
    assert await confirmed(world.connection, message) == [("An", "reply")]


async def test_an_sms_that_was_never_handed_over_is_not_what_they_answer(world: World) -> None:
    """What they hold in their hand is the one before."""
    first = await ask(world.connection, world.user, ago=timedelta(hours=2))
    await ask(world.connection, world.user, state=State.PLANNED)
    await world.say("OK")
    assert await confirmed(world.connection, first) == [("An", "reply")]


async def test_a_replay_is_one_reply(world: World) -> None:
    """Twilio calls again when our answer was lost, ten at once."""
    message = await ask(world.connection, world.user)
    form = {"MessageSid": f"SM{1:032x}", "From": AN, "Body": "OK"}
    assert set(await asyncio.gather(*(world.post(form) for _ in range(10)))) == {200}
    assert await world.kept() == [(message.number, "confirmation", "OK")]


async def test_of_two_that_ask_the_second_yes_is_for_the_other(world: World) -> None:
    """The latest first; when that is confirmed, the one before."""
    first = await ask(world.connection, world.user, ago=timedelta(hours=1))
    second = await ask(world.connection, world.user)
    await world.say("OK")
    assert (await confirmed(world.connection, first), await confirmed(world.connection, second)) == (
        [],
        [("An", "reply")],
    )
    await world.say("OK")
    assert await confirmed(world.connection, first) == [("An", "reply")]


async def test_what_asks_goes_before_what_only_tells(world: World) -> None:
    """An update that asks nothing came in between."""
    asking = await ask(world.connection, world.user, ago=timedelta(hours=3))
    telling = await ask(world.connection, world.user, asks=False)
    await world.say("OK")
    assert await confirmed(world.connection, asking) == [("An", "reply")]
    await world.say("wie belt de brandweer?")
    assert (await world.kept())[-1] == (telling.number, "other", "wie belt de brandweer?")


@pytest.mark.parametrize(("days", "kept"), [(29, True), (31, False)])
async def test_a_reply_to_last_weeks_message_is_kept_with_that_one(world: World, days: int, kept: bool) -> None:
    """After thirty days it is a number like any other."""
    message = await ask(world.connection, world.user, ago=timedelta(days=days))
    await world.say("OK")
    assert await world.kept() == [(message.number if kept else None, "confirmation", "OK")]
    assert await confirmed(world.connection, message) == ([("An", "reply")] if kept else [])


async def test_what_is_no_yes_is_kept_with_the_message_and_confirms_nothing(world: World) -> None:
    """A person reads it."""
    message = await ask(world.connection, world.user)
    await world.say("ja maar ik ben in verlof")
    assert await confirmed(world.connection, message) == []
    (reply,) = await replies.of_message(world.connection, message.number)
    assert (reply.number, reply.names, reply.kind, reply.text) == (AN, ["An"], "other", "ja maar ik ben in verlof")


async def test_an_unknown_number_is_kept_apart(world: World) -> None:
    """It is no recipient of anything."""
    await ask(world.connection, world.user)
    await world.say("OK", NOBODY)
    assert await world.kept() == [(None, "confirmation", "OK")]
    assert [each.number for each in await replies.unmatched(world.connection)] == [NOBODY]


async def test_stop_suppresses_the_next_sms_and_start_lifts_it(world: World) -> None:
    """No more SMS to that number, for whoever has it; mail goes on."""
    await ask(world.connection, world.user)
    await world.say("STOP", DESK)
    await world.say("stop", DESK)
    stopped = await ask(world.connection, world.user, state=State.PLANNED)
    assert await _sms(world.connection, stopped.number) == [(None, 1), ("opted-out", 2)]
    rung = [each for each in await alarms.rung(world.connection) if each.kind == opt_outs.OPTED_OUT]
    assert [each.detail for each in rung] == [{"numbers": 1}]
    await world.say("START", DESK)
    again = await ask(world.connection, world.user, state=State.PLANNED)
    assert await _sms(world.connection, again.number) == [(None, 3)]


async def test_a_flood_of_stops_is_one_alarm_until_somebody_looked(world: World) -> None:
    """With the count."""
    for number in range(12):
        await world.say("STOP", f"+3247100{number:04}")
    rung = [each for each in await alarms.rung(world.connection) if each.kind == opt_outs.OPTED_OUT]
    assert [each.detail for each in rung] == [{"numbers": 12}]
    await opt_outs.seen(world.connection)
    assert not [each for each in await alarms.rung(world.connection) if each.kind == opt_outs.OPTED_OUT]


async def test_what_twilio_itself_took_for_a_stop_is_one(world: World) -> None:
    """With its own opt-out management it blocks the number, whatever the words were."""
    await world.say("Basta", OptOutType="STOP")
    assert await opt_outs.among(world.connection, [AN]) == {AN}


async def test_a_removed_contact_is_forgotten_in_what_it_answered(world: World) -> None:
    """The words stay with the message; the number goes, unless somebody else has it still."""
    await ask(world.connection, world.user)
    await world.say("hallo")
    await world.say("hallo", DESK)
    rows = await (await world.connection.execute("SELECT external_id, name FROM contact")).fetchall()
    ids = {name: external_id for external_id, name in rows}
    async with world.connection.transaction():
        await contacts.remove_contacts(world.connection, [ids["An"], ids["Bo"]])
    numbers = await world.connection.execute("SELECT number FROM reply ORDER BY id")
    assert await numbers.fetchall() == [(None,), (DESK,)]
    async with world.connection.transaction():
        await contacts.remove_contacts(world.connection, [ids["Cas"]])
    numbers = await world.connection.execute("SELECT number FROM reply ORDER BY id")
    assert await numbers.fetchall() == [(None,), (None,)]


async def test_forged_and_truncated_replies_change_nothing(world: World) -> None:
    """Unsigned, signed otherwise, altered on the way, cut short, no form, no text."""
    message = await ask(world.connection, world.user)
    form = {"MessageSid": f"SM{1:032x}", "From": AN, "Body": "OK"}
    good = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC_URL}/twilio/inbound", form)
    assert await world.post(form, "") == 403
    assert await world.post(form, RequestValidator("guessed").compute_signature(PUBLIC_URL, form)) == 403
    assert await world.post({**form, "From": DESK}, good) == 403
    for lacking in ("MessageSid", "From"):
        assert await world.post({name: value for name, value in form.items() if name != lacking}) == 400
    for field, value in (("MessageSid", "SM1"), ("From", "x" * 5000), ("From", "")):
        assert await world.post({**form, field: value}) == 400
    url = f"{world.door.url}/twilio/inbound"
    async with world.door.http.post(url, json=form) as answer:
        assert answer.status == 415
    with capture_logs() as logs:
        for charset, body in (("utf-8", b"Body=\xff\xfe"), ("no-such", b"Body=x")):
            kind = f"application/x-www-form-urlencoded; charset={charset}"
            async with world.door.http.post(url, data=body, headers={"Content-Type": kind}) as answer:
                assert answer.status == 400
    assert not logs
    assert await world.kept() == []
    assert await confirmed(world.connection, message) == []


async def test_any_text_is_kept_and_none_is_an_error(world: World) -> None:
    """It comes from any telephone in the world."""
    await ask(world.connection, world.user)
    texts = ["", "\x00\x01", "x" * 5000, "👍" * 400, "' OR 1=1 --", "<script>"]
    assert [await world.say(text) for text in texts] == [200] * 6
    assert len(await world.kept()) == 6


async def test_while_postgresql_is_away_nothing_is_said_to_be_kept(world: World) -> None:
    """Twilio logs that, and calls a fallback address where there is one."""
    world.door.service.health.down("postgres", "does not answer")
    assert await world.say("OK") == 503
    world.door.service.health.up("postgres")
    assert await world.say("OK") == 200


async def _sms(connection: Connection, message: int) -> list[tuple[str | None, int]]:
    rows = await connection.execute(
        """SELECT d.reason, sum(d.contacts)::int FROM delivery d
           JOIN variant v ON v.message = d.message AND v.number = d.variant
           WHERE d.message = %s AND v.channel = 'sms' GROUP BY 1 ORDER BY 1 NULLS FIRST""",
        (message,),
    )
    return await rows.fetchall()
