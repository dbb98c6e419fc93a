"""A message that may not go on while half of it has been sent: nothing leaves a second later, and the counts add up."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.devstack import kafka
from services.store import messages
from services.store.messages import Message
from tests import stack
from tests.faults import manners
from tests.faults.harness import Crew, crew_of
from tests.faults.relays import Relay, Talk
from tests.faults.working import working

pytestmark = pytest.mark.stack

PEOPLE = 60
AFTER_STOP = 1.0
"""Seconds for which what is under way may still arrive (issue 4)."""


async def halted(crew: Crew, message: Message, how: str) -> None:
    """Stop or pause it, as `roeland` does; or put it right: a correction's submission pauses, its approval stops."""
    steps = ["paused", "superseded"] if how == "put right" else [how]
    async with crew.connect() as connection:
        for step in steps:
            async with connection.transaction():
                found = await messages.find(connection, message.id, lock=True)
                assert found is not None
                if step == "paused":
                    await messages.pause(connection, found, source="/test")
                else:
                    await messages.stop(connection, found, source="/test", how=step)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (manners.Slow, "stopped"),
        (manners.Slow, "put right"),
        (manners.SlowAndPlain, "stopped"),
        (manners.SlowBody, "stopped"),
    ],
)
async def test_of_the_unsent_half_nothing_goes_out_a_second_later(crew: Crew, kind: type[Talk], how: str) -> None:
    """A relay that takes 0.3 s for each answer has envelopes in hand when the stop comes: no body may follow them."""
    async with working(crew, kind, smtp_connections=6) as (_, relay):
        message = await _half_sent(crew, relay)
        await halted(crew, message, how)
        await _ends_well(crew, message, relay)


async def test_without_kafka_a_stop_is_a_stop(crew: Crew) -> None:
    """Nobody reaches Kafka: the message goes out, `roeland message stop` returns and holds, and the counts add up."""
    nowhere = {"kafka_bootstrap": "127.0.0.1:1"}
    dispatch = next((program for program in crew.programs if program.service == "dispatch"), None)
    if dispatch is not None:
        crew.stop(dispatch)
    alone = crew.start("dispatch", ready=False, **nowhere)
    try:
        async with working(crew, manners.Slow, wait=False, smtp_connections=3, **nowhere) as (_, relay):
            message = await _half_sent(crew, relay)
            said = await _roeland(crew, "message", "stop", str(message.id), **nowhere)
            assert said["state"] == "stopped"
            await _ends_well(crew, message, relay)
    finally:
        alone.end()
        if dispatch is not None:
            crew.restart(dispatch)


@pytest.mark.long
async def test_a_stop_while_kafka_hangs_is_a_stop(
    postgres: str, sink: stack.Sink, background: stack.Background
) -> None:
    """Kafka takes connections and answers nothing (SIGSTOP in the middle): whoever stops does not wait for it."""
    with stack.folder("roeland-faults-") as folder, stack.fresh_database(postgres) as url:
        server = background.run(kafka.start(folder / "kafka"))
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": server.bootstrap,
            "ROELAND_KAFKA_TOPIC_PREFIX": "hangs.",
            "ROELAND_DATABASE_URL": url,
        }
        try:
            with crew_of(env, folder, sink=sink, background=background) as crew:
                async with working(crew, manners.Slow, smtp_connections=3) as (_, relay):
                    message = await _half_sent(crew, relay)
                    server.program.popen.send_signal(signal.SIGSTOP)
                    said = await _roeland(crew, "message", "stop", str(message.id))
                    assert said["state"] == "stopped"
                    await _ends_well(crew, message, relay)
        finally:
            server.program.popen.send_signal(signal.SIGCONT)
            background.run(server.stop())


async def test_what_expires_in_the_middle_is_expired_and_goes_nowhere(crew: Crew) -> None:
    """`expires_at` comes by the database's clock: like a stop, with a word of its own."""
    async with working(crew, manners.Slow, smtp_connections=6) as (_, relay):
        message = await crew.release(people=PEOPLE, expires_at=datetime.now(UTC) + timedelta(seconds=6))
        await crew.until_done(message)
        await asyncio.sleep(AFTER_STOP)
        _nothing_later_than(await _moment(crew, message, "expires_at"), relay)
        account = await crew.account(message)
    account.holds()
    assert 0 < len(relay.kept) < PEOPLE
    assert account.states == {"accepted": len(relay.kept), "expired": PEOPLE - len(relay.kept)}
    assert account.possible_duplicates == 0


async def test_a_pause_holds_and_resuming_sends_the_rest_once(crew: Crew) -> None:
    """Three times in one message, with envelopes in the pipeline each time: nobody is skipped, nobody gets two."""
    async with working(crew, manners.Slow, smtp_connections=6) as (_, relay):
        message = await crew.release(people=PEOPLE)
        for share in (10, 20, 30):
            await _until(lambda share=share: len(relay.kept) >= share)
            await halted(crew, message, "paused")
            paused = await _moment(crew, message, "paused_at")
            await asyncio.sleep(2 * AFTER_STOP)
            _nothing_later_than(paused, relay)
            async with crew.connect() as connection, connection.transaction():
                await messages.resume(connection, message, source="/test")
        account = await crew.until_done(message)
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)


async def test_stopped_in_doubt_is_unknown_and_nobody_else_is(crew: Crew) -> None:
    """Six mails got no answer when the stop came: nobody can tell, nothing is sent again, and just those six are it."""
    crew.trouble("relay: Forgetful")
    async with working(crew, manners.Forgetful, smtp_connections=6, smtp_answer_seconds=20) as (_, relay):
        message = await crew.release(people=PEOPLE)
        await _until(lambda: len(relay.kept) == 6)
        await halted(crew, message, "stopped")
        relay.hang_up()
        account = await crew.until_done(message)
    account.holds()
    assert account.states == {"unknown": 6, "superseded": PEOPLE - 6}
    assert account.possible_duplicates == 0


async def _half_sent(crew: Crew, relay: Relay) -> Message:
    message = await crew.release(people=PEOPLE)
    await _until(lambda: len(relay.kept) >= PEOPLE // 4)
    return message


async def _ends_well(crew: Crew, message: Message, relay: Relay) -> None:
    """Stopped in the middle: nothing left late, and everybody is either told or superseded, within 10 s."""
    await crew.until_done(message, seconds=15)
    await asyncio.sleep(AFTER_STOP)
    _nothing_later_than(await _moment(crew, message, "coalesce(paused_at, stopped_at)"), relay)
    account = await crew.account(message)
    account.holds()
    assert len(relay.kept) < PEOPLE
    assert account.states == {"accepted": len(relay.kept), "superseded": PEOPLE - len(relay.kept)}
    assert account.possible_duplicates == 0


def _nothing_later_than(moment: datetime, relay: Relay) -> None:
    """Fails when the relay had the end of a mail later than a second after this."""
    late = [at - moment.timestamp() for at, _ in relay.kept if at > moment.timestamp() + AFTER_STOP]
    assert not late, f"{len(late)} mails later than a second: {sorted(late)[-5:]}"


async def _moment(crew: Crew, message: Message, what: str) -> datetime:
    async with crew.connect() as connection:
        query = f"SELECT {what} FROM message WHERE number = %s"
        row = await (await connection.execute(query.encode(), (message.number,))).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  (the relay's list has no event)
            await asyncio.sleep(0.02)


async def _roeland(crew: Crew, *arguments: str, **settings: str) -> dict[str, Any]:
    """What `roeland … --json` says."""
    command = [sys.executable, "-m", "services.admin", *arguments, "--json", "--as", "approver@faults.example"]
    env = {**os.environ, **crew.env, **{f"ROELAND_{name.upper()}": value for name, value in settings.items()}}
    ended = await asyncio.to_thread(
        subprocess.run, command, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found
