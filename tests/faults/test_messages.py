"""A message that may not go on while half of it has been sent: nothing leaves a second later, and the counts add up."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from services.devstack import kafka
from services.domain.configuration import DEFAULT
from services.store import messages
from services.store.messages import Message
from tests import stack
from tests.faults import door, manners
from tests.faults.accounts import AFTER_HALT, Account
from tests.faults.harness import Crew, crew_of
from tests.faults.proxy import proxy_to
from tests.faults.relays import Relay, Talk
from tests.faults.working import working

pytestmark = [pytest.mark.stack, pytest.mark.long]

PEOPLE = 60
CHANNELS = ("mail", "sms", "newsfeed")
FEEDS = tuple(each.id for each in DEFAULT.audiences if "newsfeed" in each.channels)


@pytest.fixture(scope="module")
def slowly(module_crew: Crew, background: stack.Background) -> Iterator[None]:
    """Editorial, sms and newsfeed; the newsfeed's peer is PostgreSQL, and half a second away with each entry."""
    with proxy_to(background, module_crew.env["ROELAND_DATABASE_URL"]) as proxy:
        proxy.delay = 0.06
        programs = [
            module_crew.start("editorial", ready=False),
            module_crew.start("sms", ready=False, sms_connections=4),
            module_crew.start("newsfeed", ready=False, database_url=proxy.url),
        ]
        for program in programs:
            program.wait_ready()
        yield
        for program in programs:
            program.end()


async def halted(crew: Crew, message: Message, how: str) -> datetime:
    """Stop or pause it, as `roeland` does, or let its time come; since when it may not go on."""
    async with crew.connect() as connection, connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        assert found is not None
        if how == "paused":
            await messages.pause(connection, found, source="/test")
        elif how == "expired":
            soon = "UPDATE message SET expires_at = clock_timestamp() + interval '0.3 seconds' WHERE number = %s"
            await connection.execute(soon, (message.number,))
        else:
            await messages.stop(connection, found, source="/test", how="stopped")
    return await _moment(crew, message, "coalesce(paused_at, stopped_at, expires_at)")


async def put_right(crew: Crew, message: Message) -> datetime:
    """A correction of it goes the whole way: its submission pauses the original, its approval is the original's end."""
    fields = {"kind": "correction", "corrects": str(message.id), "audiences": ()}
    correction = await door.submitted(crew, 0, CHANNELS, **fields)
    await door.proofed(crew, correction)
    (await crew.until_done(await door.approve(crew, correction))).holds()
    return await _moment(crew, message, "paused_at")


@pytest.mark.parametrize("how", ["stopped", "expired", "put right"])
@pytest.mark.usefixtures("slowly")
async def test_of_the_unsent_half_nothing_goes_out_a_second_later_on_any_channel(crew: Crew, how: str) -> None:
    """Relay, Twilio and PostgreSQL take their time over each, and all three have something in hand at that moment."""
    assert crew.twilio
    crew.twilio.faults({"at": "request", "do": "delay", "delay_seconds": 0.3})
    async with working(crew, manners.Slow, smtp_connections=6):
        message = await door.approved(crew, PEOPLE, CHANNELS, audiences=FEEDS, audience=FEEDS[0])
        await crew.until(lambda account: all(_told(account, channel) for channel in CHANNELS), message)
        since = await (put_right(crew, message) if how == "put right" else halted(crew, message, how))
        await crew.until_done(message, seconds=15)
        await asyncio.sleep(AFTER_HALT)
        account = await crew.account(message)
    account.holds()
    assert not (late := account.late(since)), f"{len(late)} later than a second: {late[-5:]}"
    unsent = "expired" if how == "expired" else "superseded"
    assert all(set(counts) == {"accepted", unsent} for counts in account.channels.values()), account.channels
    assert account.possible_duplicates == 0


@pytest.mark.parametrize("kind", [manners.SlowAndPlain, manners.SlowBody])
async def test_of_the_unsent_half_nothing_goes_out_a_second_later(crew: Crew, kind: type[Talk]) -> None:
    """A relay that takes 0.3 s for each answer has envelopes in hand when the stop comes: no body may follow them."""
    async with working(crew, kind, smtp_connections=6) as (_, relay):
        message = await _half_sent(crew, relay)
        await _ends_well(crew, message, relay, await halted(crew, message, "stopped"))


async def test_without_kafka_a_stop_is_a_stop_and_what_expires_expires(crew: Crew) -> None:
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
            await _ends_well(crew, message, relay, await _moment(crew, message, "stopped_at"))
            relay.kept.clear()
            message = await _half_sent(crew, relay)
            await _ends_well(crew, message, relay, await halted(crew, message, "expired"), "expired")
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
                    await _ends_well(crew, message, relay, await _moment(crew, message, "stopped_at"))
        finally:
            server.program.popen.send_signal(signal.SIGCONT)
            background.run(server.stop())


async def test_a_pause_holds_and_resuming_sends_the_rest_once(crew: Crew) -> None:
    """Three times in one message, with envelopes in the pipeline each time: nobody is skipped, nobody gets two."""
    async with working(crew, manners.Slow, smtp_connections=6) as (_, relay):
        message = await crew.release(people=PEOPLE)
        for share in (10, 20, 30):
            await _until(lambda share=share: len(relay.kept) >= share)
            paused = await halted(crew, message, "paused")
            await asyncio.sleep(2 * AFTER_HALT)
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


async def _ends_well(crew: Crew, message: Message, relay: Relay, since: datetime, unsent: str = "superseded") -> None:
    """Halted in the middle: nothing left late, and everybody is either told or not sent to, within 10 s."""
    await crew.until_done(message, seconds=15)
    await asyncio.sleep(AFTER_HALT)
    _nothing_later_than(since, relay)
    account = await crew.account(message)
    account.holds()
    assert len(relay.kept) < PEOPLE
    assert account.states == {"accepted": len(relay.kept), unsent: PEOPLE - len(relay.kept)}
    assert account.possible_duplicates == 0


def _told(account: Account, channel: str) -> int:
    return account.channels[channel].get("accepted", 0)


def _nothing_later_than(moment: datetime, relay: Relay) -> None:
    """Fails when the relay had the end of a mail later than a second after this."""
    late = [at - moment.timestamp() for at, _ in relay.kept if at > moment.timestamp() + AFTER_HALT]
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
