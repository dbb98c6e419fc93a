"""Who got the error on a channel gets what puts it right on that channel; and nobody is left with the error alone."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.editorial.rooms import Rooms
from tests.editorial.test_corrections import correction

pytestmark = pytest.mark.stack

NUMBERS = """
INSERT INTO address (contact, channel, value)
SELECT id, 'sms', '+3247000000' || id FROM contact WHERE external_id IN ('g1', 'g2', 'g3', 'b1')
ON CONFLICT DO NOTHING
"""
PLANNED = """
SELECT c.external_id, v.channel FROM delivery d JOIN message m ON m.number = d.message
JOIN variant v ON v.message = d.message AND v.number = d.variant JOIN contact c ON c.id = d.contact
WHERE m.id = %s AND d.state = 0 UNION
SELECT c.external_id, v.channel FROM shared_delivery s JOIN delivery d USING (message, sequence)
JOIN message m ON m.number = d.message
JOIN variant v ON v.message = d.message AND v.number = d.variant JOIN contact c ON c.id = s.contact
WHERE m.id = %s AND d.state = 0
"""
FATES = """
UPDATE delivery d SET state = CASE WHEN c.external_id || '/' || v.channel = ANY(%s) THEN 80 ELSE 30 END
FROM message m, variant v, contact c
WHERE m.id = %s AND m.number = d.message AND v.message = d.message AND v.number = d.variant AND c.id = d.contact
AND d.state <> 50
"""
COUNTED = """
UPDATE batch b SET (accepted, superseded) = (
    SELECT coalesce(sum(contacts) FILTER (WHERE state = 80), 0), coalesce(sum(contacts) FILTER (WHERE state = 30), 0)
    FROM delivery d WHERE d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
) WHERE message = %s
"""
BOTH = {"channels": ["mail", "sms"]}


@pytest_asyncio.fixture(autouse=True)
async def numbers(desk: Rooms) -> AsyncIterator[None]:
    """Most have a number too, for as long as the test lasts."""
    await desk.rows(NUMBERS + " RETURNING 1")
    yield
    await desk.rows("UPDATE address SET current = false WHERE channel = 'sms' RETURNING 1")


async def reached(desk: Rooms, incident: str, *those: str) -> UUID:
    """A message that was stopped after it had reached those (`g1/mail`)."""
    original = await desk.released(incident=incident, **BOTH)
    await desk.halt(original, "stop")
    number = await desk.number(original)
    await desk.until("SELECT sum(planned + deferred + claimed) = 0 FROM batch WHERE message = %s", number)
    await desk.rows(FATES + " RETURNING 1", list(those), original)
    await desk.rows(COUNTED + " RETURNING 1", number)
    return original


async def planned(desk: Rooms, message_id: UUID) -> set[str]:
    """Whom it is planned for and where."""
    return {f"{contact}/{channel}" for contact, channel in await desk.rows(PLANNED, message_id, message_id)}


async def test_everybody_gets_it_where_the_error_reached_them(desk: Rooms, incident: str):
    """Who had an SMS gets an SMS, and no mail about a mail that they never had; who had both gets both."""
    original = await reached(desk, incident, "g1/sms", "g2/mail", "g3/mail", "g3/sms")
    message_id = await desk.proofed(**correction(incident, original, channels=[]))
    assert await planned(desk, message_id) == {"g1/sms", "g2/mail", "b2/mail", "g3/mail", "g3/sms"}


async def test_fewer_channels_leave_nobody_with_the_error(desk: Rooms, incident: str):
    """The author wants mail alone: who got the error by SMS only still gets an SMS, and a warning said so."""
    original = await reached(desk, incident, "g1/sms", "g3/mail", "g3/sms")
    message_id, answer = await desk.submit(**correction(incident, original, channels=["mail"]))
    assert [each["place"] for each in answer.result["findings"]] == ["channels"]
    await desk.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
    assert await planned(desk, message_id) == {"g1/sms", "g3/mail"}


async def test_who_lost_their_number_is_told_by_mail(desk: Rooms, incident: str):
    """A number that went in between must not be the reason why somebody keeps believing the error."""
    original = await reached(desk, incident, "g1/sms", "g3/sms")
    lost = "UPDATE address SET current = false WHERE channel = 'sms' AND contact = 1 RETURNING 1"
    assert await desk.rows(lost)
    message_id = await desk.proofed(**correction(incident, original, channels=[]))
    assert await planned(desk, message_id) == {"g1/mail", "g3/sms"}


async def test_who_loses_their_number_after_the_proof_is_told_by_mail_too(desk: Rooms, incident: str):
    """The moment between proof and approval is the same to whoever believes the error."""
    original = await reached(desk, incident, "g1/sms", "g3/sms")
    message_id = await desk.proofed(**correction(incident, original, channels=[]))
    lost = "UPDATE address SET current = false WHERE channel = 'sms' AND contact = 1 RETURNING 1"
    assert await desk.rows(lost)
    await desk.rows("UPDATE contact SET updated_at = now() WHERE id = 1 RETURNING 1")
    assert (await desk.approve(message_id)).done
    assert await planned(desk, message_id) == {"g1/mail", "g3/sms"}


async def test_a_removed_contact_gets_no_correction(desk: Rooms, incident: str):
    """Removed in between: their addresses are erased, and the plan does not name them."""
    original = await reached(desk, incident, "g1/mail", "g3/mail")
    removed = "UPDATE contact SET removed_at = {} WHERE external_id = 'g3' RETURNING 1"
    await desk.rows(removed.format("now()"))
    try:
        message_id = await desk.proofed(**correction(incident, original, channels=[]))
        assert await planned(desk, message_id) == {"g1/mail"}
    finally:
        await desk.rows(removed.format("NULL"))


async def test_newcomers_in_a_named_audience_get_the_channels_that_are_named(desk: Rooms, incident: str):
    """Audiences add; who was reached stays where they were reached."""
    original = await reached(desk, incident, "g1/sms")
    fields: dict[str, Any] = {"audiences": ["governors"], "channels": ["mail"]}
    message_id = await desk.proofed(**correction(incident, original, **fields))
    assert await planned(desk, message_id) == {"g1/sms", "g2/mail", "g3/mail"}


async def test_a_feed_with_the_error_gets_the_correction_whatever_is_named(desk: Rooms, incident: str):
    """And only that feed: an audience that never read the error there gets none."""
    original = await desk.released(incident=incident, audiences=["governors"], channels=["mail", "newsfeed"])
    fields: dict[str, Any] = {"audiences": ["governors", "bcm-leads"], "channels": ["mail"]}
    message_id = await desk.proofed(**correction(incident, original, **fields))
    feeds = "SELECT audience FROM variant WHERE message = %s AND channel = 'newsfeed'"
    assert await desk.rows(feeds, await desk.number(message_id)) == [("governors",)]
    planned_feeds = "SELECT sum(planned)::int FROM batch WHERE message = %s AND channel = 'newsfeed'"
    assert await desk.one(planned_feeds, await desk.number(message_id)) == 1


async def test_an_alert_still_names_its_channels(desk: Rooms, incident: str):
    """Only what follows something can go the way that went."""
    _, answer = await desk.submit(incident=incident, channels=[])
    assert [each["place"] for each in answer.problems] == ["channels"]


async def test_an_all_clear_goes_wherever_anything_went(desk: Rooms, incident: str):
    """On every channel of the incident, to everybody who was told, on all that they can be had on."""
    await reached(desk, incident, "g1/sms", "g3/mail")
    fields = {
        "incident": incident,
        "kind": "all-clear",
        "audiences": [],
        "channels": [],
        "title": [{"text": "Voorbij"}],
    }
    message_id = await desk.proofed(**fields)
    assert await planned(desk, message_id) == {"g1/mail", "g1/sms", "g3/mail", "g3/sms"}


async def test_a_narrow_all_clear_reaches_those_who_cannot_be_had_there(desk: Rooms, incident: str):
    """Mail alone is asked for: who has no mail address gets an SMS, as the alert was."""
    original = await reached(desk, incident, "g1/sms", "b1/mail")
    await desk.rows("UPDATE address SET current = false WHERE value = 'g1@example.org' RETURNING 1")
    try:
        fields = {"incident": incident, "kind": "all-clear", "audiences": [], "title": [{"text": "Voorbij"}]}
        message_id = await desk.proofed(**fields, channels=["mail"])
        assert await planned(desk, message_id) == {"g1/sms", "b1/mail"}
    finally:
        await desk.rows("UPDATE address SET current = true WHERE value = 'g1@example.org' RETURNING 1")
    assert await desk.state(original) == "stopped"
