"""Nobody is forgotten: what does not arrive by SMS goes by mail, and who does not confirm is found another way."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from services.dispatch.silence import KEY, Silence
from services.domain.states import State
from services.editorial import telling
from services.editorial.service import TELLS
from services.runtime import timers
from services.runtime.call_links import Caller, caller_of
from services.runtime.postgres import DatabaseSettings, open_pool
from services.runtime.sms_prices import SpendingSettings
from services.store import alarms, calls, duty, messages
from services.store.escalations import of
from services.store.secret_keys import signing_keys
from services.store.status import status_of
from tests.editorial.escalating import MINUTES, Crisis, crisis
from tests.store.world import SOURCE, Person, add_user, now, submit

pytestmark = pytest.mark.stack


@pytest.fixture
async def told(database_url: str) -> AsyncIterator[Crisis]:
    """An and Bo have both; Cas and Dee share a number and have mail of their own; Eve has mail alone."""
    people = [
        Person("An", ["governors"], "an@gent.example", "+32470000001"),
        Person("Bo", ["governors"], "bo@gent.example", "+32470000002"),
        Person("Cas", ["governors"], "cas@gent.example", "+32470000003"),
        Person("Dee", ["governors"], "dee@gent.example", "+32470000003"),
        Person("Eve", ["governors"], "eve@gent.example"),
    ]
    others = [
        Person("Xia", [], None, None),
        Person("Yan", [], "yan@gent.example", "+32470000008"),
        Person("Zoë", [], "zoe@gent.example"),
    ]
    async with crisis(database_url, people, others) as made:
        yield made


async def test_a_number_that_is_no_use_is_followed_by_a_mail_to_all_behind_it_once(told: Crisis) -> None:
    """A landline shared by two: both get a mail, with the reason on the record; who was reached gets none."""
    message = await told.told(confirm=False)
    claim = await told.claim()
    assert claim
    await told.settle(claim, State.ACCEPTED, State.ACCEPTED, State.FAILED, reason="landline")
    for _ in range(2):
        await told.fall_back()
    assert await told.added(message) == [
        ("fallback", "Cas", "Cas", "mail", "landline"),
        ("fallback", "Dee", "Dee", "mail", "landline"),
        ("fallback", "Eve", "Eve", "mail", "no-address"),
    ]
    await told.send_all("mail")
    mails = [(name, origin, state) for name, channel, origin, state in await told.copies(message) if channel == "mail"]
    assert mails == [(name, "fallback", "accepted") for name in ("Cas", "Dee", "Eve")]
    status = await status_of(told.connection, message)
    assert (status.recipients, status.state, status.channels["mail"]) == (5, "done", {"accepted": 3})


async def test_no_step_is_taken_while_copies_are_still_going_out(told: Crisis) -> None:
    """At ten SMS a second the last of thousands is told after the deadline: their deputies must not hear it first."""
    message = await told.told()
    claim = await told.claim()
    assert claim
    await told.settle(claim, State.ACCEPTED, State.PLANNED)
    assert {step.waits for step in await of(told.connection, message.number)} == {None}
    minutes = "UPDATE message SET released_at = released_at - make_interval(mins => %s)"
    await told.sql(minutes, MINUTES)
    await told.escalate(MINUTES)
    steps = await of(told.connection, message.number)
    assert [(step.taken_at, step.waits) for step in steps] == [(None, "going-out"), (None, None), (None, None)]
    await told.send_all()
    await told.escalate(MINUTES)
    first = (await of(told.connection, message.number))[0]
    assert (first.taken_at is not None, first.waits) == (True, None)


async def test_steps_do_not_wait_for_a_provider_that_takes_nothing(told: Crisis) -> None:
    """An hour without SMS is when a deputy and the telephone are needed."""
    message = await told.told()
    claim = await told.claim()
    assert claim
    await told.settle(claim, State.ACCEPTED, State.PLANNED)
    await told.sql("UPDATE batch SET last_accepted_at = last_accepted_at - interval '1 minute' RETURNING 1")
    await told.escalate(MINUTES)
    assert (await of(told.connection, message.number))[0].taken_at is not None


async def test_a_failure_that_is_reported_later_falls_back_too(told: Crisis) -> None:
    """Carriers say after minutes that a phone does not exist."""
    message = await told.told(confirm=False)
    await told.send_all()
    await told.fall_back()
    from services.store import ledger
    from services.store.ledger import Result

    for _ in range(2):
        bounced = Result(1, 1, State.BOUNCED, reason="unreachable")
        await ledger.report(told.connection, message.number, [bounced], source=SOURCE)
        await told.fall_back()
    assert [each for each in await told.added(message) if each[4] != "no-address"] == [
        ("fallback", "An", "An", "mail", "unreachable")
    ]


async def test_what_is_tried_again_or_has_a_mail_already_falls_back_to_nothing(told: Crisis) -> None:
    """A message by both: the mail is in the plan. And `gave-up` is no word for a number of no use."""
    both = await told.told(("mail", "sms"), confirm=False)
    await told.send_all("sms", State.FAILED, reason="landline")
    await told.fall_back()
    assert await told.added(both) == []
    only = await told.told(confirm=False)
    await told.send_all("sms", State.FAILED, reason="some-other-word")
    await told.fall_back()
    assert {reason for *_, reason in await told.added(only)} == {"no-address"}


@pytest.mark.parametrize("ending", ["stop", "all-clear", "correction", "expired"])
async def test_nothing_is_added_once_it_is_over(told: Crisis, ending: str) -> None:
    """Nobody is alarmed by a mail about what is stopped, past, put right or too late."""
    message = await told.told()
    await told.send_all("sms", State.FAILED, reason="landline")
    await over(told, message, ending)
    await told.fall_back()
    await told.escalate(MINUTES + 60)
    assert (await told.added(message), {step.taken_at for step in await of(told.connection, message.number)}) == (
        [], {None}
    )  # fmt: skip


async def over(told: Crisis, message: messages.Message, how: str) -> None:
    """It ends in this way."""
    if how == "stop":
        async with told.connection.transaction():
            await messages.stop(told.connection, message, source=SOURCE, how="stopped")
    elif how == "expired":
        await told.sql("UPDATE message SET expires_at = now() WHERE number = %s", message.number)
    else:
        later = await submit(told.connection, told.user, kind=how,
                             corrects=message.number if how == "correction" else None)  # fmt: skip
        await messages.set_released(told.connection, later.number, told.user)


async def test_while_no_sms_is_taken_everybody_gets_a_mail_and_one_alarm_rings(told: Crisis) -> None:
    """Both providers are away: 60 s later the mails are out, once; the SMS go by themselves when one is back."""
    message = await told.told(confirm=False)
    clock = iter([0.0, 59.0, 61.0, 62.0, 63.0])
    silence = Silence(told.pool, SOURCE, 60, clock=lambda: next(clock))
    await silence.look()
    await silence.look()
    assert await told.added(message) == []
    for _ in range(2):
        await silence.look()
    assert [(who, why) for _, who, _, _, why in await told.added(message)] == [
        (name, "no-provider") for name in ("An", "Bo", "Cas", "Dee")
    ]
    assert [each.kind for each in await alarms.rung(told.connection)] == [KEY[0]]
    await told.send_all()
    await silence.look()
    assert await alarms.rung(told.connection) == []
    assert (await status_of(told.connection, message)).channels["sms"] == {"accepted": 4, "suppressed": 1}


TAKEN, LATER = State.ACCEPTED, State.DEFERRED


@pytest.mark.parametrize(
    ("states", "waiting", "rings"),
    [
        ([TAKEN, TAKEN, LATER], ["Cas", "Dee"], False),
        ([LATER, LATER, TAKEN], ["An", "Bo"], False),
        ([LATER, LATER, LATER], ["An", "Bo", "Cas", "Dee"], True),
    ],
    ids=["one", "a few", "all"],
)
async def test_an_sms_that_is_put_off_at_a_quiet_time_is_no_silence_of_all(
    told: Crisis, states: list[State], waiting: list[str], rings: bool
) -> None:
    """One carrier's queue is full: who waits has a mail, and nobody is called; when most wait it is the provider."""
    message = await told.told(confirm=False)
    claim = await told.claim()
    assert claim
    await told.settle(claim, *states, reason="queue-full")
    await told.sql("UPDATE batch SET last_accepted_at = last_accepted_at - interval '2 minutes'")
    clock = [0.0]
    silence = Silence(told.pool, SOURCE, 60, clock=lambda: clock[0])
    for clock[0] in (0.0, 61.0):
        await silence.look()
    assert [who for _, who, _, _, why in await told.added(message) if why == "no-provider"] == waiting
    assert bool(await alarms.rung(told.connection)) == rings
    await told.sql(
        f"UPDATE delivery SET state = {State.DEFERRED:d}, reason = 'queue-full' WHERE message = {message.number}"
    )
    await told.sql("UPDATE batch SET accepted = 0, deferred = 4 WHERE channel = 'sms'")
    for clock[0] in (62.0, 123.0):
        await silence.look()
    assert await alarms.rung(told.connection), "then it became the provider, and that rings"


async def test_a_message_that_cannot_fall_back_ends_neither_dispatch_nor_the_mails_of_another(told: Crisis) -> None:
    """What nobody foresaw about one message must not be why nobody is told of the next; it is tried again."""
    first, second = await told.told(confirm=False), await told.told(confirm=False)
    await told.sql(f"ALTER TABLE addition ADD CONSTRAINT broken CHECK (message <> {first.number})")
    clock = [0.0]
    silence = Silence(told.pool, SOURCE, 60, clock=lambda: clock[0])
    for clock[0] in (0.0, 61.0):
        await silence.look()
    assert (len(await told.added(first)), len(await told.added(second))) == (0, 4)
    await told.sql("ALTER TABLE addition DROP CONSTRAINT broken")
    for clock[0] in (62.0, 77.0):
        await silence.look()
    assert len(await told.added(first)) == 4


async def test_steps_follow_each_other_and_each_is_taken_once(told: Crisis) -> None:
    """An confirms: for the others a mail, then deputies, then a list of calls; nothing is done twice."""
    an, bo, cas, dee, _ = told.people
    xia, yan, zoe = told.others
    message = await told.told()
    await told.send_all()
    await told.confirm(message, an)
    await told.deputise(bo, xia, yan, zoe)
    await told.deputise(cas, yan)
    await told.deputise(dee, zoe)
    await told.escalate(MINUTES - 1)
    assert {step.taken_at for step in await of(told.connection, message.number)} == {None}
    for _ in range(2):
        await told.escalate(1)
    assert [(origin, who) for origin, who, *_ in await told.added(message) if origin == "second-channel"] == [
        ("second-channel", name) for name in ("Bo", "Cas", "Dee", "Eve")
    ]
    await told.send_all("mail")
    await told.escalate(10)
    deputies = [each[1:4] for each in await told.added(message) if each[0] == "deputy"]
    assert deputies == [
        ("Bo", "Yan", "mail"), ("Bo", "Yan", "sms"), ("Cas", "Yan", "mail"), ("Cas", "Yan", "sms"),
        ("Dee", "Zoë", "mail"),
    ]  # fmt: skip
    assert await told.sql("SELECT recipients FROM message WHERE number = %s", message.number) == [(7,)]
    await told.confirm(message, yan)
    await told.escalate(10)
    assert [each.name for each in await calls.of(told.connection, message.number)] == ["Dee", "Eve"]
    steps = await of(told.connection, message.number)
    assert [(step.step, step.act, step.contacts) for step in steps] == [
        (1, "second-channel", 4), (2, "deputy", 4), (3, "telephone", 2)
    ]  # fmt: skip


async def test_a_second_channel_never_costs_more_than_the_centre_allows_itself(
    told: Crisis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody approved these SMS: above a cap none goes, the record says why, and the steps that follow find people."""
    monkeypatch.setenv("ROELAND_SMS_MOST_PER_MESSAGE", "0.15")
    told.desk = replace(told.desk, spending=SpendingSettings())
    message = await told.told(["mail"])
    await told.send_all("mail")
    await told.escalate(MINUTES)
    assert await told.added(message) == []
    acts = await told.sql("SELECT action FROM audit WHERE action LIKE 'message.escal%%' ORDER BY id")
    assert acts == [("message.escalation-too-dear",), ("message.escalated",)]
    await told.escalate(60)
    assert len(await calls.of(told.connection, message.number)) == 5


async def test_deputies_get_no_sms_above_a_cap_and_their_mail_all_the_same(
    told: Crisis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody approved what these cost; the record says why a deputy was told in one way alone."""
    monkeypatch.setenv("ROELAND_SMS_MOST_PER_MESSAGE", "0.15")
    told.desk = replace(told.desk, spending=SpendingSettings())
    message = await told.told()
    await told.send_all()
    await told.deputise(told.people[1], told.others[1])
    await told.escalate(MINUTES)
    await told.send_all("mail")
    await told.escalate(10)
    assert [each[1:4] for each in await told.added(message) if each[0] == "deputy"] == [("Bo", "Yan", "mail")]
    acts = await told.sql("SELECT action FROM audit WHERE action LIKE 'message.escalation-%%'")
    assert acts == [("message.escalation-too-dear",)]


async def test_whoever_is_still_to_be_told_is_not_told_earlier_by_an_escalation(told: Crisis) -> None:
    """A release in an order: a fall-back keeps the step of its SMS, and nobody who waits for theirs is called."""
    message = await told.told()
    await told.sql(
        "UPDATE delivery SET step = 1 WHERE message = %s AND contact = %s", message.number, told.people[4].id
    )
    await told.fall_back()
    assert await told.sql(
        "SELECT d.step, b.step FROM batch b JOIN delivery d ON d.message = b.message AND d.sequence = b.first_sequence"
        " WHERE b.message = %s AND b.origin = 'fallback'", message.number,
    ) == [(1, 1)]  # fmt: skip
    await told.escalate(MINUTES + 60)
    assert [each.name for each in await calls.of(told.connection, message.number)] == ["An", "Bo", "Cas", "Dee"]


async def test_everyone_on_duty_is_told_with_a_link_of_their_own(told: Crisis, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known afterwards who called; who is not on duty gets no link, who confirmed meanwhile is not counted."""
    monkeypatch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example.be")
    on_duty = [await add_user(told.connection, f"{name}@ccvo.example", "approver") for name in ("wim", "ria")]
    await duty.set_shift(told.connection, on_duty, from_at=now(), until_at=None, by=None)
    message = await told.told()
    await told.escalate(MINUTES + 60)
    await told.confirm(message, told.people[0])
    await timers.fire_due(told.pool, telling.KIND, telling.telling(told.desk, TELLS))
    mails = await told.sql(
        "SELECT v.subject, v.text FROM message m JOIN variant v ON v.message = m.number AND v.channel = 'mail'"
        " WHERE m.kind = 'notice' ORDER BY m.number"
    )
    assert {subject for subject, _ in mails} == {"Bel 4 mensen: Voor governors"}
    keys = await signing_keys(told.connection)
    links = [re.search(r"https://crisis\.example\.be/calls/(\S+)", text) for _, text in mails]
    assert [caller_of(link[1], keys) for link in links if link] == [Caller(message.number, user) for user in on_duty]


async def test_two_editorials_take_each_step_once(told: Crisis) -> None:
    """During a rolling update two run: both look at every step, at the same time, again and again."""
    bo, cas = told.people[1], told.people[2]
    message = await told.told()
    await told.send_all()
    await told.deputise(bo, *told.others)
    await told.deputise(cas, told.others[1])
    async with open_pool(DatabaseSettings(database_url=SecretStr(told.url))) as pool:
        both = [told.desk, replace(told.desk, pool=pool)]
        for minutes in (MINUTES, 10, 10):
            await told.due(minutes)
            for _ in range(3):
                await asyncio.gather(*(told.fire(desk) for desk in both for _ in range(2)))
                await told.sql("UPDATE timer SET fired_at = NULL WHERE kind = 'escalate' AND due <= now()")
    steps = await of(told.connection, message.number)
    assert [(step.act, step.contacts) for step in steps] == [("second-channel", 5), ("deputy", 5), ("telephone", 5)]
    copies = [(name, channel) for name, channel, *_ in await told.copies(message)]
    assert len(copies) == len(set(copies)), copies
    acts = await told.sql("SELECT count(*) FROM audit WHERE action = 'message.escalated'")
    asked = await told.sql("SELECT count(*) FROM timer WHERE kind = %s AND subject LIKE %s", telling.KIND, "calls%")
    assert (acts, asked) == ([(3,)], [(1,)])


async def test_a_deputy_gets_no_second_sms_with_the_very_words_of_the_first(told: Crisis) -> None:
    """Where for whom they stand in has no room, it would tell them nothing: by mail they hear it, else somebody calls.

    Two deputies behind one number get one SMS between them; both are on the record.
    """
    an, bo, cas, dee, _ = told.people
    _, yan, zoe = told.others
    message = await told.told()
    await told.sql("UPDATE variant SET text = repeat('a', 459) WHERE message = %s AND channel = 'sms'", message.number)
    await told.sql("INSERT INTO address (contact, channel, value) VALUES (%s, 'sms', '+32470000008')", zoe.id)
    await told.send_all()
    for absent, deputy in ((an, bo), (cas, yan), (dee, zoe)):
        await told.deputise(absent, deputy)
    await told.sql("DELETE FROM timer WHERE subject LIKE '%%second-channel'")
    await told.escalate(MINUTES + 10)
    sms = [(origin, name, state) for name, channel, origin, state in await told.copies(message) if channel == "sms"]
    deputies = [name for origin, name, _ in sms if origin == "deputy"]
    assert deputies == ["Yan", "Zoë"]
    sent = await told.sql(
        "SELECT count(*) FROM delivery d JOIN batch b ON b.message = d.message"
        " AND d.sequence BETWEEN b.first_sequence AND b.last_sequence WHERE b.origin = 'deputy' AND b.channel = 'sms'"
    )
    assert sent == [(1,)]
    stands_in = [
        (who, whom, channel) for origin, who, whom, channel, _ in await told.added(message) if origin == "deputy"
    ]
    assert stands_in == [
        ("An", "Bo", "mail"), ("Cas", "Yan", "mail"), ("Cas", "Yan", "sms"), ("Dee", "Zoë", "mail"),
        ("Dee", "Zoë", "sms"),
    ]  # fmt: skip
