"""Corrections of corrections, two at once, all-clears twice or in the middle of an alert: one outcome for each."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.domain.states import State
from tests.editorial.rooms import Rooms
from tests.editorial.test_corrections import correction, half_sent

pytestmark = pytest.mark.stack


def all_clear(incident: str, **fields: Any) -> dict[str, Any]:
    """An all-clear that leaves out audiences and channels."""
    plain = {"incident": incident, "kind": "all-clear", "audiences": [], "channels": [], "title": [{"text": "Voorbij"}]}
    return plain | fields


async def announced(desk: Rooms, message_id: UUID) -> None:
    """Approve it, and wait until workers may claim it."""
    assert (await desk.approve(message_id)).done
    told = "SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE planned > 0 AND message = %s"
    await desk.until(told, await desk.number(message_id))


async def test_of_two_corrections_at_once_one_is_taken(desk: Rooms, incident: str):
    """Two people who see the error at the same time must not send two versions of what is right."""
    original = await half_sent(desk, incident)
    given = await asyncio.gather(
        *(desk.submit(**correction(incident, original, title=[{"text": title}])) for title in ("Zo", "Of zo"))
    )
    taken = [message_id for message_id, answer in given if answer.done]
    refused = [answer.problems[0] for _, answer in given if not answer.done]
    assert (len(taken), len(refused)) == (1, 1)
    assert str(taken[0]) in refused[0]["problem"] and "--revises" in refused[0]["remedy"]


async def test_after_a_correction_the_next_one_corrects_that(desk: Rooms, incident: str):
    """Its mails stand under both; who got the error and not the first correction is told too."""
    original = await half_sent(desk, incident)
    first = await desk.proofed(**correction(incident, original))
    await announced(desk, first)
    claimed = await desk.claim(first)
    assert claimed is not None
    contacts = dict(await desk.rows("SELECT id, external_id FROM contact"))
    await desk.settle(
        claimed,
        {d.sequence: State.ACCEPTED if contacts[d.contact or 0] == "g1" else State.FAILED for d in claimed.deliveries},
    )
    _, refused = await desk.submit(**correction(incident, original, title=[{"text": "Beter"}]))
    assert f"corrects: {first}" in refused.problems[0]["remedy"]
    second = await desk.proofed(**correction(incident, first, title=[{"text": "Beter"}]))
    threads = """SELECT c.external_id, array_agg(m.id ORDER BY t.depth DESC) FROM thread t
        JOIN message own ON own.number = t.message JOIN message m ON m.number = t.earlier
        JOIN delivery d ON d.message = t.message AND d.sequence = t.sequence JOIN contact c ON c.id = d.contact
        WHERE own.id = %s GROUP BY 1 ORDER BY 1"""
    assert await desk.rows(threads, second) == [("b1", [original]), ("g1", [original, first])]


async def test_a_rejected_correction_makes_room_for_another(desk: Rooms, incident: str):
    """It was wrong itself; and its next revision is refused once there is another."""
    original = await half_sent(desk, incident)
    first = await desk.proofed(**correction(incident, original))
    assert (await desk.reject(first)).done
    second = await desk.proofed(**correction(incident, original, title=[{"text": "Beter"}]))
    assert await desk.recipients(second) == {"g1", "b1"}


async def test_an_error_to_a_shared_address_is_answered_there(desk: Rooms, incident: str):
    """Gouverneur B's copy stood for Dienst B too. B is gone: what Dienst B reads there stands under that very mail."""
    original = await desk.released(incident=incident)
    claimed = await desk.claim(original)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    removed = "UPDATE contact SET removed_at = {} WHERE external_id = 'g2' RETURNING 1"
    await desk.rows(removed.format("now()"))
    try:
        second = await desk.proofed(**correction(incident, original))
    finally:
        await desk.rows(removed.format("NULL"))
    assert await desk.recipients(second) == {"g1", "g3", "b1", "b2"}
    answered = """SELECT own.external_id, before.external_id FROM thread t
        JOIN delivery d USING (message, sequence) JOIN contact own ON own.id = d.contact
        JOIN delivery e ON e.message = t.earlier AND e.sequence = t.earlier_sequence
        JOIN contact before ON before.id = e.contact WHERE t.message = %s"""
    found = dict(await desk.rows(answered, await desk.number(second)))
    assert found == {"g1": "g1", "g3": "g3", "b1": "b1", "b2": "g2"}


async def test_what_waits_in_an_embargo_is_taken_back_and_not_corrected(desk: Rooms, incident: str):
    """Nobody has read it: the remedy stops it, and says so."""
    waiting = await desk.proofed(incident=incident)
    await desk.rows("UPDATE message SET state = 'approved' WHERE id = %s RETURNING 1", waiting)
    _, answer = await desk.submit(**correction(incident, waiting))
    assert "take-back" in answer.problems[0]["remedy"]


async def test_what_users_were_told_is_no_message_to_correct(desk: Rooms, incident: str):
    """A notice says no more than who must look at what."""
    notice = await desk.released(incident=incident)
    await desk.rows("UPDATE message SET kind = 'notice' WHERE id = %s RETURNING 1", notice)
    _, answer = await desk.submit(**correction(incident, notice))
    assert "no message" in answer.problems[0]["problem"]


async def test_a_second_all_clear_must_be_meant(desk: Rooms, incident: str):
    """Refused while nobody was alerted since; --again sends it; a new alert makes another one natural."""
    await half_sent(desk, incident)
    first = await desk.proofed(**all_clear(incident))
    _, waits = await desk.submit(**all_clear(incident, title=[{"text": "Echt voorbij"}]))
    assert "--revises" in (waits.error or "")
    assert (await desk.approve(first)).done
    _, refused = await desk.submit(**all_clear(incident, title=[{"text": "Echt voorbij"}]))
    assert (refused.done, "--again" in (refused.error or "")) == (False, True)
    _, meant = await desk.submit(**all_clear(incident, title=[{"text": "Echt voorbij"}]), again=True)
    assert meant.done
    await desk.released(incident=incident, title=[{"text": "Toch weer"}])
    _, natural = await desk.submit(**all_clear(incident, title=[{"text": "Weer voorbij"}]))
    assert "--revises" in (natural.error or ""), "the one that was meant waits for approval still"


async def test_an_all_clear_is_not_followed_by_the_alert(desk: Rooms, incident: str):
    """What is unsent of it, and what waits for its moment, does not go out after the danger has passed."""
    alert = await half_sent(desk, incident)
    waiting = await desk.proofed(incident=incident, title=[{"text": "Later"}])
    await desk.rows("UPDATE message SET state = 'approved' WHERE id = %s RETURNING 1", waiting)
    message_id = await desk.proofed(**all_clear(incident))
    assert await desk.recipients(message_id) == {"g1", "g2", "g3", "b1", "b2"}
    assert (await desk.approve(message_id)).done
    assert await desk.state(alert) == "stopped"
    assert await desk.state(waiting) == "withdrawn"
    number = await desk.number(alert)
    await desk.until("SELECT planned = 0 AND superseded = 3 FROM batch WHERE message = %s", number)


async def test_a_correction_goes_on_after_an_all_clear(desk: Rooms, incident: str):
    """Nobody is left with an error because the danger is over."""
    original = await half_sent(desk, incident)
    righted = await desk.proofed(**correction(incident, original))
    assert (await desk.approve(righted)).done
    message_id = await desk.proofed(**all_clear(incident))
    assert (await desk.approve(message_id)).done
    assert await desk.state(righted) == "released"


async def test_a_correction_says_what_was_wrong_in_its_own_words_or_the_old_ones(desk: Rooms, incident: str):
    """Both in every version; only a correction may."""
    original: UUID = await half_sent(desk, incident)
    wrong = [{"text": "Dat de lonen op tijd komen."}]
    _, refused = await desk.submit(incident=f"{incident}-2", wrong=wrong)
    assert refused.problems[0]["place"] == "wrong"
    message_id = await desk.proofed(**correction(incident, original, wrong=wrong))
    text = "SELECT bool_and(text LIKE %s) FROM variant WHERE message = %s"
    assert await desk.one(text, "%WAT NIET JUIST WAS%lonen op tijd%WAT JUIST IS%", await desk.number(message_id))
    assert (await desk.reject(message_id)).done
    quoting = await desk.proofed(**correction(incident, original, title=[{"text": "Anders"}]))
    assert await desk.one(text, "%EERDER SCHREVEN WIJ%“Kern.”%WAT JUIST IS%", await desk.number(quoting))


async def test_an_audience_that_is_configured_no_more_is_named(desk: Rooms, incident: str):
    """Its people were alerted; to leave them out without a word is the one thing that must not be."""
    alert = await half_sent(desk, incident)
    await desk.rows(
        "UPDATE variant SET audience = 'harbours' WHERE message = %s AND audience = 'bcm-leads' RETURNING 1",
        await desk.number(alert),
    )
    _, answer = await desk.submit(**all_clear(incident))
    assert "harbours" in answer.problems[0]["problem"]


async def test_an_all_clear_of_nothing_is_refused(desk: Rooms, incident: str):
    """Also when it names its audiences: there is no way that anything went."""
    _, answer = await desk.submit(**all_clear(incident))
    assert not answer.done
    _, answer = await desk.submit(**all_clear(incident, audiences=["governors"]))
    assert not answer.done and answer.problems[0]["remedy"]
