"""Relays that announce PIPELINING and cannot do it: found out, and served without it, with nobody lost or in doubt."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.domain.states import State
from services.mail.trust import FAILURES, PLAIN_SECONDS, Trust
from tests.mail.jobs import carrier, job, people, tell_all
from tests.mail.scripted import Lie, Script, scripted


async def _send(sending: Any, count: int, first: int = 1) -> list[int]:
    """Send, and what is deferred again as the worker would; the sequences that were deferred."""
    work, reports = job(people(count, first=first))
    await asyncio.wait_for(sending.available(), 30)
    await sending.carry_out(work)
    assert not any(result.in_doubt for result in reports.results)
    return [number for number, state in reports.states().items() if state is not State.ACCEPTED]


@pytest.mark.parametrize("lie", ["first-only", "flush-after-body", "hang-up"])
async def test_a_relay_that_cannot_pipeline_is_found_out(lie: Lie) -> None:
    """Few deliveries have to come again, once; then all goes on, one command at a time, and one line says why."""
    async with scripted(Script(lie=lie)) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_answer_seconds=30)
        with capture_logs() as logs:
            again = await _send(sending, 40)
            assert len(again) <= 4
            assert [line["event"] for line in logs if line["event"].startswith("relay")] == ["relay_does_not_pipeline"]
            script.largest_group = 0
            assert await _send(sending, 40, first=100) == []
        assert script.largest_group == 1
        assert len(script.kept) == 80 - len(again)
        assert len({recipient for recipient, _ in script.kept}) == len(script.kept)
        await sending.close()


async def test_a_relay_that_refuses_a_group_as_such_bounces_nobody() -> None:
    """554 to the first of a group is about us, also when that first is RCPT, behind a question that was answered."""
    async with scripted(Script(lie="refuse")) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}")
        told = await asyncio.wait_for(tell_all(sending, people(20)), 60)
        await sending.close()
    assert {result.state for result in told} == {State.ACCEPTED}
    assert len(script.kept) == 20


async def test_a_relay_that_can_gets_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """MAIL, RCPT and DATA travel together: otherwise the tests of pipelining would test something else."""
    async with scripted(Script()) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}")
        assert await _send(sending, 40) == []
        assert script.largest_group == 3
        assert script.offences == []
        await sending.close()


async def test_a_message_that_is_stopped_in_mid_mail_is_not_held_against_the_relay() -> None:
    """It is we who end the connection then: two stops must not cost everybody the groups for ten minutes."""
    stopped = asyncio.Event()

    def answer(stage: str, _: int) -> bytes:
        if stage == "DATA" and len(script.conversations) <= FAILURES:
            stopped.set()
        return b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"

    async with scripted(Script(answer=answer)) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_connections=1)
        with capture_logs() as logs:
            for number in range(1, FAILURES + 1):
                stopped.clear()
                work, reports = job(people(1, first=number), may_start=lambda: not stopped.is_set())
                await asyncio.wait_for(sending.available(), 30)
                await sending.carry_out(work)
                assert reports.states() == {number: State.PLANNED}
            assert await _send(sending, 10, first=100) == []
        assert [line for line in logs if line["event"] == "relay_does_not_pipeline"] == []
        assert script.largest_group == 3
        await sending.close()


async def test_pipelining_can_be_forbidden() -> None:
    """One command at a time, whatever the relay says."""
    async with scripted(Script()) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_pipelining=False)
        assert await _send(sending, 10) == []
        assert script.largest_group == 1
        await sending.close()


async def test_a_relay_without_pipelining_gets_one_command_at_a_time() -> None:
    """Only what was announced is used."""
    async with scripted(Script(extensions=("SIZE 100000",))) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}")
        assert await _send(sending, 10) == []
        assert script.largest_group == 1
        await sending.close()


def test_one_connection_tries_before_the_others_do() -> None:
    """A lie costs one mail some time, not one on each connection."""
    trust, one, two = Trust(), object(), object()
    assert trust.may_try(one)
    assert not trust.may_try(two)
    trust.leave(one)
    assert trust.may_try(two)
    trust.prove()
    assert trust.proven


def test_a_relay_that_restarts_is_no_liar() -> None:
    """Connections end in mid-group whenever a relay goes; that is held against it in a trial only, and not at once."""
    trust, one = Trust(), object()
    assert trust.may_try(one)
    assert trust.hang_up(one)
    assert trust.may_try(one)
    trust.prove()
    for _ in range(10):
        assert not trust.hang_up(one)
    assert trust.proven


def test_who_was_caught_is_tried_again_later() -> None:
    """Somebody mends it some day; and silences of hours apart are no pattern."""
    now = 0.0
    trust, one = Trust(lambda: now), object()
    trust.prove()
    for _ in range(FAILURES - 1):
        trust.silence(one)
    now = PLAIN_SECONDS + 1
    trust.silence(one)
    assert trust.proven
    for _ in range(FAILURES):
        trust.silence(one)
    assert not trust.proven
    assert not trust.may_try(one)
    now += PLAIN_SECONDS
    assert trust.may_try(one)
