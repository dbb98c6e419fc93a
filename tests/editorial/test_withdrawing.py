"""A released message is taken back: at once, for good, with the feed marked, and told to those who got it if asked."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.commands import Answer, WithdrawMessage
from services.domain.states import State
from services.runtime.postgres import connect
from services.store import feeds, variants
from tests.editorial.rooms import AUDITOR, AUTHOR, MANAGER, SECOND, Rooms
from tests.editorial.test_corrections import correction, half_sent
from tests.editorial.test_corrections_at_once import announced

pytestmark = pytest.mark.stack

REASON = "Verkeerd incident."


async def withdraw(desk: Rooms, message_id: UUID, user: int = SECOND, reason: str = REASON, **more: Any) -> Answer:
    """As an approver, without telling anybody."""
    return await desk.ask(WithdrawMessage(message_id=message_id, reason=reason, **more), user)


async def test_nothing_more_is_sent_of_what_is_withdrawn(desk: Rooms, incident: str):
    """As a stop; and it is on record who did it and why."""
    original = await half_sent(desk, incident)
    answer = await withdraw(desk, original)
    assert answer.done, answer
    assert (answer.result["state"], answer.result["told"], answer.result["notice"]) == ("withdrawn", 0, None)
    assert await desk.claim(original) is None
    number = await desk.number(original)
    await desk.until("SELECT planned = 0 AND superseded = 3 FROM batch WHERE message = %s", number)
    acts = "SELECT user_id, act, reason FROM approval WHERE message = %s ORDER BY id DESC LIMIT 1"
    assert await desk.rows(acts, number) == [(SECOND, "withdraw", REASON)]
    audited = """SELECT a.actor, r.text FROM audit a JOIN audit_reason r ON r.audit = a.id
        WHERE a.action = 'message.withdrawn' AND a.subject = %s"""
    assert await desk.rows(audited, f"message:{original}") == [(SECOND, REASON)]


async def test_those_who_got_it_are_told_where_they_got_it(desk: Rooms, incident: str):
    """Also who may have got it; nobody else. In the lane of the original, and under it in the mailbox."""
    original = await half_sent(desk, incident)
    answer = await withdraw(desk, original, notify=True)
    assert answer.result["told"] == 2, answer
    notice = UUID(answer.result["notice"])
    assert await desk.recipients(notice) == {"g1", "b1"}
    row = "SELECT m.kind, m.lane, m.state, b.priority FROM message m JOIN batch b ON b.message = m.number WHERE id = %s"
    assert await desk.rows(row, notice) == [("update", "urgent", "released", 0)]
    said = await desk.rows("SELECT subject, text FROM variant WHERE message = %s", await desk.number(notice))
    assert {subject for subject, _ in said} == {"Ingetrokken: Titel"}
    assert all("Wij trekken dit bericht in: ‘Titel’" in text and f"Reden: {REASON}" in text for _, text in said)
    assert not any("terugvaloplossing" in text for _, text in said), "nobody is asked what a phase asks"
    threads = "SELECT count(*) FROM thread WHERE message = %s AND earlier = %s AND depth = 1"
    assert await desk.one(threads, await desk.number(notice), await desk.number(original)) == 2


async def test_nobody_is_told_of_what_nobody_got(desk: Rooms, incident: str):
    """Then there is no notice at all, not one to nobody."""
    original = await desk.released(incident=incident)
    answer = await withdraw(desk, original, notify=True)
    assert answer.done and answer.result["notice"] is None
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 1


async def test_its_feed_entries_stay_and_say_so(desk: Rooms, incident: str):
    """Who read it there looks there; and a reader that has it shows it anew."""
    original = await desk.released(incident=incident, channels=["newsfeed"])
    number = await desk.number(original)
    async with connect(desk.database) as connection:
        for variant in (await variants.read(connection, number)).values():
            await feeds.record_entry(connection, number, variant)
    assert (await withdraw(desk, original, notify=True)).result["feed_entries"] == 2
    async with connect(desk.database) as connection:
        entry = next(each for each in await feeds.entries(connection, "governors") if each.message_id == original)
    assert entry.withdrawn_at is not None and entry.updated_at > entry.published_at


async def test_what_cannot_be_withdrawn_is_refused_with_the_remedy(desk: Rooms, incident: str):
    """Each in words that say what to do instead."""
    proofed = await desk.proofed(incident=incident)
    assert "message reject" in ((await withdraw(desk, proofed)).error or "")
    assert (await desk.reject(proofed)).done
    assert "was rejected" in ((await withdraw(desk, proofed)).error or "")
    assert "no message" in ((await withdraw(desk, uuid4())).error or "")
    released = await desk.released(incident=incident, title=[{"text": "Anders"}])
    assert "needs a reason" in ((await withdraw(desk, released, reason=" ")).error or "")
    for user in (AUTHOR, AUDITOR):
        assert "no role" in ((await withdraw(desk, released, user)).error or "")
    assert (await withdraw(desk, released)).done
    again = await withdraw(desk, released, notify=True)
    assert "withdrawn already" in (again.error or "")
    told = "SELECT count(*) FROM message WHERE incident = %s AND kind <> 'notice'"  # the author hears of the rejection
    assert await desk.one(told, incident) == 2


async def test_of_two_who_withdraw_at_once_one_tells_the_people(desk: Rooms, incident: str):
    """Nobody gets two notices of one thing."""
    original = await half_sent(desk, incident)
    answers = await asyncio.gather(*(withdraw(desk, original, user, notify=True) for user in (SECOND, MANAGER)))
    assert sorted(answer.done for answer in answers) == [False, True]
    notices = "SELECT count(*) FROM message WHERE incident = %s AND kind = 'update' AND corrects IS NOT NULL"
    assert await desk.one(notices, incident) == 1


async def test_a_withdrawn_correction_is_told_to_those_who_got_that_one(desk: Rooms, incident: str):
    """Not to those who got the first error alone: they never heard of it. And the error can be put right anew."""
    original = await half_sent(desk, incident)
    righted = await desk.proofed(**correction(incident, original))
    await announced(desk, righted)
    claimed = await desk.claim(righted)
    assert claimed is not None
    first = claimed.deliveries[0].sequence
    fates = {d.sequence: State.ACCEPTED if d.sequence == first else State.BOUNCED for d in claimed.deliveries}
    await desk.settle(claimed, fates)
    answer = await withdraw(desk, righted, notify=True)
    assert answer.result["told"] == 1
    await desk.proofed(**correction(incident, original, title=[{"text": "Nu juist"}]))


async def test_a_stopped_message_can_still_be_withdrawn(desk: Rooms, incident: str):
    """Stopping ended the sending; what it had said still stands in mailboxes."""
    original = await half_sent(desk, incident)
    await desk.halt(original, "stop")
    answer = await withdraw(desk, original, notify=True)
    assert (answer.result["state"], answer.result["told"]) == ("withdrawn", 2)


async def test_what_was_withdrawn_can_be_corrected(desk: Rooms, incident: str):
    """Taking it back is quick; what is right may be known an hour later, and goes to the same people."""
    original = await half_sent(desk, incident)
    assert (await withdraw(desk, original)).done
    assert await desk.recipients(await desk.proofed(**correction(incident, original))) == {"g1", "b1"}
