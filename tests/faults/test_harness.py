"""What measures the promise must itself be able to fail: ledger and peers are really compared."""

import pytest

from tests.faults.accounts import Broken
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
