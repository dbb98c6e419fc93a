"""What puts an error right reaches all whom the error reached, and holds the error back at once."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest

from services.domain.states import State
from tests.editorial.rooms import SECOND, Rooms

pytestmark = pytest.mark.stack


def correction(incident: str, original: UUID, **fields: Any) -> dict[str, Any]:
    """A correction that leaves its audiences out."""
    return {"incident": incident, "kind": "correction", "corrects": str(original), "audiences": [], **fields}


async def half_sent(desk: Rooms, incident: str) -> UUID:
    """A released message for everyone, of which g1 has got it, b1's fate is unknown, and the rest has nothing."""
    original = await desk.released(incident=incident)
    claimed = await desk.claim(original)
    assert claimed is not None
    fates = {"g1": State.ACCEPTED, "b1": State.UNKNOWN}
    contacts = dict(await desk.rows("SELECT id, external_id FROM contact"))
    await desk.settle(
        claimed,
        {d.sequence: fates.get(contacts[d.contact or 0], State.PLANNED) for d in claimed.deliveries},
    )
    return original


async def test_a_correction_holds_the_original_and_goes_to_whom_it_reached(desk: Rooms, incident: str):
    """From its submission on nothing more of the error is claimed; on its release the rest is superseded."""
    original = await half_sent(desk, incident)
    message_id = await desk.proofed(**correction(incident, original))
    assert await desk.claim(original) is None
    assert await desk.recipients(message_id) == {"g1", "b1"}
    assert (await desk.approve(message_id)).done
    assert await desk.state(original) == "stopped"
    number = await desk.number(original)
    await desk.until("SELECT planned = 0 AND superseded = 3 FROM batch WHERE message = %s", number, seconds=4)
    assert await desk.rows(
        "SELECT accepted, unknown, superseded, suppressed FROM batch WHERE message = %s", number
    ) == [(1, 1, 3, 1)]


async def test_audiences_of_a_correction_add_and_never_narrow(desk: Rooms, incident: str):
    """Naming only the governors does not leave out the BCM lead who read the error."""
    original = await half_sent(desk, incident)
    message_id = await desk.proofed(**correction(incident, original, audiences=["governors"]))
    assert await desk.recipients(message_id) == {"g1", "g2", "g3", "b1"}


async def test_what_is_still_claimed_counts_as_reached_after_five_seconds(desk: Rooms, incident: str):
    """A worker that died in the middle does not hold up the correction, nor other proofs meanwhile."""
    original = await desk.released(incident=incident)
    assert await desk.claim(original) is not None
    began = time.monotonic()
    correcting = asyncio.create_task(desk.proofed(**correction(incident, original)))
    await asyncio.sleep(0.5)
    await desk.proofed(incident=f"{incident}-2")
    assert not correcting.done()
    message_id = await correcting
    assert time.monotonic() - began > 4.5
    assert await desk.recipients(message_id) == {"g1", "g2", "g3", "b1", "b2"}


async def test_a_rejected_correction_leaves_the_original_to_a_person(desk: Rooms, incident: str):
    """It stays paused: whether it goes on or stops, someone says; the answer tells them to."""
    original = await half_sent(desk, incident)
    message_id = await desk.proofed(**correction(incident, original))
    answer = await desk.reject(message_id, SECOND)
    assert answer.result["paused"] == str(original)
    assert await desk.claim(original) is None
    await desk.halt(original, "resume")
    assert await desk.claim(original) is not None


async def test_a_correction_that_misses_whom_a_resumed_original_reached_is_refused(desk: Rooms, incident: str):
    """Someone resumed the error after the correction's proof: those who got it then would never be told."""
    original = await half_sent(desk, incident)
    message_id = await desk.proofed(**correction(incident, original))
    await desk.halt(original, "resume")
    claimed = await desk.claim(original)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    assert "more people" in ((await desk.approve(message_id)).error or "")
    assert (await desk.reject(message_id)).done
    again = await desk.proofed(**correction(incident, original), title=[{"text": "Opnieuw"}])
    assert await desk.recipients(again) == {"g1", "g2", "g3", "b1", "b2"}
    assert (await desk.approve(again)).done
    assert await desk.rows("SELECT state, paused_at FROM message WHERE id = %s", original) == [("released", None)]


async def test_a_correction_of_a_correction_reaches_those_the_first_error_reached(desk: Rooms, incident: str):
    """Also if the first correction had not reached them yet."""
    original = await half_sent(desk, incident)
    first = await desk.proofed(**correction(incident, original))
    assert (await desk.approve(first)).done
    second = await desk.proofed(**correction(incident, first, title=[{"text": "Beter"}]))
    assert await desk.recipients(second) == {"g1", "b1"}


async def test_an_all_clear_goes_to_all_who_were_alerted_or_still_will_be(desk: Rooms, incident: str):
    """Nobody sits in a cellar because the queue was long when the danger passed."""
    await half_sent(desk, incident)
    fields = {"incident": incident, "kind": "all-clear", "audiences": [], "title": [{"text": "Voorbij"}]}
    message_id = await desk.proofed(**fields)
    assert await desk.recipients(message_id) == {"g1", "g2", "g3", "b1", "b2"}
    await desk.released(incident=incident, title=[{"text": "Toch niet"}])
    assert "more people" in ((await desk.approve(message_id)).error or "")
