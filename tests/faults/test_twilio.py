"""Twilio is busy, broken, mute or away: nobody gets two texts, nobody is forgotten, and a doubt is looked up first."""

import asyncio
from typing import Any

import pytest

from services.devstack import processes
from services.store import messages
from services.store.messages import Message
from tests.faults.accounts import Account
from tests.faults.harness import Crew

pytestmark = [pytest.mark.stack, pytest.mark.long]

PEOPLE = 60
HURT = 4
"""How many texts a fault hits."""


@pytest.fixture(scope="module", autouse=True)
def at_work(module_crew: Crew) -> None:
    """SMS and what it needs, with the door at which Twilio reports. Two seconds are patience enough for one request."""
    address = f"127.0.0.1:{processes.free_port()}"
    module_crew.start("dispatch", ready=False)
    module_crew.start("public", public_address=address, public_url=f"http://{address}")
    module_crew.start("sms", public_url=f"http://{address}", sms_connections=8, twilio_timeout_seconds=2)


async def sent(crew: Crew, *faults: dict[str, Any]) -> Account:
    """The account of a message that was sent while these faults were in force."""
    assert crew.twilio is not None
    crew.twilio.faults(*faults)
    crew.trouble(f"Twilio: {faults}")
    account = await crew.until_done(await crew.release(people=PEOPLE, channels=("sms",)))
    account.holds()
    return account


def reached(account: Account) -> int:
    """How many were told; Twilio may have reported already."""
    return account.states.get("accepted", 0) + account.states.get("delivered", 0)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"at": "response", "do": "delay", "delay_seconds": 4}, id="stored, answered too late"),
        pytest.param({"at": "response", "do": "forget"}, id="stored, never answered"),
        pytest.param({"at": "response", "do": "drop"}, id="stored, connection lost"),
        pytest.param({"at": "response", "do": "reply", "code": 503}, id="stored, called an error"),
        pytest.param({"at": "request", "do": "forget"}, id="not stored, never answered"),
        pytest.param({"at": "request", "do": "drop"}, id="not stored, connection lost"),
        pytest.param({"at": "request", "do": "reply", "code": 500}, id="not stored, an error"),
    ],
)
async def test_without_an_answer_it_is_looked_up_and_nobody_gets_two(crew: Crew, fault: dict[str, Any]) -> None:
    """Stored or not, the look-up knows; so nothing counts as a possible duplicate, and nobody as unknown."""
    account = await sent(crew, {**fault, "count": HURT})
    assert reached(account) == PEOPLE
    assert (account.second_copies, account.possible_duplicates) == (0, 0)
    assert max(each.doubts for each in account.told) == 0


async def test_a_storm_of_429_slows_down_and_fails_nobody(crew: Crew) -> None:
    """Told for seconds that we go too fast: all wait, each text is sent once when Twilio takes it."""
    assert crew.twilio is not None
    crew.twilio.faults({"at": "request", "do": "reply", "code": 429})
    message = await crew.release(people=PEOPLE, channels=("sms",))
    await asyncio.sleep(3)
    assert crew.twilio.messages() == []
    crew.twilio.faults({"at": "request", "do": "reply", "code": 429, "probability": 0.2, "count": HURT})
    account = await crew.until_done(message)
    account.holds()
    assert (reached(account), account.possible_duplicates) == (PEOPLE, 0)


async def test_each_code_counts_for_its_own_number(crew: Crew) -> None:
    """No such number and opted out: failed, with the code. A full queue: later. Lost afterwards by 30001: bounced."""
    refusal = {"at": "request", "do": "reply", "count": 1}
    account = await sent(
        crew,
        {**refusal, "code": 400, "error": 21211},
        {**refusal, "code": 400, "error": 21610},
        {**refusal, "code": 429, "error": 21611},
        {**refusal, "code": 429, "error": 30001},
        {"at": "callback", "do": "fail", "code": 30001, "status": "failed", "count": 1},
    )
    assert account.states["failed"] == 2
    await crew.until(lambda account: account.states.get("bounced"), account.message)
    last = await crew.account(account.message)
    last.holds()
    assert reached(last) == PEOPLE - 3
    assert (last.states["failed"], last.states["bounced"], last.possible_duplicates) == (2, 1, 0)
    async with crew.connect() as connection:
        rows = await connection.execute(
            "SELECT code FROM delivery WHERE message = %s AND code IS NOT NULL ORDER BY code", (last.message.number,)
        )
        assert {21211, 21610, 30001} <= {code for (code,) in await rows.fetchall()}


async def test_when_the_look_up_fails_too_all_wait_until_it_answers(crew: Crew) -> None:
    """Nothing is sent on a guess. When Twilio answers again, what it has is found, and the rest is sent."""
    assert crew.twilio is not None
    crew.trouble("Twilio: no answer, no look-up")
    crew.twilio.faults({"at": "response", "do": "drop", "count": HURT}, {"at": "lookup", "do": "reply", "code": 503})
    message = await crew.release(people=PEOPLE, channels=("sms",))
    await asyncio.sleep(6)
    crew.twilio.no_faults()
    account = await crew.until_done(message)
    account.holds()
    assert reached(account) == PEOPLE
    assert (account.second_copies, account.possible_duplicates) == (0, 0)


@pytest.mark.parametrize("answers", [True, False])
async def test_stopped_in_doubt_is_unknown_only_where_nobody_can_tell(crew: Crew, answers: bool) -> None:
    """The stop comes between a request and its answer. Looked up: told. No look-up, no report: unknown, just those."""
    assert crew.twilio is not None
    crew.trouble("Twilio: no answer")
    mute: list[dict[str, Any]] = [{"at": "lookup", "do": "drop"}, {"at": "callback", "do": "never"}]
    crew.twilio.faults({"at": "response", "do": "forget"}, *([] if answers else mute))
    message = await crew.release(people=PEOPLE, channels=("sms",))
    async with asyncio.timeout(30):
        while not (held := len(crew.twilio.messages())):  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)
    await _stop(crew, message)
    account = await crew.until_done(message)
    held = len(crew.twilio.messages())
    account.holds()
    assert (reached(account), account.states.get("unknown", 0)) == ((held, 0) if answers else (0, held))
    assert account.states["superseded"] == PEOPLE - held
    assert account.possible_duplicates == 0


async def test_twilio_away_in_the_middle_is_waited_for(crew: Crew) -> None:
    """Connections are refused for a while: nothing fails, and it goes on by itself."""
    assert crew.twilio is not None
    crew.twilio.faults({"at": "request", "do": "delay", "delay_seconds": 0.3})
    message = await crew.release(people=PEOPLE, channels=("sms",))
    await crew.until(reached, message)
    crew.twilio.faults({"at": "connect", "do": "refuse"}, {"at": "request", "do": "drop"})
    crew.trouble("Twilio: away")
    await asyncio.sleep(2)
    crew.twilio.no_faults()
    account = await crew.until_done(message)
    account.holds()
    assert (reached(account), account.possible_duplicates) == (PEOPLE, 0)


async def test_a_token_that_is_refused_is_one_alarm_and_fails_nobody(crew: Crew) -> None:
    """All texts wait; the alarm stands until Twilio takes one again."""
    assert crew.twilio is not None
    crew.twilio.faults({"at": "request", "do": "reply", "code": 401, "error": 20003})
    message = await crew.release(people=PEOPLE, channels=("sms",))
    await crew.until_alarm("sms", stands=True)
    assert (await crew.account(message)).open == PEOPLE
    crew.twilio.no_faults()
    account = await crew.until_done(message)
    account.holds()
    assert (reached(account), account.possible_duplicates) == (PEOPLE, 0)
    await crew.until_alarm("sms", stands=False)


async def _stop(crew: Crew, message: Message) -> None:
    async with crew.connect() as connection, connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        assert found is not None
        await messages.stop(connection, found, source="/test", how="stopped")
