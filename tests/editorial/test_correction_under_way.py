"""A correction while a real worker sends the error at full speed: exactly those who got it get what puts it right."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import delete_topics
from tests.editorial.rooms import Rooms, rooms
from tests.editorial.test_corrections import correction
from tests.stack import Background, Sink

pytestmark = [pytest.mark.stack, pytest.mark.long]

CROWD = """
WITH made AS (
    INSERT INTO contact (external_id, name) SELECT 'crowd-' || n, 'Dienst ' || n FROM generate_series(1, 600) n
    RETURNING id
), listed AS (
    INSERT INTO contact_audience (audience, contact) SELECT 'bcm-leads', id FROM made
)
INSERT INTO address (contact, channel, value) SELECT id, 'mail', 'p' || id || '@crowd.example' FROM made
"""


@pytest.fixture
def busy(kafka: str, postgres: str, background: Background, sink: Sink, tmp_path: Path) -> Iterator[Rooms]:
    """Editorial, dispatch and mail, with a relay that takes its time."""
    with rooms(kafka, postgres, tmp_path) as made:
        made.env |= {"ROELAND_SMTP_URL": sink.url, "ROELAND_MAIL_FROM": "CCVO <c@ccvo.example>"}
        made.env |= {"ROELAND_SMTP_CONNECTIONS": "2"}
        with psycopg.connect(made.env["ROELAND_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(CROWD)
        try:
            with made.running("editorial"), made.running("dispatch"), made.running("mail"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


async def test_exactly_those_who_got_the_error_get_the_correction_under_it(busy: Rooms, sink: Sink, incident: str):
    """None without, none too many, each answering the very mail that came; and nothing of the error afterwards."""
    sink.faults({"at": "data", "do": "delay", "delay_seconds": 0.02})
    error = await busy.released(incident=incident, audiences=["bcm-leads"])
    number = await busy.number(error)
    await busy.until("SELECT sum(accepted) > 0 FROM batch WHERE message = %s", number)
    righted = await busy.proofed(**correction(incident, error, channels=[]))
    sink.no_faults()
    assert (await busy.approve(righted)).done
    ended = "SELECT sum(planned + deferred + claimed) = 0 FROM batch WHERE message IN (%s, %s)"
    await busy.until(ended, number, await busy.number(righted), seconds=20)
    mails = sink.mails()
    wrong = {str(m["Delivered-To"]): str(m["Message-ID"]) for m in mails if error.hex in str(m["Message-ID"])}
    right = {str(m["Delivered-To"]): m for m in mails if righted.hex in str(m["Message-ID"])}
    assert 0 < len(wrong) < 600
    assert right.keys() == wrong.keys()
    assert {to: str(m["In-Reply-To"]) for to, m in right.items()} == wrong
    assert all(m["References"] == m["In-Reply-To"] for m in right.values())
    assert all(m["In-Reply-To"] is None for m in mails if error.hex in str(m["Message-ID"]))
