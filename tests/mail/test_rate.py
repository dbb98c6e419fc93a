"""A relay that limits how much it takes says so before it hears of a recipient: nobody is to blame, all are told."""

import asyncio
import time
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.domain.states import State
from services.fanout.retry import ENOUGH
from services.runtime.health import Health
from tests.mail.jobs import RELEASED, carrier, delivery, job, people
from tests.mail.relays import until
from tests.mail.scripted import Script, scripted

pytestmark = pytest.mark.usefixtures("way")

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
