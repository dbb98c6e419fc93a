"""The clock as a service, with editorial beside it: an edition becomes a message by itself."""

from datetime import timedelta

import pytest

from services.domain.newsletters import WEEKDAYS, Schedule
from services.runtime.postgres import connect
from services.store import messages
from tests.editorial.newsletters import ZONE, added
from tests.editorial.rooms import Rooms

pytestmark = [pytest.mark.stack, pytest.mark.long]


async def test_the_clock_makes_an_edition_and_editorial_a_message_of_it(desk: Rooms, incident: str) -> None:
    """From a definition to a proof that waits for approval, nobody does anything; two clocks make one edition."""
    await desk.released(incident=incident)
    async with connect(desk.database, autocommit=True) as connection:
        soon = (await messages.database_time(connection) + timedelta(minutes=5)).astimezone(ZONE)
        schedule = Schedule(time=soon.time().replace(second=0, microsecond=0), weekdays=WEEKDAYS, holidays="send")
        newsletter = await added(connection, schedule=schedule, incidents=(incident,))
    with desk.running("newsletter"), desk.running("newsletter"):
        proofed = "SELECT count(*) = 1 FROM message WHERE incident = %s AND kind = 'edition' AND state = 'proofed'"
        await desk.until(proofed, newsletter.incident, seconds=20)
    query = "SELECT decision, late, number, jsonb_array_length(content->'items') FROM edition WHERE newsletter = %s"
    assert await desk.rows(query, newsletter.id) == [("made", False, 1, 1)]
    assert await desk.one("SELECT count(*) FROM timer WHERE kind = 'edition' AND subject = %s AND fired_at IS NULL",
                          str(newsletter.id)) == 1  # fmt: skip
