"""A message has revisions; what is approved is the one that was seen, and at most one is ever released."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from services.domain.commands import ApproveMessage, SubmitMessage
from tests.domain.messages import sendable as content_of
from tests.editorial.rooms import AUTHOR, MANAGER, SECOND, Rooms

pytestmark = pytest.mark.stack


async def revise(desk: Rooms, message_id: UUID, user: int = AUTHOR, **fields):
    content = content_of(**fields).model_dump(mode="json")
    return await desk.ask(SubmitMessage(message_id=message_id, content=content, revises=True), user)


async def proofed_again(desk: Rooms, message_id: UUID, revision: int) -> None:
    query = "SELECT bool_or(revision = %s AND state = 'proofed') FROM message WHERE id = %s"
    await desk.until(query, revision, message_id)


async def states(desk: Rooms, message_id: UUID) -> list[str]:
    return [
        state for (state,) in await desk.rows("SELECT state FROM message WHERE id = %s ORDER BY revision", message_id)
    ]


async def test_a_refused_message_comes_back_as_its_next_revision(desk: Rooms, incident: str):
    """The author mends what the approver refused; the id that everybody has by now stays the message's."""
    message_id = await desk.proofed(incident=incident)
    assert (await desk.reject(message_id)).done
    assert (await revise(desk, message_id, incident=incident, title=[{"text": "Beter"}])).done
    await proofed_again(desk, message_id, 2)
    assert (await desk.approve(message_id)).done
    assert await states(desk, message_id) == ["replaced", "released"]


async def test_who_wrote_any_revision_approves_none(desk: Rooms, incident: str):
    """Else two authors could let each other's words pass."""
    message_id = await desk.proofed(MANAGER, incident=incident)
    assert (await revise(desk, message_id, AUTHOR, incident=incident, title=[{"text": "Anders"}])).done
    await proofed_again(desk, message_id, 2)
    assert "does not approve it" in ((await desk.approve(message_id, MANAGER)).error or "")
    assert (await desk.approve(message_id, SECOND)).done


async def test_an_approval_of_a_proof_that_stands_no_more_is_refused(desk: Rooms, incident: str):
    """Between looking and approving the author changed a word: the approver must see that word."""
    message_id = await desk.proofed(incident=incident)
    seen = await desk.one("SELECT proof_hash FROM message WHERE id = %s", message_id)
    assert (await revise(desk, message_id, incident=incident, title=[{"text": "Een ander woord"}])).done
    await proofed_again(desk, message_id, 2)
    answer = await desk.ask(ApproveMessage(message_id=message_id, proof=seen), SECOND)
    assert not answer.done and "another proof" in (answer.error or "")
    assert await states(desk, message_id) == ["replaced", "proofed"]


async def test_approval_and_revision_at_the_same_time_release_one_of_them(desk: Rooms, incident: str):
    """Whichever comes first: never both, never half."""
    for number in range(5):
        message_id = await desk.proofed(incident=f"{incident}-{number}")
        seen = await desk.one("SELECT proof_hash FROM message WHERE id = %s", message_id)
        approved, revised = await asyncio.gather(
            desk.ask(ApproveMessage(message_id=message_id, proof=seen), SECOND),
            revise(desk, message_id, incident=f"{incident}-{number}", title=[{"text": "Nieuw"}]),
        )
        assert approved.done is not revised.done
        released = [state == "released" for state in await states(desk, message_id)]
        assert sum(released) == approved.done


async def test_what_was_released_is_corrected_and_not_revised(desk: Rooms, incident: str):
    """Nor is anything that belongs to another incident, or that does not exist."""
    message_id = await desk.released(incident=incident)
    assert "kind: correction" in ((await revise(desk, message_id, incident=incident)).error or "")
    waiting = await desk.proofed(incident=incident, title=[{"text": "Wacht"}])
    assert "stays in its incident" in ((await revise(desk, waiting, incident=f"{incident}-2")).error or "")
    assert "there is no message" in ((await revise(desk, UUID(int=9), incident=incident)).error or "")
    assert await states(desk, waiting) == ["proofed"]


async def test_the_database_releases_one_revision_at_most(desk: Rooms, incident: str):
    """Whatever the code does wrong one day."""
    message_id = await desk.released(incident=incident)

    with pytest.raises(psycopg.errors.UniqueViolation):
        await desk.rows(
            """INSERT INTO message (id, revision, incident, kind, lane, priority, phase, exercise, content,
                content_hash, state, submitted_by, released_at)
            SELECT id, 2, incident, kind, lane, priority, phase, exercise, content, content_hash, 'released',
                submitted_by, now() FROM message WHERE id = %s RETURNING 1""",
            message_id,
        )


async def test_the_plan_of_a_replaced_revision_reaches_nobody(desk: Rooms, incident: str):
    """Its deliveries end as superseded; nothing of it waits for ever."""
    message_id = await desk.proofed(incident=incident)
    first = await desk.number(message_id)
    assert (await revise(desk, message_id, incident=incident, title=[{"text": "Tweede"}])).done
    query = "SELECT sum(superseded) > 0 AND sum(planned) = 0 FROM batch WHERE message = %s"
    await desk.until(query, first)
