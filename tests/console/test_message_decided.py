"""What editorial decides about a message, from the console: a real one, on real Kafka, believes who was signed in."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from services.console.app import make_app
from services.console.desk import Desk
from services.console.settings import ConsoleSettings
from services.domain.commands import ApproveMessage
from services.runtime.configuration import configuration_in_force
from services.runtime.health import Health
from services.runtime.postgres import open_pool
from tests.conftest import delete_topics
from tests.console.conftest import URL, Console
from tests.editorial.rooms import Rooms, rooms
from tests.stack import Background

pytestmark = pytest.mark.stack

SECOND, MANAGER, AUTHOR = "second@example.org", "manager@example.org", "author@example.org"


@pytest.fixture(scope="module")
def running(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """Editorial and dispatch; what is routine can be taken back for a minute."""
    folder: Path = tmp_path_factory.mktemp("decided")
    with rooms(kafka, postgres, folder) as made:
        made.env["ROELAND_TAKE_BACK_SECONDS"] = "60"
        try:
            with made.running("editorial"), made.running("dispatch"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


@pytest.fixture
async def decided(running: Rooms, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Console]:
    """A console on the same database."""
    monkeypatch.setenv("ROELAND_DATABASE_URL", running.env["ROELAND_DATABASE_URL"])
    async with open_pool(running.database) as pool:
        desk = Desk(pool, running.database, ConsoleSettings(console_url=URL), configuration_in_force(), Health())
        made = Console(make_app(desk), desk)
        async with made.stack:
            yield made


async def do(console: Console, email: str, message: UUID, act: str, **data: str) -> str:
    """The page that asks, then the act; where it leads, or the page that says why not."""
    browser = await console.as_("x", email=email)
    path = f"/messages/{message}/do/{act}"
    asked = await browser.get(path)
    assert asked.status_code == 200, asked.text
    answer = await browser.post(path, data=data)
    return answer.headers.get("location") or answer.text


async def test_an_approval_is_taken_back_by_the_author_who_sees_the_mistake(running: Rooms, decided: Console):
    """Before anything went out, also without the role that approves."""
    message = await running.proofed(incident="decided-1", urgency="routine", kind="update")
    assert (await running.approve(message)).done
    assert (
        await do(decided, AUTHOR, message, "take-back", reason="verkeerde datum")
        == f"/messages/{message}?told=take-back"
    )
    assert await running.state(message) == "proofed"
    assert "Dit kan niet meer" in await do(decided, AUTHOR, message, "take-back")


async def test_a_message_is_withdrawn_and_whom_it_reached_is_told(running: Rooms, decided: Console):
    """With its reason, on the record of who was signed in."""
    message = await running.released(incident="decided-2")
    told = await do(decided, SECOND, message, "withdraw", reason="verkeerd incident", notify="true")
    assert told == f"/messages/{message}?told=withdraw"
    assert await running.state(message) == "withdrawn"
    actor = """SELECT u.email FROM audit a JOIN users u ON u.id = a.actor
        WHERE a.action = 'message.withdrawn' AND a.subject = %s"""
    assert await running.one(actor, f"message:{message}") == SECOND


async def test_newcomers_get_it_once_and_only_those_who_were_shown(running: Rooms, decided: Console):
    """Whoever sends sees to whom; if the list moved meanwhile, they look again."""
    message = await running.released(incident="decided-3")
    await running.rows(
        """WITH c AS (INSERT INTO contact (external_id, name) VALUES ('new-1', '<b>Nieuw</b>') RETURNING id),
           a AS (INSERT INTO address (contact, channel, value) SELECT id, 'mail', 'n1@example.org' FROM c)
           INSERT INTO contact_audience (audience, contact) SELECT 'governors', id FROM c RETURNING 1"""
    )
    browser = await decided.as_("x", email=SECOND)
    page = (await browser.get(f"/messages/{message}/do/newcomers")).text
    assert "&lt;b&gt;Nieuw" in page
    assert "Verzenden naar 1 contact" in page
    assert "De lijst is intussen veranderd" in await do(decided, SECOND, message, "newcomers", seen="2")
    assert await do(decided, SECOND, message, "newcomers", seen="1") == f"/messages/{message}?told=newcomers"
    assert "new-1" in await running.recipients(message)


async def test_broken_glass_is_judged_by_somebody_else(running: Rooms, decided: Console):
    """Not by who broke it, and not by the author; once."""
    message = await running.proofed(incident="decided-4")
    glass = {"break_glass": "niemand bereikbaar"}
    assert (await running.ask(ApproveMessage(message_id=message, **glass), 3)).done
    manager = await decided.as_("x", email=MANAGER)
    assert (await manager.get(f"/messages/{message}/do/confirm")).status_code == 403
    assert "niemand bereikbaar" in (await manager.get(f"/messages/{message}")).text
    assert await do(decided, SECOND, message, "dispute", reason="kon wachten") == f"/messages/{message}?told=dispute"
    assert "Dit kan niet meer" in await do(decided, SECOND, message, "confirm")
