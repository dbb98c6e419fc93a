"""What measures the promise must itself be able to fail: ledger and peers are really compared."""

import pytest

from services.domain.states import State
from tests.faults.accounts import Broken, Told, disagreement
from tests.faults.harness import Crew

pytestmark = pytest.mark.stack


async def test_a_message_without_faults_holds_without_a_single_doubt(crew: Crew) -> None:
    """Mail and SMS to everybody, once; nothing in doubt while nothing fails. And the account sees what is wrong."""
    for service in ("dispatch", "mail", "sms"):
        crew.start(service, ready=False)
    for program in crew.programs:
        program.wait_ready()
    message = await crew.release(people=120, channels=("mail", "sms"))
    account = await crew.until_done(message)
    account.holds()
    assert account.channels == {"mail": {"accepted": 120}, "sms": {"accepted": 120}}
    assert len(account.copies) == 240
    assert crew.sink is not None
    lost = next(path for path in crew.sink.maildir.joinpath("new").iterdir())
    lost.with_name("second").write_bytes(lost.read_bytes())
    with pytest.raises(Broken, match="1 second copies, and 0 counted"):
        (await crew.account(message)).holds(bound=1)
    lost.with_name("second").unlink()
    lost.unlink()
    with pytest.raises(Broken, match="lost: contact"):
        (await crew.account(message)).holds()
    async with crew.connect() as connection:
        await connection.execute("UPDATE delivery SET state = 30 WHERE message = %s", (message.number,))
    with pytest.raises(Broken, match="sent against the record"):
        (await crew.account(message)).holds()


@pytest.mark.parametrize(
    ("channel", "state", "doubts", "copies", "wrong"),
    [
        ("mail", State.ACCEPTED, 0, 0, True),
        ("mail", State.ACCEPTED, 0, 1, False),
        ("newsfeed", State.ACCEPTED, 0, 0, True),
        ("sms", State.BOUNCED, 0, 1, False),  # it was taken, and not delivered
        ("sms", State.BOUNCED, 0, 0, True),
        ("mail", State.BOUNCED, 0, 1, True),
        ("mail", State.BOUNCED, 1, 1, False),  # what the last attempt was told (docs/delivery.md)
        ("mail", State.UNKNOWN, 1, 1, False),
        ("mail", State.UNKNOWN, 1, 0, False),
        *(
            (channel, state, doubts, copies, copies > 0)
            for channel in ("mail", "sms", "newsfeed")
            for state in (State.SUPERSEDED, State.EXPIRED, State.SUPPRESSED, State.FAILED)
            for doubts in (0, 1)
            for copies in (0, 1)
        ),
    ],
)
def test_a_state_that_the_peer_contradicts_is_a_lie(
    channel: str, state: State, doubts: int, copies: int, wrong: bool
) -> None:
    """Whatever doubt there was: unsent after a doubt is `unknown`, never an end that says that nobody has it."""
    told = Told(1, channel, "somewhere", state, attempt=1 + doubts, doubts=doubts, again=False)
    assert bool(disagreement(told, copies)) is wrong
