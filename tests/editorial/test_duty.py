"""Whoever is on duty is told that a message waits, then the next, until somebody decided."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from services.runtime.postgres import connect
from services.store import duty
from tests.conftest import delete_topics
from tests.editorial.rooms import AUTHOR, MANAGER, SECOND, Rooms, rooms
from tests.stack import Background

pytestmark = [pytest.mark.stack, pytest.mark.long]

MINUTES = 0.02  # 1.2 s
THIRD = 5


@pytest.fixture(scope="module")
def centre(kafka: str, postgres: str, background: Background, tmp_path_factory) -> Iterator[Rooms]:
    """A centre in which the next is called after a second; one more approver."""
    folder: Path = tmp_path_factory.mktemp("duty")
    with rooms(kafka, postgres, folder) as made:
        made.env |= {"ROELAND_DUTY_MINUTES": str(MINUTES), "ROELAND_DUTY_MINUTES_ROUTINE": "60"}
        values = "('third@example.org', '{approver}', '+32470000003')"
        add = f"INSERT INTO users (email, roles, mobile) VALUES {values} RETURNING id"
        assert asyncio.run(made.one(add)) == THIRD
        try:
            with made.running("dispatch"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


@pytest.fixture
def editorial(centre: Rooms) -> Iterator[Rooms]:
    """One editorial, running."""
    with centre.running("editorial"):
        yield centre


async def on_duty(centre: Rooms, *users: int, past: bool = False) -> None:
    """These from now on; `past`: until a minute ago, so that nobody is on duty."""
    async with connect(centre.database) as connection:
        await connection.execute("DELETE FROM duty_shift")
        now = await connection.execute("SELECT now() - interval '2 hours', now() - interval '1 minute'")
        since, ended = (await now.fetchone()) or (None, None)
        await duty.set_shift(connection, users, from_at=since, until_at=ended if past else None, by=None)


async def called(centre: Rooms, message_id: UUID) -> list[int]:
    query = "SELECT d.user_id FROM duty_call d JOIN message m ON m.number = d.message WHERE m.id = %s ORDER BY place"
    return [user for (user,) in await centre.rows(query, message_id)]


async def until_called(centre: Rooms, message_id: UUID, users: list[int], *, seconds: float = 8) -> None:
    query = """SELECT array_agg(d.user_id ORDER BY place) = %s::bigint[] FROM duty_call d
        JOIN message m ON m.number = d.message WHERE m.id = %s"""
    await centre.until(query, users, message_id, seconds=seconds)


async def notices(centre: Rooms, message_id: UUID) -> list[tuple[str, str, str]]:
    """Address, subject and text of what users were told of this message."""
    query = """SELECT a.value, v.subject, v.text FROM message n JOIN delivery d ON d.message = n.number
        JOIN variant v ON v.message = n.number AND v.number = d.variant JOIN address a ON a.id = d.address
        WHERE n.kind = 'notice' AND n.content->>'about' = %s ORDER BY n.number, d.sequence"""
    return [(value, subject, text) for value, subject, text in await centre.rows(query, str(message_id))]


async def test_the_first_is_told_at_once_the_next_after_the_time_and_at_last_every_crisis_manager(
    editorial: Rooms, incident: str
):
    """Nobody may sleep through a crisis because one telephone was off; and nobody is called twice for one step."""
    await on_duty(editorial, THIRD, SECOND)
    message_id = await editorial.proofed(incident=incident)
    await until_called(editorial, message_id, [THIRD], seconds=1)
    await until_called(editorial, message_id, [THIRD, SECOND])
    await until_called(editorial, message_id, [THIRD, SECOND, MANAGER])
    await asyncio.sleep(MINUTES * 60 * 2)
    assert await called(editorial, message_id) == [THIRD, SECOND, MANAGER]
    gone = await editorial.rows(
        "SELECT extract(epoch FROM called_at - lag(called_at) OVER (ORDER BY place)) FROM duty_call d"
        " JOIN message m ON m.number = d.message WHERE m.id = %s",
        message_id,
    )
    assert all(float(after) >= MINUTES * 60 for (after,) in gone[1:])
    told = await notices(editorial, message_id)
    assert [value for value, *_ in told] == [
        "third@example.org", "+32470000003", "second@example.org", "manager@example.org",
    ]  # fmt: skip
    assert f"roeland message approve {message_id}" in told[1][2]
    assert len(told[1][2]) <= 160


async def test_nobody_is_called_once_it_is_decided(editorial: Rooms, incident: str):
    """Whoever is woken for nothing will not get up the next time."""
    await on_duty(editorial, THIRD, SECOND)
    for number, decide in enumerate((editorial.approve, editorial.reject, lambda m: editorial.halt(m, "stop"))):
        message_id = await editorial.proofed(incident=f"{incident}-{number}")
        await until_called(editorial, message_id, [THIRD])
        await decide(message_id)
        await asyncio.sleep(MINUTES * 60 + 1)
        assert await called(editorial, message_id) == [THIRD]


async def test_the_author_the_disabled_and_who_may_not_approve_are_skipped(editorial: Rooms, incident: str):
    """They could do nothing about it, and minutes would pass."""
    await on_duty(editorial, AUTHOR, THIRD, MANAGER, SECOND)
    await editorial.rows("UPDATE users SET disabled_at = now() WHERE id = %s RETURNING 1", THIRD)
    try:
        message_id = await editorial.proofed(MANAGER, incident=incident)
        await until_called(editorial, message_id, [SECOND])
        await asyncio.sleep(MINUTES * 60 + 1)  # the only crisis manager wrote it
        assert await called(editorial, message_id) == [SECOND]
    finally:
        await editorial.rows("UPDATE users SET disabled_at = NULL WHERE id = %s RETURNING 1", THIRD)


async def test_where_nobody_is_on_duty_now_the_crisis_managers_are_told(editorial: Rooms, incident: str):
    """A list with a hole in it must not be a silence."""
    await on_duty(editorial, THIRD, past=True)
    message_id = await editorial.proofed(incident=incident)
    await until_called(editorial, message_id, [MANAGER])


async def test_a_centre_without_a_duty_list_tells_nobody(editorial: Rooms, incident: str):
    """It never asked for it; `duty show` and `doctor` say so."""
    await editorial.rows("DELETE FROM duty_shift RETURNING 1")
    message_id = await editorial.proofed(incident=incident)
    await asyncio.sleep(1)
    assert await called(editorial, message_id) == []
    assert await notices(editorial, message_id) == []


async def test_an_exercise_says_so_in_everything(editorial: Rooms, incident: str):
    """Somebody woken at night must not act on an exercise as if it were real."""
    await on_duty(editorial, THIRD)
    message_id = await editorial.proofed(incident=incident, exercise=True)
    await until_called(editorial, message_id, [THIRD])
    mail, sms = await notices(editorial, message_id)
    assert mail[1].startswith("[OEFENING] ")
    assert "OEFENING" in mail[2]
    assert sms[2].startswith("OEFENING: ")


async def test_two_editorials_call_each_person_once_and_a_restart_forgets_nobody(centre: Rooms, incident: str):
    """The step that was due while nothing ran is done by whoever comes back, once."""
    await on_duty(centre, THIRD, SECOND)
    with centre.running("editorial"), centre.running("editorial"):
        ids = [await centre.proofed(incident=f"{incident}-{n}") for n in range(4)]
    assert (await called(centre, ids[-1]))[:2] in ([], [THIRD])
    await asyncio.sleep(MINUTES * 60)
    with centre.running("editorial"), centre.running("editorial"):
        for message_id in ids:
            await until_called(centre, message_id, [THIRD, SECOND, MANAGER])
        await asyncio.sleep(1)
        for message_id in ids:
            assert await called(centre, message_id) == [THIRD, SECOND, MANAGER]
            assert len(await notices(centre, message_id)) == 4
