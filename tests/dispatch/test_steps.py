"""Release in order, by a dispatch that runs: a step opens as soon as it may, and nothing of it is said before."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.events import BatchAnnounced, envelope
from services.domain.states import State
from tests import stack
from tests.editorial.rooms import Rooms
from tests.stack import Background

pytestmark = [pytest.mark.long, pytest.mark.stack]

GOVERNORS_FIRST: list[dict[str, Any]] = [{"audiences": ["governors"]}]
ANNOUNCED = "SELECT array_agg(step ORDER BY number) FROM batch WHERE announced_at IS NOT NULL AND message = %s"


async def in_order(desk: Rooms, incident: str, *then: dict[str, Any], **fields: Any) -> tuple[UUID, int]:
    """A message that was released to the governors, and to BCM leads in these steps."""
    message_id = await desk.proofed(incident=incident, release_order=[*GOVERNORS_FIRST, *then], **fields)
    assert (await desk.approve(message_id)).done
    number = await desk.number(message_id)
    await desk.until("SELECT announced_at IS NOT NULL FROM batch WHERE message = %s AND number = 1", number)
    return message_id, number


async def settle(desk: Rooms, message_id: UUID, state: State = State.ACCEPTED) -> None:
    claimed = await desk.claim(message_id)
    assert claimed is not None
    await desk.settle(claimed, state)


async def test_a_step_opens_within_a_third_of_a_second_of_what_it_waited_for(desk: Rooms, incident: str):
    """Acceptance of the governors' copies is what the mayors' wait for; dispatch sees it and says so at once."""
    then = {"audiences": ["bcm-leads"], "when": {"accepted": 90, "at_most": 600}}
    message_id, number = await in_order(desk, incident, then)
    await asyncio.sleep(1.5)
    assert await desk.one(ANNOUNCED, number) == [0]
    await settle(desk, message_id)
    await desk.until("SELECT open_step = 1 FROM message WHERE number = %s", number)
    took = await desk.one(
        "SELECT s.opened_at - max(b.last_accepted_at) FROM release_step s JOIN batch b USING (message)"
        " WHERE s.message = %s AND s.step = 1 AND b.step = 0 GROUP BY s.opened_at", number
    )  # fmt: skip
    assert took < timedelta(seconds=0.8)  # 0.2 and the settling, on a machine that does more than this
    await desk.until("SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE message = %s", number)
    assert await desk.rows(
        "SELECT actor, detail->>'step', detail->>'why' FROM audit"
        " WHERE action = 'message.step-opened' AND subject = %s",
        f"message:{message_id}",
    ) == [(None, "1", "share")]
    await settle(desk, message_id)
    assert await desk.one("SELECT sum(accepted) FROM batch WHERE message = %s", number) == 5


async def test_steps_in_which_nobody_is_open_one_after_the_other_at_once(desk: Rooms, incident: str):
    """Nobody in the first two steps can be reached; the third does not pay for it."""
    order = [
        {"audiences": ["partners"]},
        {"audiences": ["senior-officials"], "after": 3600},
        {"audiences": ["bcm-leads", "governors"], "after": 3600},
    ]
    audiences = ["governors", "senior-officials", "bcm-leads", "partners"]
    message_id = await desk.released(incident=incident, audiences=audiences, release_order=order)
    assert await desk.rows(
        "SELECT step, opened_by FROM release_step JOIN message m ON m.number = message WHERE m.id = %s ORDER BY 1",
        message_id,
    ) == [(0, "release"), (1, "empty"), (2, "empty")]


async def test_a_forged_announcement_of_a_later_step_gets_nothing_out(
    desk: Rooms, incident: str, background: Background
):
    """Whoever can write to Kafka can still not make a worker send what is not open."""
    message_id, number = await in_order(desk, incident, {"audiences": ["bcm-leads"], "after": 3600})
    forged = BatchAnnounced(message=number, batch=2)
    event = envelope(forged, event_type=forged.TYPE, source="/forger").model_dump_json().encode()
    with stack.mail_sink(background) as sink:
        desk.env.update(ROELAND_SMTP_URL=sink.url, ROELAND_MAIL_FROM="x@ccvo.example")
        with desk.running("mail"):
            for topic in ("deliveries.mail.urgent", "deliveries.mail.routine", "deliveries.newsfeed"):
                await desk.produce(event, topic)
            await desk.until("SELECT accepted = 4 FROM batch WHERE message = %s AND number = 1", number, seconds=20)
            await asyncio.sleep(1)
    assert await desk.rows(
        "SELECT announced_at, claimed_at, planned FROM batch WHERE message = %s AND number = 2", number
    ) == [(None, None, 1)]
    assert "Traceback" not in desk.log("mail")
    await desk.halt(message_id, "stop")


async def test_a_correction_between_two_steps_is_the_end_of_the_order(desk: Rooms, incident: str):
    """The governors got the error and get what puts it right; the others hear of neither."""
    then = {"audiences": ["bcm-leads"], "when": {"accepted": 90, "at_most": 2}}
    message_id, number = await in_order(desk, incident, then)
    claimed = await desk.claim(message_id)
    assert claimed is not None
    fields = {"incident": incident, "kind": "correction", "corrects": str(message_id), "audiences": []}
    await desk.settle(claimed, {d.sequence: State.ACCEPTED if n < 2 else State.FAILED
                                for n, d in enumerate(claimed.deliveries)})  # fmt: skip
    correction = await desk.proofed(**fields)
    await asyncio.sleep(2.5)  # it is paused: its clock stands
    assert await desk.one("SELECT open_step FROM message WHERE number = %s", number) == 0
    assert (await desk.approve(correction)).done
    await desk.until("SELECT superseded = 1 FROM batch WHERE message = %s AND step = 1", number)
    await asyncio.sleep(1)
    assert await desk.rows("SELECT state, open_step FROM message WHERE number = %s", number) == [("stopped", 0)]
    assert await desk.one("SELECT opened_at FROM release_step WHERE message = %s AND step = 1", number) is None
    assert await desk.recipients(correction) == {"g1", "g2", "b2"}  # b2 reads in the mailbox of g2


async def test_a_dispatch_that_was_away_opens_what_became_due_meanwhile(desk: Rooms, incident: str):
    """A crash between opening a step and saying so: the sweep says it; and only the database's clock counts."""
    _, number = await in_order(desk, incident, {"audiences": ["bcm-leads"], "after": 3600})
    await desk.rows(
        "WITH moved AS (UPDATE release_step SET opened_at = now(), clock_from = now(), opened_by = 'delay'"
        " WHERE message = %s AND step = 1 RETURNING message) UPDATE message SET open_step = 1"
        " FROM moved WHERE number = moved.message RETURNING 1", number,
    )  # fmt: skip
    await desk.until("SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE message = %s", number)
