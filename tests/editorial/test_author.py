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


async def test_nobody_rejects_what_another_wrote_without_a_reason(desk: Rooms, incident: str) -> None:
    """The author has to know what to mend; who withdraws their own knows."""
    message_id = await desk.proofed(AUTHOR, incident=incident)
    answer = await desk.ask(RejectMessage(message_id=message_id, reason="  "), SECOND)
    assert not answer.done and "--reason" in (answer.error or "")
    assert await desk.state(message_id) == "proofed"
    assert (await desk.ask(RejectMessage(message_id=message_id), AUTHOR)).result["state"] == "withdrawn"
    assert await notices(desk, message_id) == []
