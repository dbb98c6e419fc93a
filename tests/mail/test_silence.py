"""A relay that does not answer for a mail: that mail waits, as it must, and nobody else does."""

import asyncio
from collections.abc import Callable

import pytest

from services.domain.states import State
from services.mail.trust import SLOW_SECONDS, Trust
from tests.mail.conftest import EVERY_WAY
from tests.mail.jobs import carrier, job, people
from tests.mail.relays import until
from tests.mail.scripted import Script, scripted

OK = {"DATA": b"354 go\r\n"}


def sleeping(*numbers: int) -> tuple[Callable[[str, int], bytes | None], list[int]]:
    """Answers of a relay that keeps silent about the bodies of these mails, until they are taken off the list."""
    asleep = list(numbers)

    def answer(stage: str, number: int) -> bytes | None:
        return None if stage == "BODY" and number in asleep else OK.get(stage, b"250 ok\r\n")

    return answer, asleep


@EVERY_WAY
@pytest.mark.usefixtures("way")
async def test_nobody_waits_behind_a_body_without_an_answer() -> None:
    """One mail hangs for a minute: the others are told within seconds, and none of them twice or in doubt."""
    answer, asleep = sleeping(2)
    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(f"smtp://127.0.0.1:{relay.port}", smtp_connections=2, smtp_answer_seconds=60)
        work, reports = job(people(12))
        carrying = asyncio.create_task(sending.carry_out(work))
        await asyncio.wait_for(until(lambda: len(reports.results) == 11), 10)
        assert not carrying.done()
        asleep.clear()
        relay.wake()
        await asyncio.wait_for(carrying, 10)
        await sending.close()
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert sorted(name for name, _ in relay.kept) == sorted(f"p{number}@gemeente.example" for number in range(1, 13))
    assert relay.offences == []


@pytest.mark.usefixtures("way")
async def test_a_silence_is_no_end_of_the_world_for_who_goes_alone() -> None:
    """A relay that limits us is sent one mail at a time; when it hangs over that one, the next goes all the same."""
    refused: list[int] = []

    def answer(stage: str, number: int) -> bytes | None:
        if stage == "MAIL" and not refused:
            refused.append(number)
            return b"450 4.7.1 too much mail from you\r\n"
        if stage == "BODY" and number == refused[0] + 1:
            return None
        return OK.get(stage, b"250 ok\r\n")

    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(f"smtp://127.0.0.1:{relay.port}", smtp_connections=3, smtp_answer_seconds=60)
        for lane in ("routine", "urgent"):
            refused.clear()
            work, reports = job(people(8), lane=lane)
            carrying = asyncio.create_task(sending.carry_out(work))
            await asyncio.wait_for(until(lambda reports=reports: len(reports.results) == 7), 10)  # type: ignore[misc]
            carrying.cancel()
            await asyncio.wait({carrying})
            assert sum(result.in_doubt for result in reports.results) == 1
            assert list(reports.states().values()).count(State.ACCEPTED) == 7
        await sending.close()


async def test_a_stop_of_the_service_gives_back_what_has_gone_another_way() -> None:
    """Cancelled after the silence: one is in doubt, and what stood behind it is planned again, once."""
    answer, _ = sleeping(*range(100))
    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(f"smtp://127.0.0.1:{relay.port}", smtp_connections=1, smtp_answer_seconds=60)
        work, reports = job(people(3))
        carrying = asyncio.create_task(sending.carry_out(work))
        await until(lambda: relay.asleep != [])
        await asyncio.sleep(1.5)
        carrying.cancel()
        await asyncio.wait({carrying}, timeout=5)
    assert reports.of(1).in_doubt
    assert [reports.of(number).state for number in (2, 3)] == [State.PLANNED] * 2


async def test_a_relay_that_is_slow_by_nature_is_not_left_after_each_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer than that over every body: then nobody is put behind one, and connections stay."""
    monkeypatch.setattr("services.mail.pipelined.SILENT_SECONDS", 0.2)
    loop = asyncio.get_running_loop()
    awake: set[int] = set()

    def answer(stage: str, number: int) -> bytes | None:
        if stage == "BODY" and number not in awake:
            awake.add(number)
            loop.call_later(0.6, relay.wake)
            return None
        return OK.get(stage, b"250 ok\r\n")

    async with scripted(Script(answer=answer)) as relay:
        sending = carrier(f"smtp://127.0.0.1:{relay.port}", smtp_connections=1, smtp_answer_seconds=60)
        work, reports = job(people(4))
        await asyncio.wait_for(sending.carry_out(work), 30)
        await sending.close()
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert len(relay.conversations) == 2
    assert relay.offences == []


async def test_a_connection_that_hung_serves_again_if_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipient who stood behind was refused in the end: nothing is open, and the same connection goes on."""
    monkeypatch.setattr("services.mail.pipelined.SILENT_SECONDS", 0.2)
    answer, asleep = sleeping(0)
    says: dict[tuple[str, int], bytes] = {("RCPT", 1): b"450 4.7.1 greylisted\r\n"}
    async with scripted(Script(answer=lambda stage, n: says.get((stage, n)) or answer(stage, n))) as relay:
        sending = carrier(f"smtp://127.0.0.1:{relay.port}", smtp_connections=1, smtp_answer_seconds=60)
        work, reports = job(people(4))
        carrying = asyncio.create_task(sending.carry_out(work))
        await until(lambda: relay.asleep != [])
        await asyncio.sleep(1)
        asleep.clear()
        relay.wake()
        await asyncio.wait_for(carrying, 10)
        await sending.close()
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert [len(relay.conversations), relay.offences] == [1, []]


def test_a_relay_is_slow_for_a_while_only() -> None:
    """One silence must not cost the groups for ever."""
    now = 0.0
    trust = Trust(lambda: now)
    trust.dawdles()
    assert trust.slow
    now = SLOW_SECONDS
    assert not trust.slow
