"""The relay answers late, never, not now or not this one, and goes away in mid-word: what becomes of the mails."""

import asyncio
from typing import Any

import pytest

from tests.faults.accounts import Account
from tests.faults.harness import Crew

pytestmark = [pytest.mark.stack, pytest.mark.long]

PEOPLE = 90
HURT = 3
"""How many mails a fault hits."""


@pytest.fixture(scope="module", autouse=True)
def at_work(module_crew: Crew) -> None:
    """Mail and what it needs. Two seconds are patience enough, and short enough for a test."""
    module_crew.start("dispatch", ready=False)
    module_crew.start("mail", smtp_connections=4, smtp_timeout_seconds=2, smtp_answer_seconds=2)


async def sent(crew: Crew, *faults: dict[str, Any]) -> Account:
    """The account of a message that was sent while these faults were in force."""
    assert crew.sink is not None
    crew.sink.faults(*faults)
    crew.trouble(f"relay: {faults}")
    return await crew.until_done(await crew.release(people=PEOPLE))


@pytest.mark.parametrize(
    ("fault", "copies", "doubts"),
    [
        pytest.param({"do": "delay", "delay_seconds": 5}, HURT, HURT, id="late"),
        pytest.param({"do": "forget"}, HURT, HURT, id="never"),
        pytest.param({"do": "drop"}, HURT, HURT, id="connection lost"),
        pytest.param({"do": "drop", "at": "body"}, 0, HURT, id="connection lost in mid-body"),
        pytest.param({"do": "forget", "at": "body"}, 0, HURT, id="silence in mid-body"),
        pytest.param({"do": "delay", "delay_seconds": 1, "at": "data"}, 0, 0, id="354 late"),
        pytest.param({"do": "delay", "delay_seconds": 5, "at": "data"}, 0, 0, id="354 too late"),
    ],
)
async def test_a_mail_that_got_no_answer_is_sent_again_and_counted(
    crew: Crew, fault: dict[str, Any], copies: int, doubts: int
) -> None:
    """The relay may have it or not, and only the relay knows: nobody goes without, and each doubt counts, no more.

    Before 354 no body was written, however late it comes: no doubt.
    """
    account = await sent(crew, {"at": "after-body", "count": HURT, **fault})
    account.holds(bound=HURT)
    assert account.states == {"accepted": PEOPLE}
    assert (account.second_copies, account.possible_duplicates) == (copies, doubts)
    assert sum(each.doubts for each in account.told) == doubts


async def test_goodbye_at_every_point_costs_nobody_anything(crew: Crew) -> None:
    """421 says that nothing was taken: at the greeting, EHLO, MAIL, RCPT, DATA or after the body, none is in doubt."""
    points = {"connect": 1, "ehlo": 1, "mail": 1, "rcpt": HURT, "data": HURT, "after-body": HURT}
    account = await sent(crew, *({"at": at, "do": "reply", "code": 421, "count": n} for at, n in points.items()))
    account.holds()
    assert account.states == {"accepted": PEOPLE}
    assert (account.second_copies, account.possible_duplicates) == (0, 0)
    assert max(each.doubts for each in account.told) == 0


async def test_a_connection_lost_before_the_body_leaves_no_doubt(crew: Crew) -> None:
    """What was never handed over is simply handed over later: also when the relay falls silent in the envelope."""
    points = [("ehlo", "drop"), ("mail", "drop"), *((at, do) for at in ("rcpt", "data") for do in ("drop", "forget"))]
    account = await sent(crew, *({"at": at, "do": do, "count": 1} for at, do in points))
    account.holds()
    assert account.states == {"accepted": PEOPLE}
    assert max(each.doubts for each in account.told) == 0


async def test_each_answer_counts_for_its_own_recipient(crew: Crew) -> None:
    """Greylisted: comes again. Unknown: bounced. Too large, or refused after the body: failed. The rest: accepted."""
    account = await sent(
        crew,
        {"at": "rcpt", "do": "reply", "code": 450, "text": "4.7.1 greylisted", "count": HURT},
        {"at": "rcpt", "do": "reply", "code": 552, "text": "5.5.3 too many recipients", "count": 1},
        {"at": "rcpt", "do": "reply", "code": 550, "text": "5.1.1 no such user", "count": 1},
        {"at": "data", "do": "reply", "code": 451, "text": "4.3.0 not now", "count": 1},
        {"at": "after-body", "do": "reply", "code": 552, "text": "5.3.4 too large", "count": 1},
        {"at": "after-body", "do": "reply", "code": 452, "text": "4.3.1 disk full", "count": 1},
        {"at": "after-body", "do": "reply", "code": 554, "text": "5.6.0 not like that", "count": 1},
    )
    account.holds()
    assert account.states == {"accepted": PEOPLE - 3, "bounced": 1, "failed": 2}
    assert account.possible_duplicates == 0
    assert sorted(each.attempt for each in account.told)[-7:] == [1, 2, 2, 2, 2, 2, 2]


async def test_a_slow_relay_that_fails_nobody_doubles_nobody(crew: Crew) -> None:
    """Each answer takes its time and none is too late: patience is not doubt."""
    account = await sent(crew, {"at": "after-body", "do": "delay", "delay_seconds": 0.1})
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)


async def test_a_relay_away_in_the_middle_is_waited_for(crew: Crew) -> None:
    """The port is closed for a while and every connection ends: what was handed over is in doubt, nothing else is."""
    assert crew.sink is not None
    crew.trouble("relay away")
    crew.sink.faults({"at": "mail", "do": "delay", "delay_seconds": 0.1})
    message = await crew.release(people=PEOPLE)
    await crew.until(lambda account: account.states.get("accepted", 0) > HURT, message)
    crew.sink.faults({"at": "connect", "do": "refuse"}, {"at": "mail", "do": "drop"})
    await asyncio.sleep(1.5)
    crew.sink.no_faults()
    account = await crew.until_done(message)
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)
