"""A cap on what SMS cost: whoever approves, however, what is above it is not released."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from uuid_utils import uuid7

from services.domain.commands import ApproveMessage, IncludeNewcomers, SubmitMessage
from tests.conftest import delete_topics
from tests.editorial.rooms import MANAGER, SECOND, Rooms, content_of, rooms
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


async def test_a_blast_that_costs_too_much_is_still_proofed_when_it_was_to_go_at_its_proof(
    capped: Rooms, incident: str
) -> None:
    """The door asks once more, and hears why; without a proof it would wait for nothing."""
    content = content_of(incident=incident, sms=[{"text": LONG}], **SMS).model_dump(mode="json")
    message = UUID(str(uuid7()))
    body = SubmitMessage(message_id=message, content=content, again=True, break_glass="haast", confirmed=3)
    assert (await capped.ask(body, MANAGER)).done
    await capped.until("SELECT state = 'proofed' FROM message WHERE id = %s", message)
    glass = "SELECT count(*) FROM alarm WHERE kind = 'glass-broken' AND subject = %s"
    assert await capped.one(glass, str(message)) == 0


async def test_newcomers_stay_within_the_caps_too(capped: Rooms, incident: str) -> None:
    """Nobody gets more people in by the back door; who costs nothing comes in."""
    message = await capped.proofed(incident=incident, sms=[{"text": "Nog eens."}], **SMS)
    await capped.rows("UPDATE message SET released_at = released_at - interval '2 hours' RETURNING 1")
    assert (await capped.approve(message)).done
    dear, free = [await came(capped, number) for number in ("+32470000099", None)]
    refused = await capped.ask(IncludeNewcomers(message_id=message, contacts=[dear]), SECOND)
    assert "about 0.40 EUR" in (refused.error or "") and "ROELAND_SMS_MOST_PER_MESSAGE" in (refused.error or "")
    assert await capped.one("SELECT recipients FROM message WHERE id = %s", message) == 3
    assert (await capped.ask(IncludeNewcomers(message_id=message, contacts=[free]), SECOND)).done


async def test_who_is_added_to_an_old_message_counts_in_the_hour_in_which_they_came(
    capped: Rooms, incident: str
) -> None:
    """Else what is released just after that has the whole cap to itself. After an hour they count no longer."""
    await capped.rows("UPDATE address SET current = false WHERE channel = 'sms' AND current RETURNING 1")
    old = await capped.proofed(incident=incident, sms=[{"text": "Oud."}], **SMS)
    assert (await capped.approve(old)).done
    await two_hours_later(capped)
    contacts = [await came(capped, f"+3247000008{each}") for each in range(3)]
    assert (await capped.ask(IncludeNewcomers(message_id=old, contacts=contacts), SECOND)).done
    later = await capped.proofed(incident=incident, sms=[{"text": "Later."}], **SMS)
    refused = await capped.approve(later)
    assert "with 0.30 in the last hour" in (refused.error or ""), refused
    await two_hours_later(capped)
    assert (await capped.approve(later)).done


async def two_hours_later(capped: Rooms) -> None:
    """All that was released, and whoever was added to it, is two hours older."""
    await capped.rows("UPDATE message SET released_at = released_at - interval '2 hours' RETURNING 1")
    await capped.rows("UPDATE batch SET made_at = made_at - interval '2 hours' RETURNING 1")


async def came(capped: Rooms, number: str | None) -> int:
    """A governor who was not there at the proof."""
    query = "INSERT INTO contact (external_id, name) VALUES (gen_random_uuid(), 'Nieuw') RETURNING id"
    contact = int(await capped.one(query))
    await capped.rows("INSERT INTO contact_audience VALUES ('governors', %s) RETURNING 1", contact)
    if number:
        query = "INSERT INTO address (contact, channel, value) VALUES (%s, 'sms', %s) RETURNING 1"
        await capped.rows(query, contact, number)
    return contact
