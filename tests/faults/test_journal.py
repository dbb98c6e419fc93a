"""The worker dies between the relay's 250 and our record: the journal bridges that; without it the doubt is bounded."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from services.store.messages import Message
from tests.faults.accounts import Account
from tests.faults.harness import Crew
from tests.faults.programs import Program

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(120)]

PEOPLE = 300
CONNECTIONS = 10
UNRECORDED = {"settle_seconds": 30, "smtp_connections": CONNECTIONS}
"""Nothing is recorded before the worker is killed, unless a whole batch is complete."""


def unrecorded(account: Account) -> int:
    """How many the relay has and the ledger does not know of."""
    return len(account.copies) - account.states.get("accepted", 0)


async def killed_in_the_middle(crew: Crew, mail: Program) -> tuple[Message, Account]:
    """A message that the relay has in part and the ledger hardly, and how it stood when its worker was dead."""
    assert crew.sink
    crew.sink.faults({"at": "after-body", "do": "delay", "delay_seconds": 0.1})
    message = await crew.release(PEOPLE)
    deadline = time.monotonic() + 30
    while True:  # it stands still while it is looked at: it could record all of that before it is killed
        mail.freeze()
        if unrecorded(await crew.account(message)) > 4 * CONNECTIONS:
            break
        mail.thaw()
        assert time.monotonic() < deadline, crew.report()
        await asyncio.sleep(0.05)
    crew.kill(mail)
    await asyncio.sleep(0.3)  # the relay ends what it was in the middle of
    account = await crew.account(message)
    assert unrecorded(account) > 3 * CONNECTIONS, "the record lags, or this is no test"
    crew.sink.no_faults()
    return message, account


async def test_what_the_relay_accepted_is_recorded_by_the_next_worker_and_only_what_was_in_flight_is_sent_again(
    crew: Crew,
) -> None:
    """Everybody whom the relay answered is told once; whoever was on the way is in doubt, and counted."""
    mail = crew.start("mail", **UNRECORDED)
    message, _ = await killed_in_the_middle(crew, mail)
    crew.restart(mail)
    account = await crew.until_done(message)
    account.holds(bound=CONNECTIONS)
    assert account.possible_duplicates <= CONNECTIONS
    assert not crew.logged("taken_over")
    crew.stop(mail)
    assert not journals(crew), "what is replayed and what is finished leaves no file"


async def test_a_second_worker_on_the_machine_replays_it_at_once_and_not_after_the_lease(crew: Crew) -> None:
    """A free lock proves its owner dead. The lease here is longer than the test."""
    mails = [crew.start("mail", ready=False, lease_seconds=300, **UNRECORDED) for _ in range(2)]
    for mail in mails:
        mail.wait_ready()
    message, _ = await killed_in_the_middle(crew, mails[0])
    account = await crew.until_done(message)
    account.holds(bound=CONNECTIONS)
    assert account.possible_duplicates <= CONNECTIONS
    assert mails[1].logged("journal_replayed")
    assert not crew.logged("peer_silent")
    crew.stop(mails[1])


async def test_with_the_journal_gone_all_that_was_claimed_and_not_recorded_is_in_doubt_and_nothing_else(
    crew: Crew,
) -> None:
    """The machine is lost with its disk: a peer elsewhere waits for the lease, and sends again what it cannot know."""
    mail = crew.start("mail", **UNRECORDED)
    message, left = await killed_in_the_middle(crew, mail)
    shutil.rmtree(data_of(mail) / "journal")
    elsewhere = crew.start("mail", ready=False, data_dir=crew.folder / "elsewhere", smtp_connections=CONNECTIONS)
    account = await crew.until_done(message)
    account.holds(bound=len(left.copies) - left.states.get("accepted", 0))
    assert account.possible_duplicates <= left.states["claimed"]
    assert elsewhere.logged("taken_over")
    crew.stop(elsewhere)


def data_of(program: Program) -> Path:
    """A program's data folder."""
    return Path(program.env["ROELAND_DATA_DIR"])


def journals(crew: Crew) -> list[Path]:
    """The journals that lie about."""
    return list((Path(crew.env["ROELAND_DATA_DIR"]) / "journal").glob("*.journal"))
