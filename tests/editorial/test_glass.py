"""Broken glass: everyone with the role is told, and a second person judges it, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from uuid_utils import uuid7

from services.domain.commands import Answer, ApproveMessage, JudgeMessage, SubmitMessage, TakeBackMessage
from services.runtime.postgres import connect
from tests.editorial.rooms import AUDITOR, AUTHOR, MANAGER, SECOND, Rooms, content_of
from tests.editorial.test_duty import notices

pytestmark = pytest.mark.stack

REASON = "niemand bereikbaar"


async def broken(desk: Rooms, incident: str, user: int = AUTHOR) -> UUID:
    """A message that the manager released alone."""
    message_id = await desk.proofed(user, incident=incident)
    answer = await desk.ask(ApproveMessage(message_id=message_id, break_glass=REASON), MANAGER)
    assert answer.done, answer
    return message_id


async def judge(desk: Rooms, message_id: UUID, user: int, verdict: str = "confirm", reason: str = "") -> Answer:
    return await desk.ask(JudgeMessage(message_id=message_id, verdict=verdict, reason=reason), user)


async def rings(desk: Rooms, message_id: UUID) -> bool:
    query = "SELECT count(*) FROM alarm WHERE kind = 'glass-broken' AND subject = %s AND cleared_at IS NULL"
    return await desk.one(query, str(message_id)) == 1


async def until_told(desk: Rooms, message_id: UUID, count: int) -> None:
    query = "SELECT count(*) = %s FROM message WHERE kind = 'notice' AND content->>'about' = %s"
    await desk.until(query, count, str(message_id))


async def test_everyone_with_the_role_is_told_but_who_did_it_and_the_alarm_rings_until_confirmed(
    desk: Rooms, incident: str
):
    """One person alone spoke for the government: the others must know while it can still be stopped."""
    message_id = await broken(desk, incident)
    await until_told(desk, message_id, 1)
    ((address, subject, text),) = await notices(desk, message_id)
    assert address == "second@example.org"
    assert subject.startswith("Glas gebroken")
    assert "manager@example.org" in text and REASON in text
    assert await rings(desk, message_id)
    assert (await judge(desk, message_id, SECOND)).result["verdict"] == "confirmed"
    assert not await rings(desk, message_id)
    acts = "SELECT array_agg(act ORDER BY a.id) FROM approval a JOIN message m ON m.number = a.message WHERE m.id = %s"
    assert await desk.one(acts, message_id) == ["break-glass", "confirm"]


async def test_only_a_second_person_with_the_role_judges_and_once(desk: Rooms, incident: str):
    """Whoever broke it, wrote it, or was not asked, cannot close the case; nor can it be closed twice."""
    message_id = await broken(desk, incident)
    assert "broke the glass" in ((await judge(desk, message_id, MANAGER)).error or "")
    for user in (AUTHOR, AUDITOR):
        assert "no role" in ((await judge(desk, message_id, user)).error or "")
    assert "needs a reason" in ((await judge(desk, message_id, SECOND, "dispute", " ")).error or "")
    assert await rings(desk, message_id)
    both = await asyncio.gather(
        judge(desk, message_id, SECOND), judge(desk, message_id, SECOND, "dispute", "cijfer fout")
    )
    assert sorted(answer.done for answer in both) == [False, True]
    assert "already" in next(answer.error or "" for answer in both if not answer.done)


async def test_who_wrote_it_does_not_judge_it_whatever_their_role(desk: Rooms, incident: str):
    """Two people must have looked: the author and the breaker are not the second pair of eyes."""
    await desk.rows("UPDATE users SET roles = '{author,approver}' WHERE id = %s RETURNING 1", AUTHOR)
    try:
        message_id = await broken(desk, incident)
        assert "wrote" in ((await judge(desk, message_id, AUTHOR)).error or "")
    finally:
        await desk.rows("UPDATE users SET roles = '{author}' WHERE id = %s RETURNING 1", AUTHOR)


async def test_a_dispute_tells_the_crisis_managers_and_says_what_may_be_done(desk: Rooms, incident: str):
    """It stops nothing by itself: a person decides, and knows how."""
    message_id = await broken(desk, incident)
    await until_told(desk, message_id, 1)
    answer = await judge(desk, message_id, SECOND, "dispute", "cijfer fout")
    assert answer.result["verdict"] == "disputed"
    assert f"message stop {message_id}" in answer.result["suggestion"]
    assert "correction" in answer.result["suggestion"]
    await until_told(desk, message_id, 2)
    address, subject, text = (await notices(desk, message_id))[-1]
    assert (address, subject.split(":")[0]) == ("manager@example.org", "Betwist")
    assert "cijfer fout" in text
    assert not await rings(desk, message_id)


async def test_what_was_approved_as_usual_has_nothing_to_judge(desk: Rooms, incident: str):
    """Nor has what nobody knows."""
    message_id = await desk.released(incident=incident)
    assert "nothing to confirm" in ((await judge(desk, message_id, MANAGER)).error or "")
    assert "there is no message" in ((await judge(desk, UUID(int=9), SECOND)).error or "")


async def test_what_is_taken_back_before_it_went_out_is_no_open_case(desk: Rooms, incident: str):
    """Nobody got it: an alarm that nobody can end would teach people not to look."""
    later = datetime.now(UTC) + timedelta(hours=1)
    message_id = await desk.proofed(incident=incident, release_at=later)
    assert (await desk.ask(ApproveMessage(message_id=message_id, break_glass=REASON), MANAGER)).done
    assert await rings(desk, message_id)
    assert (await desk.ask(TakeBackMessage(message_id=message_id), AUTHOR)).done
    assert not await rings(desk, message_id)
    assert "nothing to confirm" in ((await judge(desk, message_id, SECOND)).error or "")


async def at_proof(
    desk: Rooms, incident: str, user: int = MANAGER, *, confirmed: int = 3, urgency: str = "urgent"
) -> tuple[UUID, Answer]:
    """Submitted, to be released alone at its proof."""
    message_id = UUID(str(uuid7()))
    content = content_of(incident=incident, urgency=urgency).model_dump(mode="json")
    body = SubmitMessage(message_id=message_id, content=content, again=True, break_glass=REASON, confirmed=confirmed)
    return message_id, await desk.ask(body, user)


async def test_what_was_confirmed_beforehand_is_released_at_its_proof_and_judged_like_any(desk: Rooms, incident: str):
    """At night the way back to the phone and here again is a third of the time to the first SMS."""
    other = await desk.proofed(incident=incident)
    count = await desk.one("SELECT recipients FROM message WHERE id = %s", other)
    message_id, answer = await at_proof(desk, incident, confirmed=count)
    assert answer.done, answer
    await desk.until("SELECT state = 'released' FROM message WHERE id = %s", message_id)
    await until_told(desk, message_id, 1)
    assert await rings(desk, message_id)
    action = "SELECT action FROM audit WHERE subject = %s AND action LIKE 'message.%%' ORDER BY id"
    acts = [act for (act,) in await desk.rows(action, f"message:{message_id}")]
    assert acts[:2] == ["message.submitted", "message.glass-broken"]


async def test_for_other_recipients_than_were_confirmed_it_waits(desk: Rooms, incident: str):
    """The number that was typed is what was confirmed: a list that grew meanwhile is looked at once more."""
    message_id, answer = await at_proof(desk, incident, confirmed=4711)
    assert answer.done, answer
    await desk.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
    assert not await rings(desk, message_id)


async def test_only_who_may_break_the_glass_asks_for_it_and_only_for_what_is_urgent(desk: Rooms, incident: str):
    """A way round the second pair of eyes must be no wider than the one that there was."""
    for user, urgency, why in ((AUTHOR, "urgent", "only a crisis manager"), (MANAGER, "routine", "only an urgent")):
        message_id, answer = await at_proof(desk, incident, user, urgency=urgency)
        assert why in (answer.error or "")
        assert not await desk.one("SELECT count(*) FROM message WHERE id = %s", message_id)


async def test_who_was_disabled_before_the_proof_releases_nothing(desk: Rooms, incident: str):
    """What they asked for waits for somebody else: a right is looked at when it is used."""
    async with connect(desk.database, autocommit=True) as connection:
        await connection.execute(_DISABLES)
        try:
            other = await desk.proofed(incident=incident)
            count = await desk.one("SELECT recipients FROM message WHERE id = %s", other)
            message_id, answer = await at_proof(desk, incident, confirmed=count)
            assert answer.done, answer
            await desk.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
            assert await desk.state(message_id) == "proofed"
            assert not await rings(desk, message_id)
        finally:
            await connection.execute("DROP TRIGGER disables ON glass_at_proof")
            await connection.execute("UPDATE users SET disabled_at = NULL")


_DISABLES = """
CREATE OR REPLACE FUNCTION disables() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE users SET disabled_at = now() WHERE id = NEW.user_id; RETURN NEW; END $$;
CREATE TRIGGER disables AFTER INSERT ON glass_at_proof FOR EACH ROW EXECUTE FUNCTION disables();
"""
