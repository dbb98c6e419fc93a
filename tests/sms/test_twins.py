"""Two messages with the same text to the same numbers: what Twilio has of one is not taken for the other's."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import psycopg
import pytest

from services.fanout.carrier import Job
from services.runtime.postgres import Connection
from services.sms.carrier import SmsCarrier
from services.store import ledger, variants, workers
from services.store.messages import Message
from tests.sms.jobs import world
from tests.stack import Twilio
from tests.store import world as record

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

PEOPLE = 12
NUMBERS = count()
"""The tests of this module share a database."""


@asynccontextmanager
async def two_messages(database_url: str) -> AsyncIterator[tuple[Connection, list[Message]]]:
    """Of the same text, to the same new people, proofed."""
    number = next(NUMBERS)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        author = await record.add_user(connection, f"author{number}@ccvo.example", "crisis-manager")
        audience = f"people{number}"
        people = [record.Person(f"p{n}", [audience], mobile=f"+3247{number:06}{n:02}") for n in range(PEOPLE)]
        await record.add_people(connection, people)
        messages = [await record.submit(connection, author, audiences=[audience], channels=["sms"]) for _ in range(2)]
        yield connection, messages
        await connection.execute("UPDATE message SET state = 'stopped' WHERE state = 'released'")


async def release(connection: Connection, *messages: Message) -> None:
    """One after the other."""
    author = messages[0].submitted_by
    for message in messages:
        await record.release(connection, message, author)


async def send(database_url: str, carrier: SmsCarrier) -> None:
    """Claim, carry out and settle, as a worker does, until nothing is left that may be claimed or is due soon."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        epoch = await workers.begin(connection, "sms")
        idle = 0
        while idle < 12:
            claim = await ledger.claim(connection, epoch=epoch, channel="sms", lanes=["urgent", "routine"])
            if claim is None:
                idle += 1
                await asyncio.sleep(0.1)
                continue
            idle = 0
            results: list[ledger.Result] = []
            texts = await variants.read(connection, claim.ref.message)
            await carrier.carry_out(Job(claim, texts, lambda: True, results.append))
            await ledger.settle(
                connection, claim, results, finished=True, source=record.SOURCE, retry_after=timedelta(seconds=0.3)
            )


async def all_told(connection: Connection, messages: Sequence[Message], twilio: Twilio) -> None:
    """Everybody is recorded as told by both messages, and has two texts."""
    for message in messages:
        counts = await record.counted(connection, message.number)
        assert sum(counts.get(state, 0) for state in ("accepted", "delivered")) == PEOPLE, counts
    held = Counter(text["to"] for text in twilio.messages())
    assert set(held.values()) == {2}, held
    rows = await connection.execute(
        "SELECT count(DISTINCT provider_id) FROM delivery WHERE message = ANY(%s)", ([m.number for m in messages],)
    )
    assert await rows.fetchone() == (2 * PEOPLE,), "each is credited with an SMS of its own"


async def test_a_text_that_another_message_sent_just_before_is_not_taken_for_this_one(
    twilio: Twilio, database_url: str
) -> None:
    """None of the second was stored; each is looked up, and the first message's is there, with the same text."""
    async with two_messages(database_url) as (connection, messages), world(twilio, database_url) as here:
        await here.carrier.available()
        await release(connection, messages[0])
        await send(database_url, here.carrier)
        twilio.faults({"at": "request", "do": "drop", "count": PEOPLE})
        await release(connection, messages[1])
        await send(database_url, here.carrier)
        await all_told(connection, messages, twilio)


@pytest.mark.parametrize("at", ["request", "response"])
async def test_two_messages_with_one_text_at_once_and_answers_lost_give_everybody_both(
    twilio: Twilio, database_url: str, at: str
) -> None:
    """Both are in doubt about the same numbers at the same time, whether Twilio had stored them or not."""
    async with (
        two_messages(database_url) as (connection, messages),
        world(twilio, database_url, connections=4) as here,
        world(twilio, database_url, connections=4) as there,
    ):
        await here.carrier.available()
        await there.carrier.available()
        twilio.faults(
            {"at": at, "do": "drop", "probability": 0.5, "count": 12},
            {"at": "request", "do": "delay", "delay_seconds": 0.1},
        )
        await release(connection, *messages)
        await asyncio.gather(*(send(database_url, each.carrier) for each in (here, there)))
        await all_told(connection, messages, twilio)
