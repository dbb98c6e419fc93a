"""Writing and approving, as they look: on a phone and on a screen, by day and by night, in both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from services.runtime.topics import create
from services.store import drafts
from services.store.users import find_user
from tests.browser.console import ConsoleSite, console_in
from tests.browser.drafting import PEOPLE
from tests.browser.looking import look_at
from tests.browser.looks import APPROVING, WRITING
from tests.browser.sight import Sight
from tests.conftest import delete_topics
from tests.editorial.rooms import Rooms
from tests.stack import Background, fresh_database

pytestmark = [pytest.mark.stack, pytest.mark.long]

FILE: dict[str, Any] = {
    "incident": "cyber-2026-014", "kind": "alert", "urgency": "urgent", "phase": "acute",
    "title": [{"text": "Loonadministratie niet beschikbaar door cyberaanval"}],
    "audiences": ["governors", "local-governments", "public"], "channels": ["mail", "sms", "newsfeed"],
    "key_messages": [
        {"text": [{"text": "De loonadministratie ligt stil door een cyberaanval."}],
         "facts": [{"text": "De dienst is sinds maandag 8 uur niet beschikbaar."}]},
        {"text": [{"text": "De lonen van november komen later op de rekening."}], "audiences": ["governors"]},
    ],
    "unknown": [{"text": "Wanneer de dienst herstelt."}],
    "actions": [{"text": "Houd uw provinciale crisiscel bereikbaar.", "audiences": ["governors"]},
                {"text": "Verwijs vragen van de pers door naar het crisiscentrum."}],
    "sms": [{"text": "CCVO: loonadministratie onbeschikbaar… Meer in uw mail."}],
}  # fmt: skip


@pytest.fixture(scope="module")
def room(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """An editorial that runs, on a database with people."""
    prefix = f"t{uuid7().hex[-8:]}."
    with fresh_database(postgres) as url:
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": kafka, "ROELAND_KAFKA_TOPIC_PREFIX": prefix, "ROELAND_DATABASE_URL": url,
            "ROELAND_TAKE_BACK_SECONDS": "3600",
        }  # fmt: skip
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(PEOPLE)
        there = Rooms(env, tmp_path_factory.mktemp("editorial"))
        background.run(create(there.kafka))
        try:
            with there.running("editorial"):
                yield there
        finally:
            background.run(delete_topics(kafka, prefix))


@pytest.fixture
def site(room: Rooms, background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleSite]:
    """A console on it."""
    with console_in(room.env, background, monkeypatch, ROELAND_CONFIRM_COUNT_ABOVE="3") as made:
        yield made


def drafted(site: ConsoleSite, email: str, file: dict[str, Any]) -> str:
    """The path of a draft with this in it."""

    async def begun() -> str:
        draft = uuid7()
        async with site.desk.pool.connection() as connection:
            user = await find_user(connection, email)
            assert user is not None
            content = {"file": file, "questions": {}, "about": "Cyberincident: het eerste bericht."}
            await drafts.begin(connection, draft, content, user.id)
        return f"/compose/{draft}"

    return site.run(begun())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_writing_is_for_everyone(sight: Sight, site: ConsoleSite, language: str) -> None:
    """What one begins from; and the form, with its findings and its preview."""
    cookies = site.signed_in("author")
    draft = drafted(site, "author@ccvo.example", FILE).rpartition("/")[2]
    look_at(WRITING, sight, site, language=language, cookies=cookies, draft=draft)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_approving_is_for_everyone(sight: Sight, site: ConsoleSite, room: Rooms, language: str) -> None:
    """What waits; a message for which the number is typed; the glass; and what is held for a moment."""
    site.signed_in("author")
    cookies = site.signed_in("crisis-manager")
    urgent, held = [site.run(_proofed(room, urgency)) for urgency in ("urgent", "routine")]
    site.run(_approved(room, held))
    look_at(APPROVING, sight, site, language=language, cookies=cookies, urgent=urgent, held=held)


async def _proofed(room: Rooms, urgency: str) -> str:
    author = await room.one("SELECT id FROM users WHERE email = 'author@ccvo.example'")
    soon = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    kind = "alert" if urgency == "urgent" else "update"
    plain = FILE | {"urgency": urgency, "kind": kind, "incident": f"cyber-{uuid7().hex[-6:]}", "next_update_at": soon}
    return str(await room.proofed(author, **plain))


async def _approved(room: Rooms, message: str) -> None:
    manager = await room.one("SELECT id FROM users WHERE email = 'crisis-manager@ccvo.example'")
    assert (await room.approve(UUID(message), manager)).done
