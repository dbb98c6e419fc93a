"""The way of a message through editorial and dispatch: submitted, proofed, approved, released, announced."""

import pytest

from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack


async def test_an_approved_message_is_released_and_announced(desk: Rooms, incident: str):
    """The whole way, within what a crisis manager at night accepts: everything else is a variation on this."""
    message_id, answer = await desk.submit(incident=incident)
    assert answer.done, answer
    assert answer.result["id"] == str(message_id)
    assert answer.result["state"] == "submitted"
    assert {finding["place"] for finding in answer.result["findings"]} == {"unknown"}
    await desk.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
    approved = await desk.approve(message_id)
    assert approved.done, approved
    assert approved.result["state"] == "released"
    assert approved.result["approved_at"].endswith("Z")
    await desk.until(
        "SELECT bool_and(announced_at IS NOT NULL) FROM batch JOIN message m ON m.number = batch.message"
        " WHERE m.id = %s",
        message_id,
    )
