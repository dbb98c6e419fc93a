"""Whoever wrote a message hears what others decided about it, with the reason."""

import pytest

from services.domain.commands import RejectMessage
from tests.editorial.rooms import AUTHOR, SECOND, Rooms
from tests.editorial.test_duty import notices
from tests.editorial.test_glass import until_told

pytestmark = pytest.mark.stack


async def test_the_author_is_told_of_a_rejection_with_its_reason(desk: Rooms, incident: str) -> None:
    """They went home, counting on it; nobody else has to hear."""
    message_id = await desk.proofed(AUTHOR, incident=incident)
    assert (await desk.ask(RejectMessage(message_id=message_id, reason="de cijfers kloppen niet"), SECOND)).done
    await until_told(desk, message_id, 1)
    told = await notices(desk, message_id)
    assert {address for address, *_ in told} == {"author@example.org"}
    _, subject, text = told[0]
    assert subject.startswith("Afgekeurd: ")
    assert "second@example.org keurde uw bericht af" in text and "Reden: de cijfers kloppen niet" in text


async def test_a_rejection_without_a_reason_is_told_too_and_whoever_withdraws_their_own_knows(
    desk: Rooms, incident: str
) -> None:
    """In a hurry `message reject ID` is enough; the console asks for a reason."""
    theirs, own = [await desk.proofed(AUTHOR, incident=incident, again=bool(n)) for n in range(2)]
    assert (await desk.ask(RejectMessage(message_id=theirs), SECOND)).result["state"] == "rejected"
    assert (await desk.ask(RejectMessage(message_id=own), AUTHOR)).result["state"] == "withdrawn"
    await until_told(desk, theirs, 1)
    assert "Reden:" not in (await notices(desk, theirs))[0][2]
    assert await notices(desk, own) == []
