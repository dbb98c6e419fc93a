"""A relay that limits how much it takes says so before it hears of a recipient: nobody is to blame, all are told."""

import asyncio
import time
from datetime import timedelta

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from services.domain.states import State
from services.fanout.retry import ENOUGH
from services.mail.pool import Pool
from services.mail.relay import opener
from services.mail.settings import MailSettings
from services.mail.trouble import Trouble
from services.runtime.health import Health
from tests.mail.jobs import RELEASED, carrier, delivery, job, people, tell_all
from tests.mail.relays import until
from tests.mail.scripted import Script, scripted

pytestmark = [pytest.mark.usefixtures("way"), pytest.mark.long]

REFUSALS = [b"450 4.7.1 too much mail from you\r\n", b"452 4.3.1 no room\r\n", b"421 4.7.0 too many messages\r\n"]


class Limit:
    """Answers of a relay that takes so many mails a second, the first few at once."""

    def __init__(self, per_second: float, refusal: bytes, at_once: int = 3) -> None:
        self.per_second, self.refusal, self.at_once = per_second, refusal, at_once
        self.free, self.refused = time.monotonic() - at_once / per_second, 0
        self.took: list[int] = []

    def __call__(self, stage: str, number: int) -> bytes:
        if stage != "MAIL":
            return b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"
        now = time.monotonic()
        self.free = max(self.free, now - self.at_once / self.per_second)
        if self.free > now:
            self.refused += 1
            return self.refusal
        self.free += 1 / self.per_second
        return b"250 ok\r\n"


def url(relay: Script) -> str:
    """For ROELAND_SMTP_URL."""
    return f"smtp://127.0.0.1:{relay.port}"


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_all_are_told_at_the_pace_that_the_relay_takes(refusal: bytes) -> None:
    """No delivery is deferred or given back for it: 450, 452 and 421 here are about us, and pass in a moment."""
    limit, health = Limit(40, refusal), Health("relay")
    async with scripted(Script(answer=limit)) as relay:
        sending = carrier(url(relay), health)
        await sending.available()
        work, reports = job(people(60))
        with capture_logs() as logs:
            await asyncio.wait_for(sending.carry_out(work), 60)
        await sending.close()
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert sorted(name for name, _ in relay.kept) == sorted(f"p{number}@gemeente.example" for number in range(1, 61))
    assert 0 < limit.refused < 300
    assert [line["event"] for line in logs] == ["relay_limits_us"]
    assert not health.is_down("relay")


async def test_a_relay_without_room_is_away_and_not_a_thousand_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """452 for everybody: one line in the log, claims wait, and all goes on by itself when there is room."""
    monkeypatch.setattr("services.mail.brake.PATIENCE", 0.5)
    full, health = True, Health("relay")

    def answer(stage: str, number: int) -> bytes:
        if stage == "MAIL" and full:
            return REFUSALS[1]
        return b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"

    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(url(relay), health)
        await sending.available()
        work, reports = job(people(200))
        with capture_logs() as logs:
            await asyncio.wait_for(sending.carry_out(work), 60)
            assert set(reports.states().values()) == {State.PLANNED}
            assert health.is_down("relay")
            asked = relay.mails
            assert asked <= 60
            waiting = asyncio.create_task(sending.available())
            await until(lambda: relay.mails > asked)
            assert not waiting.done()
            full = False
            await asyncio.wait_for(waiting, 30)
        told = [(line["event"], line.get("code")) for line in logs if line["event"].startswith("relay_")]
        assert told == [("relay_limits_us", 452), ("relay_away", 452)]
        again, reports = job(people(200))
        await asyncio.wait_for(sending.carry_out(again), 60)
        await sending.close()
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert not health.is_down("relay")


@pytest.mark.parametrize("offers", [("PIPELINING", "SIZE 100000"), ("SIZE 100000", "8BITMIME")])
async def test_a_relay_that_takes_one_mail_in_a_while_is_not_asked_in_vain(
    offers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slower than we wait before we call it away, and no burst: its yes to the question must serve for a mail."""
    monkeypatch.setattr("services.mail.brake.PATIENCE", 0.3)
    limit, health = Limit(1 / 0.8, REFUSALS[0], at_once=0), Health("relay")
    async with scripted(Script(answer=limit, extensions=offers)) as relay:
        sending = carrier(url(relay), health)
        with capture_logs() as logs:
            told = await asyncio.wait_for(tell_all(sending, people(5)), 30)
        await sending.close()
    assert [result.state for result in told] == [State.ACCEPTED] * 5
    assert sorted(name for name, _ in relay.kept) == [f"p{number}@gemeente.example" for number in range(1, 6)]
    assert relay.offences == []
    assert not health.is_down("relay")
    events = [line["event"] for line in logs if line["event"].startswith("relay_")]
    assert events == ["relay_limits_us", "relay_away"]


async def test_the_one_mail_that_a_slow_relay_takes_is_the_most_urgent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lanes wait at the gate; the newsletter happens to come first through it, and the alert is sent."""
    monkeypatch.setattr("services.mail.brake.PATIENCE", 0.3)
    limit = Limit(1 / 2, REFUSALS[0], at_once=0)
    async with scripted(Script(answer=limit)) as relay:
        sending = carrier(url(relay))
        await tell_all(sending, people(1))
        first, reports = job(people(1, first=2), lane="routine")
        await sending.carry_out(first)
        assert reports.of(2).state is State.PLANNED  # refused for longer than we wait
        await asyncio.wait_for(sending.available(), 30)
        slow, less = job(people(3, first=10), lane="routine")
        routine = asyncio.create_task(sending.carry_out(slow))
        await asyncio.sleep(0.05)
        fast, more = job(people(3, first=20), lane="urgent")
        await asyncio.wait({routine, asyncio.create_task(sending.carry_out(fast))}, timeout=30)
        await sending.close()
    assert set(less.states().values()) == {State.PLANNED}
    assert list(more.states().values()).count(State.ACCEPTED) == 1


async def test_a_yes_is_not_forgotten_for_a_connection_that_comes_home_later() -> None:
    """A mail that was long under way ends after the question: the next one goes where the relay waits for it."""
    async with scripted(Script()) as relay:
        settings = MailSettings(smtp_url=SecretStr(url(relay)))
        pool = Pool(opener(settings), size=3, reserved=0, mails_per_connection=500)
        async with pool.lease("urgent") as other:
            pool.shut(Trouble("takes no mail for now", for_now=True))
            await pool.check("c@ccvo.example")
            assert not other.invited
        async with pool.lease("urgent") as session:
            assert session.invited
        await pool.close()


async def test_a_relay_that_does_not_know_us_at_first_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Greylisted at MAIL, which names no recipient: nobody is deferred for it, and health says why nothing is sent."""
    monkeypatch.setattr("services.mail.brake.PATIENCE", 0.3)
    health, met = Health("relay"), list[float]()

    def answer(stage: str, number: int) -> bytes:
        met.append(time.monotonic())
        if stage == "MAIL" and met[-1] - met[0] < 2:
            return b"451 4.7.1 greylisted, come again in two seconds\r\n"
        return b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"

    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(url(relay), health)
        telling = asyncio.create_task(tell_all(sending, people(20)))
        await until(lambda: health.is_down("relay"))
        told = await asyncio.wait_for(telling, 30)
        await sending.close()
    assert [result.state for result in told] == [State.ACCEPTED] * 20
    assert len(relay.kept) == len(set(relay.kept)) == 20
    assert not health.is_down("relay")


@pytest.mark.parametrize(
    ("attempt", "doubts", "state"),
    [(ENOUGH, 0, State.FAILED), (ENOUGH, 1, State.UNKNOWN), (1, 0, State.PLANNED)],
)
async def test_a_relay_that_took_nothing_for_the_whole_horizon_fails_who_had_enough_attempts(
    attempt: int, doubts: int, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again ends: the gate lets claims through, each is refused once more, and what is too late has failed."""
    monkeypatch.setattr("services.mail.brake.PATIENCE", 0.2)
    async with scripted(Script(answer=lambda stage, number: REFUSALS[1])) as relay:
        sending = carrier(url(relay), horizon=timedelta(seconds=0.3))
        first, reports = job(people(3), released=RELEASED)
        await asyncio.wait_for(sending.carry_out(first), 60)
        assert set(reports.states().values()) == {State.PLANNED}
        await asyncio.wait_for(sending.available(), 60)
        again, reports = job([delivery(1, "a@b.example", attempt=attempt, doubts=doubts)], released=RELEASED)
        await asyncio.wait_for(sending.carry_out(again), 60)
        await sending.close()
    assert reports.of(1).state is state


async def test_who_waits_in_a_long_line_does_not_fail_for_it() -> None:
    """Hours after release a slow relay still takes what it takes: its next refusal is not the end of anybody."""
    limit = Limit(20, REFUSALS[0])
    async with scripted(Script(answer=limit)) as relay:
        sending = carrier(url(relay), horizon=timedelta(hours=4))
        places = [delivery(number, f"p{number}@b.example", attempt=9, tries=9) for number in range(1, 16)]
        work, reports = job(places, released=RELEASED)
        await asyncio.wait_for(sending.carry_out(work), 60)
        await sending.close()
    assert limit.refused > 0
    assert set(reports.states().values()) == {State.ACCEPTED}


async def test_urgent_goes_first_through_a_narrow_door() -> None:
    """A newsletter is under way when an alert comes: from then on, what the relay takes is the alert."""
    limit = Limit(40, REFUSALS[0])
    async with scripted(Script(answer=limit)) as relay:
        sending = carrier(url(relay))
        routine, slow = job(people(60), lane="routine")
        first = asyncio.create_task(sending.carry_out(routine))
        await until(lambda: limit.refused > 0)
        before = len(slow.results)
        urgent, reports = job(people(20, first=100))
        await asyncio.wait_for(sending.carry_out(urgent), 60)
        assert set(reports.states().values()) == {State.ACCEPTED}
        assert len(slow.results) - before <= 5
        await asyncio.wait_for(first, 60)
        await sending.close()
    assert set(slow.states().values()) == {State.ACCEPTED}


async def test_a_stop_does_not_wait_for_the_relay() -> None:
    """Also what stands behind another message in the line is given back, while the relay takes one in a while."""
    stopped = asyncio.Event()
    async with scripted(Script(answer=Limit(2, REFUSALS[0]))) as relay:
        sending = carrier(url(relay))
        ahead, _ = job(people(60))
        first = asyncio.create_task(sending.carry_out(ahead))
        behind, reports = job(people(60, first=100), may_start=lambda: not stopped.is_set())
        second = asyncio.create_task(sending.carry_out(behind))
        await until(lambda: relay.mails > 6)
        stopped.set()
        await asyncio.wait_for(second, 20)
        assert set(reports.states().values()) == {State.PLANNED}
        assert not first.done()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_a_connection_lost_in_its_first_body_says_nothing_of_the_relay() -> None:
    """The next envelope stood behind that body: it goes over another connection, and nobody else waits."""

    def answer(stage: str, number: int) -> bytes:
        if stage == "BODY" and number == 0:
            return b""
        return b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"

    health = Health("relay")
    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(url(relay), health, smtp_connections=1)
        await sending.available()
        work, reports = job(people(5))
        await asyncio.wait_for(sending.carry_out(work), 60)
        await sending.close()
    assert reports.of(1).in_doubt
    assert [reports.of(number).state for number in range(2, 6)] == [State.ACCEPTED] * 4
    assert not health.is_down("relay")
