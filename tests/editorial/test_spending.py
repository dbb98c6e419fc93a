"""A cap on what SMS cost: whoever approves, however, what is above it is not released."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.domain.commands import ApproveMessage
from tests.conftest import delete_topics
from tests.editorial.rooms import MANAGER, Rooms, rooms
from tests.stack import Background

pytestmark = pytest.mark.stack

LONG = "CCVO: " + "x" * 200
SMS = {"channels": ["sms"], "audiences": ["governors"], "urgency": "urgent", "kind": "alert"}


@pytest.fixture(scope="module")
def capped(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """Three governors at ten cents each: 35 cents a message, 50 an hour."""
    folder: Path = tmp_path_factory.mktemp("capped-rooms")
    with rooms(kafka, postgres, folder) as made:
        made.env |= {"ROELAND_SMS_MOST_PER_MESSAGE": "0.35", "ROELAND_SMS_MOST_PER_HOUR": "0.50"}
        with psycopg.connect(made.env["ROELAND_DATABASE_URL"]) as connection:
            connection.execute(
                "INSERT INTO address (contact, channel, value) SELECT id, 'sms', '+3247000000' || id FROM contact"
            )
        try:
            with made.running("editorial"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


async def test_what_costs_more_than_a_message_or_an_hour_may_is_not_released(capped: Rooms, incident: str) -> None:
    """Not with broken glass either; its findings said so; what has no SMS is none of the cap's business."""
    found = (
        "SELECT count(*) FROM message, jsonb_array_elements(findings) f WHERE id = %s AND f->>'rule' = 'sms-spending'"
    )
    long = await capped.proofed(incident=incident, sms=[{"text": LONG}], **SMS)
    assert await capped.one(found, long) == 1
    for answer in (
        await capped.approve(long),
        await capped.ask(ApproveMessage(message_id=long, break_glass="haast"), MANAGER),
    ):
        assert "about 0.60 EUR" in (answer.error or ""), answer
        assert "ROELAND_SMS_MOST_PER_MESSAGE" in (answer.error or "")
    assert await capped.state(long) == "proofed"
    first = await capped.proofed(incident=incident, sms=[{"text": "Kort."}], **SMS)
    second = await capped.proofed(incident=incident, sms=[{"text": "Nog kort."}], **SMS)
    assert await capped.one(found, first) == 0
    assert (await capped.approve(first)).done
    refused = await capped.approve(second)
    assert "with 0.30 in the last hour" in (refused.error or ""), refused
    assert (await capped.approve(await capped.proofed(incident=incident))).done
    await capped.rows(
        "UPDATE message SET released_at = released_at - interval '2 hours' WHERE id = %s RETURNING 1", first
    )
    assert (await capped.approve(second)).done
