"""SIGTERM in the middle: what is in hand is finished or given back, in time, and doubles nothing."""

import asyncio

import pytest

from tests.faults.harness import Crew
from tests.faults.programs import STOPPED_WITHIN

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

PEOPLE = 300
CONNECTIONS = 10


async def test_sigterm_in_the_middle_finishes_or_gives_back_and_doubles_nothing(crew: Crew) -> None:
    """An update of Roeland while a message is being sent is nothing that anybody notices."""
    assert crew.sink
    assert crew.twilio
    mail = crew.start("mail", ready=False, smtp_connections=CONNECTIONS)
    sms = crew.start("sms", ready=False, sms_connections=CONNECTIONS)
    mail.wait_ready()
    sms.wait_ready()
    crew.sink.faults({"at": "mail", "do": "delay", "delay_seconds": 0.1})
    crew.twilio.faults({"at": "request", "do": "delay", "delay_seconds": 0.1})
    message = await crew.release(PEOPLE, ("mail", "sms"))
    await crew.until(lambda account: account.states.get("accepted", 0) > 20, message)
    for program in (mail, sms):
        code, seconds = crew.stop(program)
        assert code == 0, program.tail()
        assert seconds < STOPPED_WITHIN
    between = await crew.account(message)
    assert between.open > PEOPLE // 10, "it was in the middle"
    assert not between.states.get("claimed"), "all that was in hand is finished or given back"
    assert not between.lost
    crew.restart(mail, ready=False)
    crew.restart(sms, ready=False)
    crew.sink.no_faults()
    crew.twilio.no_faults()
    account = await crew.until_done(message)
    account.holds()
    assert not crew.logged("taken_over"), "whoever stops says so: nobody waits for a lease"
    assert not crew.logged("journal_replayed"), "and leaves no journal"
    crew.stop(mail)
    crew.stop(sms)


async def test_sigterm_while_data_hangs_is_in_time_and_the_doubt_is_counted(crew: Crew) -> None:
    """The relay took the body and never answers: nobody can know, so it is in doubt, sent again, and counted."""
    assert crew.sink
    mail = crew.start("mail", smtp_connections=CONNECTIONS, smtp_answer_seconds=60)
    crew.sink.faults({"at": "after-body", "do": "forget", "count": 3})
    message = await crew.release(40)
    await crew.until(lambda account: account.states.get("accepted", 0) >= 40 - 2 * 3, message)
    crew.trouble("three bodies without an answer")
    code, seconds = await asyncio.to_thread(crew.stop, mail)
    assert code == 0, mail.tail()
    assert seconds < STOPPED_WITHIN
    between = (await crew.account(message)).states
    assert between["deferred"] == 3
    assert between["accepted"] + between.get("planned", 0) == 37, "what waited behind those three is given back"
    crew.restart(mail)
    account = await crew.until_done(message)
    account.holds(bound=3)
    assert account.second_copies == account.possible_duplicates == 3
    crew.stop(mail)
