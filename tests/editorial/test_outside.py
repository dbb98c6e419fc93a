"""What an outside system reported is told to who is on duty, once, and names no more than it must."""

from uuid import UUID

import pytest
from uuid_utils import uuid7

from services.domain.texts import measure
from services.runtime.postgres import connect
from services.store import incidents, outside_events, sources, tellings
from services.store.incidents import Incident
from tests.editorial.rooms import AUTHOR, Rooms
from tests.editorial.test_missed import NOTICES

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("draft", [False, True])
async def test_a_report_and_a_draft_are_told_to_the_crisis_managers_when_nobody_is_on_duty(
    desk: Rooms, incident: str, draft: bool
) -> None:
    """At three at night somebody's phone must ring; the SMS lies on a table, so it does not say what is the matter."""
    slug = f"{incident}-{'d' if draft else 'r'}"
    async with connect(desk.database, autocommit=True) as connection, connection.transaction():
        sender = await sources.add(connection, slug, token=slug, types=["*"])
        assert sender is not None
        await incidents.open_new(connection, Incident(slug, "Geheim", "preparation", exercise=False), None)
        made = UUID(str(uuid7())) if draft else None
        if made:
            await outside_events.begin_draft(connection, made, {"file": {"incident": slug}}, AUTHOR)
        thread = await outside_events.open_thread(
            connection, slug, "Mail ligt stil", sender.id, draft=made, incident=None if draft else slug
        )
        await tellings.ask(connection, tellings.OUTSIDE, thread)
    await desk.until("SELECT count(*) > 0 FROM message WHERE kind = 'notice' AND incident = %s", slug, seconds=15)
    told = await desk.rows(NOTICES, slug)
    _, _, subject, text = told[0]
    assert subject == f"{slug} meldt: Mail ligt stil"
    assert "Niemand werd verwittigd" in text and "Nieuwsbrief" not in text
    sms = next(text for _, channel, _, text in told if channel == "sms")
    assert slug in sms and "Geheim" not in sms and "Mail ligt" not in sms
    assert measure(sms).segments <= 2
