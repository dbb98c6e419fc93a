"""Proofs side by side: none waits for what is larger and less urgent."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from services.editorial import proof
from services.runtime.postgres import connect
from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack


@asynccontextmanager
async def being_proofed(desk: Rooms, messages: list[UUID]) -> AsyncIterator[None]:
    """While inside, editorial is at the proof of these, as if they went to millions: the test holds their rows."""
    numbers = [await desk.number(each) for each in messages]
    async with connect(desk.database) as connection:
        for table in ("delivery", "shared_delivery", "batch"):
            await connection.execute(f"DELETE FROM {table} WHERE message = ANY(%s)".encode(), (numbers,))
        await connection.execute("UPDATE message SET state = 'submitted' WHERE number = ANY(%s)", (numbers,))
        await connection.commit()
        await connection.execute("SELECT FROM message WHERE number = ANY(%s) FOR UPDATE", (numbers,))
        async with connect(desk.database, autocommit=True) as asking:
            for number in numbers:
                await proof.ask(asking, number)
        yield


async def test_an_urgent_proof_waits_for_no_routine_ones_however_many_there_are(desk: Rooms, incident: str):
    """The newsletter, a routine update to a million, one more; and now there is fire."""
    routine = [
        await desk.proofed(incident=f"{incident}-{n}", kind="update", urgency="routine", title=[{"text": f"Stand {n}"}])
        for n in range(3)
    ]
    began = time.monotonic()
    async with being_proofed(desk, routine):
        await desk.until("SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        await desk.proofed(incident=incident, urgency="urgent")
        assert time.monotonic() - began < 10
        assert {await desk.state(each) for each in routine} == {"submitted"}
    for each in routine:
        await desk.until("SELECT state = 'proofed' FROM message WHERE id = %s", each)
