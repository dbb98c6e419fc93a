"""A correction that nobody answers: what it corrects is held all the same, as without Kafka or without editorial."""

import asyncio
import json
import threading
import time

import psycopg
import pytest

from services.admin import giving
from services.domain.commands import Answer
from services.runtime import commands
from services.store import messages
from tests.admin.conftest import Roeland
from tests.store import world
from tests.store.world import INCIDENT, SOURCE

pytestmark = pytest.mark.stack

AUTHOR = "author@ccvo.example"
PAUSED = "SELECT paused_at IS NOT NULL FROM message WHERE number = %s"
AUDITED = "SELECT action FROM audit WHERE action IN ('message.paused', 'message.resumed') ORDER BY id"


@pytest.fixture
def roeland_env(database_url, tmp_path):
    return {
        "ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url,
        "ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }  # fmt: skip


@pytest.fixture
def wrong(database_url):
    """A message that is being sent, and is wrong."""

    async def released():
        connection = await world.connect(database_url)
        author = await world.add_user(connection, AUTHOR, "author")
        await world.add_crowd(connection, 3)
        message = await world.submit(connection, author)
        await world.release(connection, message, author)
        await connection.close()
        return message

    return asyncio.run(released())


@pytest.fixture
def correction(wrong, tmp_path):
    """What puts it right."""
    file = tmp_path / "correction.json"
    file.write_text(
        json.dumps({
            "incident": INCIDENT, "kind": "correction", "corrects": str(wrong.id), "title": "Juist", "language": "nl",
            "channels": ["mail"], "urgency": "urgent", "key_messages": ["Het bericht van daarnet klopt niet."],
        })
    )  # fmt: skip
    return str(file)


def one(database_url, query, *values):
    with psycopg.connect(database_url) as connection:
        return connection.execute(query, values).fetchone()[0]


def answering(database_url, answer):
    """Editorial, a little late: this answer to whatever is asked."""

    def answered():
        with psycopg.connect(database_url, autocommit=True) as connection:
            while (row := connection.execute("SELECT id FROM command").fetchone()) is None:
                time.sleep(0.05)
            time.sleep(1)

        async def give():
            async with await world.connect(database_url) as connection:
                await commands.answer(connection, row[0], answer)

        asyncio.run(give())

    thread = threading.Thread(target=answered)
    thread.start()
    return thread


def test_without_an_answer_the_error_is_held_within_a_second_and_the_author_told_so(
    roeland: Roeland, database_url, wrong, correction, monkeypatch
):
    """Without Kafka nobody takes the correction for half a minute, and everybody would have got the error by then."""
    monkeypatch.setattr(giving, "SECONDS", 1.5)
    ran = roeland("message", "submit", correction, "--as", AUTHOR, "--json")
    assert (ran.code, ran.document["paused"]) == (1, str(wrong.id))
    assert f"roeland message resume {wrong.id}" in ran.document["error"]
    assert one(database_url, "SELECT paused_at - published_at < interval '1 second' FROM message, command")
    assert one(database_url, AUDITED) == "message.paused"


def test_a_correction_that_is_refused_lets_what_this_door_held_go_on(roeland: Roeland, database_url, wrong, correction):
    """Editorial left it as it was: so does the door."""
    editorial = answering(database_url, Answer.refused("the same was said before"))
    ran = roeland("message", "submit", correction, "--as", AUTHOR, "--json")
    editorial.join()
    assert (ran.code, ran.document["error"]) == (1, "the same was said before")
    assert one(database_url, PAUSED, wrong.number) is False
    with psycopg.connect(database_url) as connection:
        assert connection.execute(AUDITED).fetchall() == [("message.paused",), ("message.resumed",)]


def test_what_a_person_paused_is_not_let_go_on_by_a_refused_correction(
    roeland: Roeland, database_url, wrong, correction
):
    """They decided, and this door held nothing."""

    async def pause():
        connection = await world.connect(database_url)
        async with connection.transaction():
            await messages.pause(connection, wrong, source=SOURCE)
        await connection.close()

    asyncio.run(pause())
    editorial = answering(database_url, Answer.refused("the same was said before"))
    assert roeland("message", "submit", correction, "--as", AUTHOR).code == 1
    editorial.join()
    assert one(database_url, PAUSED, wrong.number) is True
