"""What becomes of a delivery, whatever the relay does. Real SMTP conversations with a relay that misbehaves."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.domain.states import State
from services.fanout.retry import ENOUGH
from services.runtime.health import Health
from tests.mail.conftest import EVERY_WAY
from tests.mail.jobs import RELEASED, carrier, delivery, job, people
from tests.mail.relays import Relay, until

pytestmark = pytest.mark.usefixtures("way")


async def test_everyone_gets_a_mail_of_their_own(relay: Relay) -> None:
    """What arrives is what was meant: person, headers and text, as any mail program reads them."""
    work, reports = job([delivery(7, "an@gent.example", name="An Peeters")], released=RELEASED)
    await carrier(relay.url()).carry_out(work)
    (mail,) = relay.mails()
    assert mail["Return-Path"] == "<crisis@ccvo.example>"
    assert mail["Delivered-To"] == "an@gent.example"
    assert mail["From"] == "CCVO Crisiscentrum <crisis@ccvo.example>"
    assert mail["To"].addresses[0].display_name == "An Peeters"
    assert mail["To"].addresses[0].addr_spec == "an@gent.example"
    assert mail["Message-ID"] == "<0190b0a0000070008000" + "00000000c0de.7@ccvo.example>"
    assert mail["Date"].datetime == RELEASED
    assert mail["Subject"] == "Loonadministratie niet beschikbaar"
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == [
        "Dag An Peeters,",
        "de lonen van november worden later gestort.",
        ".",
    ]
    result = reports.of(7)
    assert (result.state, result.code, result.handed_over, result.in_doubt) == (State.ACCEPTED, 250, True, False)
    assert result.at is not None
    assert result.at.utcoffset() == timedelta(0)


@EVERY_WAY
async def test_every_delivery_is_sent_once_over_few_connections(relay: Relay) -> None:
    """Many mails share the connections that the settings allow."""
    work, reports = job(people(80))
    await carrier(relay.url()).carry_out(work)
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert relay.receivers() == sorted(f"p{number}@gemeente.example" for number in range(1, 81))
    assert len(relay.conversations) <= 4


async def test_connections_are_replaced_after_so_many_mails(relay: Relay) -> None:
    """Relays balance their load by connections; one that never ends defeats that."""
    work, reports = job(people(60))
    sending = carrier(relay.url(), smtp_mails_per_connection=10)
    await sending.carry_out(work)
    await sending.close()
    assert len(reports.states()) == len(relay.mails()) == 60
    assert len(relay.conversations) >= 6


@EVERY_WAY
@pytest.mark.parametrize(
    ("rule", "state", "handed_over"),
    [
        ({"at": "mail", "do": "reply", "code": 552}, State.FAILED, False),
        ({"at": "rcpt", "do": "reply", "code": 450}, State.DEFERRED, False),
        ({"at": "rcpt", "do": "reply", "code": 452}, State.DEFERRED, False),
        ({"at": "rcpt", "do": "reply", "code": 552}, State.DEFERRED, False),
        ({"at": "rcpt", "do": "reply", "code": 550}, State.BOUNCED, False),
        ({"at": "rcpt", "do": "reply", "code": 421}, State.DEFERRED, False),
        ({"at": "data", "do": "reply", "code": 451}, State.DEFERRED, False),
        ({"at": "data", "do": "reply", "code": 554}, State.FAILED, False),
        ({"at": "data", "do": "reply", "code": 421}, State.DEFERRED, False),
        ({"at": "after-body", "do": "reply", "code": 451}, State.DEFERRED, True),
        ({"at": "after-body", "do": "reply", "code": 421}, State.DEFERRED, True),
        ({"at": "after-body", "do": "reply", "code": 552}, State.FAILED, True),
        ({"at": "after-body", "do": "reply", "code": 554}, State.FAILED, True),
    ],
)
async def test_an_answer_counts_for_the_delivery_that_it_was_given_to(
    relay: Relay, rule: dict[str, Any], state: State, handed_over: bool
) -> None:
    """One refused recipient takes nobody with them: not those before, not those after, on the same connection."""
    relay.faults.put(rule | ({} if rule["at"] == "mail" else {"match": "^p5@"}) | {"count": 1})
    work, reports = job(people(9))
    await carrier(relay.url(), smtp_connections=1).carry_out(work)
    refused = 1 if rule["at"] == "mail" else 5
    assert reports.states() == {n: state if n == refused else State.ACCEPTED for n in range(1, 10)}
    assert (reports.of(refused).code, reports.of(refused).handed_over) == (rule["code"], handed_over)
    assert not reports.of(refused).in_doubt
    assert len(relay.mails()) == 8
    assert len(relay.conversations) == (2 if rule["code"] == 421 else 1)


async def test_greylisting_is_waited_out(relay: Relay) -> None:
    """450 at first, accepted when it comes again: the usual way of a careful relay with a stranger."""
    relay.faults.put([{"at": "rcpt", "do": "reply", "code": 450, "count": 1, "text": "4.7.1 greylisted"}])
    sending = carrier(relay.url())
    first, reports = job(people(1))
    await sending.carry_out(first)
    assert (reports.of(1).state, reports.of(1).reason) == (State.DEFERRED, "4.7.1 policy")
    again, reports = job([delivery(1, "p1@gemeente.example", attempt=2)])
    await sending.carry_out(again)
    assert reports.of(1).state is State.ACCEPTED


@pytest.mark.parametrize(("doubts", "state"), [(0, State.FAILED), (1, State.UNKNOWN)])
async def test_trying_again_ends_at_the_horizon(relay: Relay, doubts: int, state: State) -> None:
    """Everyone ends in a recorded state: failed, or unknown when an earlier copy may have arrived."""
    relay.faults.put({"at": "rcpt", "do": "reply", "code": 450})
    work, reports = job([delivery(1, "a@b.example", attempt=ENOUGH, tries=ENOUGH, doubts=doubts)], released=RELEASED)
    await carrier(relay.url(), horizon=timedelta(seconds=1)).carry_out(work)
    assert reports.of(1).state is state


async def test_claims_that_were_given_back_use_up_nobody_s_tries(relay: Relay) -> None:
    """The relay was away for hours, each claim came to nothing, and then it greylists: that is the first no."""
    relay.faults.put({"at": "rcpt", "do": "reply", "code": 450})
    work, reports = job([delivery(1, "a@b.example", attempt=ENOUGH + 5, tries=1)], released=RELEASED)
    await carrier(relay.url(), horizon=timedelta(seconds=1)).carry_out(work)
    assert reports.of(1).state is State.DEFERRED


@pytest.mark.parametrize("do", ["drop", "forget"])
@pytest.mark.parametrize("at", ["rcpt", "data"])
async def test_what_is_lost_before_the_body_is_not_in_doubt(relay: Relay, at: str, do: str) -> None:
    """The relay cannot have a mail that was never sent to it, so trying again is no second copy."""
    relay.faults.put({"at": at, "do": do, "match": "^p2@", "count": 1})
    work, reports = job(people(4))
    await carrier(relay.url()).carry_out(work)
    assert reports.states() == {1: State.ACCEPTED, 2: State.DEFERRED, 3: State.ACCEPTED, 4: State.ACCEPTED}
    assert (reports.of(2).handed_over, reports.of(2).in_doubt) == (False, False)


@EVERY_WAY
@pytest.mark.parametrize(
    ("at", "do"), [("body", "drop"), ("body", "forget"), ("after-body", "drop"), ("after-body", "forget")]
)
async def test_a_mail_without_an_answer_is_in_doubt(relay: Relay, at: str, do: str) -> None:
    """Whether the relay has it nobody can tell: neither lost nor called accepted, and marked as handed over."""
    relay.faults.put({"at": at, "do": do, "match": "^p2@", "count": 1})
    work, reports = job(people(4))
    await carrier(relay.url()).carry_out(work)
    doubtful = reports.of(2)
    assert (doubtful.state, doubtful.handed_over, doubtful.in_doubt) == (State.DEFERRED, True, True)
    assert [reports.of(n).state for n in (1, 3, 4)] == [State.ACCEPTED] * 3


async def test_a_second_copy_is_the_first_one_over_again(relay: Relay) -> None:
    """Accepted, and the answer forgotten: the copy that follows has the same Message-ID, so that readers see one."""
    relay.faults.put({"at": "after-body", "do": "forget", "count": 1})
    sending = carrier(relay.url())
    first, reports = job(people(1), released=RELEASED)
    await sending.carry_out(first)
    assert reports.of(1).in_doubt
    again, reports = job([delivery(1, "p1@gemeente.example", attempt=2, doubts=1)], released=RELEASED)
    await carrier(relay.url()).carry_out(again)
    assert (reports.of(1).state, reports.of(1).handed_over) == (State.ACCEPTED, True)
    one, two = relay.mails()
    assert one.as_bytes() == two.as_bytes()
    assert one["Message-ID"] == two["Message-ID"] != ""


@pytest.mark.parametrize("do", ["drop", "reply"])
async def test_a_relay_that_turns_us_away_at_once_fails_nobody(
    relay: Relay, do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a recipient is named, no delivery is to blame: all are given back, and nothing more is claimed."""
    monkeypatch.setattr("services.mail.brake.PATIENCE", 0.2)
    relay.faults.put([{"at": "mail", "do": do, "code": 421 if do == "reply" else None}])
    health = Health("relay")
    sending = carrier(relay.url(), health)
    await asyncio.wait_for(sending.available(), 5)
    work, reports = job(people(9))
    await sending.carry_out(work)
    assert set(reports.states().values()) == {State.PLANNED}
    assert health.is_down("relay")
    waiting = asyncio.create_task(sending.available())
    await asyncio.sleep(0.7)
    assert not waiting.done()
    relay.faults.put([])
    await asyncio.wait_for(waiting, 3)
    assert not health.is_down("relay")


async def test_a_relay_that_is_gone_for_a_while_costs_no_delivery(relay: Relay) -> None:
    """It refuses, everything is given back and waits; it comes back, and all goes on by itself."""
    relay.vanish()
    health = Health("relay")
    sending = carrier(relay.url(), health)
    work, reports = job(people(9))
    with capture_logs() as logs:
        await sending.carry_out(work)
        assert set(reports.states().values()) == {State.PLANNED}
        waiting = asyncio.create_task(sending.available())
        await asyncio.sleep(0.8)
        assert not waiting.done()
        await relay.listen()
        await asyncio.wait_for(waiting, 3)
    assert [line["why"] for line in logs if line["event"] == "relay_away"] == ["cannot be reached"]
    again, reports = job(people(9))
    await sending.carry_out(again)
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert not health.is_down("relay")


async def test_a_relay_that_goes_in_the_middle_loses_nobody(relay: Relay) -> None:
    """Every delivery has its report, and what was reported accepted is there."""
    work, reports = job(people(120))
    sending = asyncio.create_task(carrier(relay.url()).carry_out(work))
    await until(lambda: len(reports.results) >= 30)
    relay.vanish()
    await asyncio.wait_for(sending, 5)
    states = reports.states()
    assert len(states) == 120
    assert set(states.values()) <= {State.ACCEPTED, State.PLANNED, State.DEFERRED}
    kept = {int(name[1:].partition("@")[0]) for name in relay.receivers()}
    accepted = {number for number, state in states.items() if state is State.ACCEPTED}
    doubtful = {result.sequence for result in reports.results if result.in_doubt}
    assert accepted <= kept <= accepted | doubtful
    assert len(doubtful) <= 4


async def test_idle_connections_that_the_relay_dropped_cost_nothing(relay: Relay) -> None:
    """Relays close what is idle; the next message must not notice."""
    sending = carrier(relay.url())
    first, reports = job(people(8))
    await sending.carry_out(first)
    relay.hang_up()
    again, more = job(people(8, first=9))
    await sending.carry_out(again)
    assert {*reports.states().values(), *more.states().values()} == {State.ACCEPTED}


async def test_a_stale_connection_is_replaced_without_failing_a_delivery(relay: Relay) -> None:
    """The relay hangs up while the next mail is on its way to it."""
    sending = carrier(relay.url(), smtp_connections=1)
    first, reports = job(people(1))
    await sending.carry_out(first)
    relay.faults.put({"at": "mail", "do": "drop", "count": 1})
    again, reports = job(people(3))
    await sending.carry_out(again)
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert len(relay.conversations) == 2


async def test_a_relay_that_takes_fewer_connections_than_we_may_open_is_used_with_those(relay: Relay) -> None:
    """`421 too many connections` for the third is no reason to stop sending over the first two."""
    health = Health("relay")
    sending = carrier(relay.url(), health)
    await asyncio.wait_for(sending.available(), 5)
    relay.faults.put(
        [
            {"at": "after-body", "do": "delay", "delay_seconds": 0.05, "count": 4},
            {"at": "connect", "do": "reply", "code": 421},
        ]
    )
    work, reports = job(people(20))
    await sending.carry_out(work)
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert not health.is_down("relay")


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example\n", "a b@c.example", "a\0@b.c"]
)
async def test_an_address_cannot_smuggle_a_command(relay: Relay, address: str) -> None:
    """A line break in an address would address someone else; nothing of it is sent."""
    work, reports = job([delivery(1, address), *people(2, first=2)])
    await carrier(relay.url()).carry_out(work)
    assert (reports.of(1).state, reports.of(1).reason) == (State.FAILED, "bad-address")
    assert relay.receivers() == ["p2@gemeente.example", "p3@gemeente.example"]


async def test_an_erased_address_is_suppressed_or_unknown_after_a_doubt(relay: Relay) -> None:
    """Erased after the plan was made: recorded, and nothing sent. Nobody can tell whether an earlier copy arrived."""
    work, reports = job([delivery(1, None), delivery(2, None, doubts=1)])
    await carrier(relay.url()).carry_out(work)
    assert (reports.of(1).state, reports.of(1).reason) == (State.SUPPRESSED, "erased")
    assert (reports.of(2).state, reports.of(2).reason) == (State.UNKNOWN, "erased")
    assert relay.mails() == []


async def test_what_may_have_arrived_is_unknown_also_when_nothing_more_can_be_sent(relay: Relay) -> None:
    """In doubt, and then erased, or not to be made into a mail any more: it is no lie to say that nobody knows."""
    work, reports = job([delivery(1, None, doubts=1), delivery(2, "a@b.example", variant=2, doubts=1)])
    await carrier(relay.url()).carry_out(work)
    assert reports.states() == {1: State.UNKNOWN, 2: State.UNKNOWN}
    assert (reports.of(1).reason, reports.of(2).reason) == ("erased", "cannot-compose")
    assert relay.mails() == []


async def test_a_mail_that_cannot_be_made_fails_alone(relay: Relay) -> None:
    """A missing variant is a mistake of ours; it must not stop the worker for everyone else."""
    work, reports = job([delivery(1, "a@b.example", variant=2), *people(1, first=2)])
    await carrier(relay.url()).carry_out(work)
    assert reports.states() == {1: State.FAILED, 2: State.ACCEPTED}


async def test_after_a_stop_nothing_more_starts(relay: Relay) -> None:
    """`may_start` is asked before every delivery, and what is left is given back."""
    allowed = iter(range(20))
    work, reports = job(people(100), may_start=lambda: next(allowed, None) is not None)
    await carrier(relay.url()).carry_out(work)
    states = list(reports.states().values())
    assert len(relay.mails()) == states.count(State.ACCEPTED)
    assert 0 < states.count(State.ACCEPTED) <= 10
    assert states.count(State.PLANNED) == 100 - len(relay.mails())


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
async def test_a_stop_holds_back_the_body_of_a_slow_envelope(relay: Relay, at: str) -> None:
    """After a stop nothing goes out a second later, however long the relay took to answer what came before."""
    relay.faults.put({"at": at, "do": "delay", "delay_seconds": 0.3})
    stopped = asyncio.Event()
    work, reports = job(people(6), may_start=lambda: not stopped.is_set())
    asyncio.get_running_loop().call_later(0.1, stopped.set)
    await carrier(relay.url()).carry_out(work)
    assert relay.mails() == []
    assert set(reports.states().values()) == {State.PLANNED}


@EVERY_WAY
async def test_cancelling_tells_what_is_in_doubt_and_gives_the_rest_back(relay: Relay) -> None:
    """The service stops while the relay is slow to answer: what was handed over is in doubt, the rest is not."""
    relay.faults.put({"at": "after-body", "do": "forget"})
    work, reports = job(people(10))
    sending = asyncio.create_task(carrier(relay.url(), smtp_answer_seconds=30).carry_out(work))
    await until(lambda: len(relay.mails()) >= 4)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert sum(result.in_doubt for result in reports.results) == 4
    assert list(reports.states().values()).count(State.PLANNED) == 6
    await asyncio.sleep(0.05)
    assert relay.connected() == 0


async def test_cancelling_before_the_body_leaves_no_doubt(relay: Relay) -> None:
    """A mail that was only announced was not handed over."""
    relay.faults.put({"at": "data", "do": "forget"})
    work, reports = job(people(3))
    sending = asyncio.create_task(carrier(relay.url(), smtp_timeout_seconds=30).carry_out(work))
    await asyncio.sleep(0.2)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert set(reports.states().values()) == {State.PLANNED}


async def test_logs_name_nobody(relay: Relay) -> None:
    """Relays repeat addresses in their answers, and libraries in their exceptions; none of it may be logged."""
    relay.faults.put([{"at": "rcpt", "do": "reply", "code": 550, "text": "5.1.1 <p1@gemeente.example> unknown"}])
    work, reports = job([*people(1), delivery(2, "slecht adres@gemeente.example")])
    with capture_logs() as logs:
        await carrier(relay.url()).carry_out(work)
    assert "gemeente" not in repr(logs) + repr(reports.results)
    assert reports.of(1).reason == "5.1.1 no-such-mailbox"


async def test_silence_from_an_idle_relay_is_noticed(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness is honest while nothing is sent: the relay is asked now and then."""
    monkeypatch.setattr("services.mail.gate.QUIET", 0.1)
    monkeypatch.setattr("services.mail.pool.CHECK_AFTER", 0.05)
    health = Health("relay")
    sending = carrier(relay.url(), health)
    await asyncio.wait_for(sending.available(), 5)
    assert not health.is_down("relay")
    relay.vanish()
    await asyncio.sleep(0.2)
    asking = asyncio.create_task(sending.available())
    await asyncio.sleep(0.2)
    assert health.is_down("relay")
    asking.cancel()
