"""Four eyes, once, and only what was proofed."""

import asyncio
from uuid import UUID

import pytest

from services.domain.commands import ApproveMessage
from tests.editorial.rooms import AUDITOR, AUTHOR, MANAGER, Rooms

pytestmark = pytest.mark.stack


async def untouched(desk: Rooms, message_id) -> bool:
    """Nothing of it was approved, released or published."""
    released = await desk.one("SELECT released_at FROM message WHERE id = %s", message_id)
    approved = await desk.one(
        "SELECT count(*) FROM audit WHERE subject = %s AND action = 'message.approved'", f"message:{message_id}"
    )
    return released is None and approved == 0


async def test_an_author_cannot_approve_their_own_message(desk: Rooms, incident: str):
    """Not even a crisis manager, who has both roles: the second pair of eyes is the point."""
    message_id = await desk.proofed(MANAGER, incident=incident)
    answer = await desk.approve(message_id, MANAGER)
    assert not answer.done
    assert "does not approve it" in (answer.error or "")
    assert await untouched(desk, message_id)
    for user in (AUTHOR, AUDITOR):
        assert "no role" in ((await desk.approve(message_id, user)).error or "")
    assert await untouched(desk, message_id)


async def test_a_message_is_approved_once(desk: Rooms, incident: str):
    """Two approvals at the same time release it once; so does one more later."""
    message_id = await desk.proofed(incident=incident)
    answers = await asyncio.gather(desk.approve(message_id), desk.approve(message_id, MANAGER))
    assert sorted(answer.done for answer in answers) == [False, True]
    assert "approved already" in next(answer.error or "" for answer in answers if not answer.done)
    assert "approved already" in ((await desk.approve(message_id)).error or "")
    assert (
        await desk.one(
            "SELECT count(*) FROM audit WHERE subject = %s AND action = 'message.approved'", f"message:{message_id}"
        )
        == 1
    )


async def move(desk: Rooms, external_id: str, mail: str) -> None:
    """This contact gets another mail address, as by an import."""
    contact = await desk.one("UPDATE contact SET updated_at = now() WHERE external_id = %s RETURNING id", external_id)
    await desk.rows("UPDATE address SET current = false WHERE contact = %s RETURNING 1", contact)
    await desk.rows("INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', %s) RETURNING 1", contact, mail)


async def test_who_has_an_address_alone_since_the_proof_gets_a_copy_of_their_own(desk: Rooms, incident: str):
    """At the proof b2 was reached at g2's mailbox. Approval, release and the audit go on as ever."""
    message_id = await desk.proofed(incident=incident)
    await move(desk, "b2", "b2@example.org")
    try:
        assert (await desk.approve(message_id)).done
    finally:
        await move(desk, "b2", "G2@example.org")
    alone = "SELECT array_agg(DISTINCT contacts) FROM delivery WHERE message = %s"
    assert await desk.one(alone, await desk.number(message_id)) == [1]
    assert await desk.one("SELECT recipients FROM message WHERE id = %s", message_id) == 6
    detail = "SELECT detail->'planned_anew' FROM audit WHERE subject = %s AND action = 'message.approved'"
    assert await desk.one(detail, f"message:{message_id}") == 6


async def test_what_is_unknown_stopped_rejected_or_not_yet_proofed_is_not_approved(desk: Rooms, incident: str):
    """Each is refused with its reason, and with no effect."""
    assert "there is no message" in ((await desk.approve(UUID(int=7))).error or "")
    stopped, rejected = [await desk.proofed(incident=incident, title=[{"text": text}]) for text in "ab"]
    await desk.halt(stopped, "stop")
    assert "was stopped" in ((await desk.approve(stopped)).error or "")
    assert (await desk.reject(rejected)).result["state"] == "rejected"
    assert "was rejected" in ((await desk.approve(rejected)).error or "")
    await desk.rows("UPDATE message SET state = 'submitted' WHERE id = %s RETURNING 1", rejected)
    assert "not yet proofed" in ((await desk.ask(ApproveMessage(message_id=rejected), MANAGER)).error or "")
    for message_id in (stopped, rejected):
        assert await untouched(desk, message_id)


async def test_authors_withdraw_only_what_is_theirs(desk: Rooms, incident: str):
    """An author who is no approver cannot block a colleague's message."""
    own, other = await desk.proofed(incident=incident), await desk.proofed(MANAGER, incident=f"{incident}-2")
    assert (await desk.reject(own, AUTHOR)).result["state"] == "withdrawn"
    assert "no role" in ((await desk.reject(other, AUTHOR)).error or "")
    assert await desk.state(other) == "proofed"
    assert "was withdrawn" in ((await desk.approve(own)).error or "")


async def test_an_address_that_changed_after_the_proof_is_the_one_that_is_used(desk: Rooms, incident: str):
    """The plan pins addresses at release: who moved in between is not missed, who left gets nothing."""
    message_id = await desk.proofed(incident=incident, audiences=["governors"])
    await desk.rows("UPDATE contact SET updated_at = clock_timestamp() WHERE external_id = 'g3' RETURNING 1")
    await desk.rows(
        "UPDATE address SET current = false WHERE value = 'g3@example.org' AND channel = 'mail' RETURNING 1"
    )
    try:
        assert (await desk.approve(message_id)).done
        number = await desk.number(message_id)
        assert await desk.rows("SELECT planned, suppressed FROM batch WHERE message = %s", number) == [(2, 1)]
    finally:
        await desk.rows("UPDATE address SET current = true WHERE value = 'g3@example.org' RETURNING 1")
