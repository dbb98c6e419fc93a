"""Editions that nobody got are told of, to who is on duty; and a newsletter's series is for its editions alone."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.domain.texts import measure
from services.runtime.postgres import connect
from services.store import duty, messages
from services.store.alarms import rung
from tests.editorial.newsletters import TODAY, added, letters, made
from tests.editorial.rooms import MANAGER, SECOND, Rooms

pytestmark = pytest.mark.stack

DAY = timedelta(days=1)
NOTICES = """SELECT a.value, v.channel, v.subject, v.text FROM message n JOIN delivery d ON d.message = n.number
    JOIN variant v ON v.message = n.number AND v.number = d.variant LEFT JOIN address a ON a.id = d.address
    WHERE n.kind = 'notice' AND n.incident = %s ORDER BY n.number, d.sequence"""


@pytest.fixture
async def on_duty(desk: Rooms) -> AsyncIterator[None]:
    """The manager and the second approver are on duty, and nobody is afterwards."""
    async with connect(desk.database, autocommit=True) as connection:
        now = await messages.database_time(connection)
        await duty.set_shift(connection, [MANAGER, SECOND], from_at=now, until_at=now + DAY, by=None)
        yield
        await connection.execute("DELETE FROM duty_shift")


@pytest.mark.usefixtures("on_duty")
async def test_missed_editions_are_told_of_in_one_notice_to_all_who_are_on_duty(desk: Rooms, incident: str) -> None:
    """After a weekend without power nobody wants three telephone calls; nobody answers to it, so all are told."""
    news = await letters(desk, incident)
    async with connect(desk.database, autocommit=True) as connection:
        for days in (2, 1):
            missed = await made(connection, news.newsletter, TODAY - days * DAY, due=-days * DAY)
            assert missed.decision == "too-late" and missed.told_at is None
        assert "edition-missed" in {each.kind for each in await rung(connection)}
    series = news.newsletter.incident
    await desk.until("SELECT count(*) > 0 FROM message WHERE kind = 'notice' AND incident = %s", series, seconds=15)
    told = await desk.rows(NOTICES, series)
    assert [value for value, channel, *_ in told if channel == "mail"] == ["manager@example.org", "second@example.org"]
    _, _, subject, text = told[0]
    assert subject == "Nieuwsbrief niet vertrokken: Dagelijks overzicht"
    assert "2 edities vertrokken niet" in text and text.count("Editie van ") == 2
    sms = next(text for _, channel, _, text in told if channel == "sms")
    assert news.newsletter.slug in sms and measure(sms).segments == 1, sms
    marked = "SELECT count(*) FROM edition WHERE told_at IS NOT NULL AND newsletter = %s"
    assert await desk.one(marked, news.newsletter.id) == 2


async def test_where_nobody_is_on_duty_the_crisis_managers_are_told(desk: Rooms, incident: str) -> None:
    """A centre without a duty list misses no newsletter in silence either; and an exercise says that it is one."""
    async with connect(desk.database, autocommit=True) as connection:
        newsletter = await added(connection, exercise=True, incidents=(incident,))
        await made(connection, newsletter, TODAY - DAY, due=-DAY)
    query = "SELECT count(*) > 0 FROM message WHERE kind = 'notice' AND incident = %s"
    await desk.until(query, newsletter.incident, seconds=15)
    told = await desk.rows(NOTICES, newsletter.incident)
    assert [value for value, channel, *_ in told if channel == "mail"] == ["manager@example.org"]
    assert all("OEFENING" in f"{subject}{text}" for *_, subject, text in told)


async def test_nobody_submits_a_message_in_the_series_of_a_newsletter(desk: Rooms, incident: str) -> None:
    """It would be collected by nothing, and reach people under the newsletter's name."""
    news = await letters(desk, incident)
    _, answer = await desk.submit(incident=news.newsletter.incident)
    assert not answer.done and "is the series of the newsletter" in str(answer)
