"""The page behind a link to confirm, over HTTP: opening it does nothing, the button does, once."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from services.runtime.confirm_links import confirm_path, confirmed_by, example_link
from services.runtime.postgres import Connection
from services.runtime.reader_links import Reader
from services.runtime.tokens import Key, Keys
from services.store.messages import Message
from tests.public.asking import ask, confirmed, sequence_of
from tests.public.conftest import Door
from tests.store.world import Person, add_people, add_user

pytestmark = pytest.mark.stack

BUTTON = {"choice": "confirm"}


@dataclass
class World:
    """An alone, Bo and Cas behind one mailbox; and a message that asks them all."""

    door: Door
    connection: Connection
    user: int
    an: Person
    bo: Person
    message: Message

    async def link(self, person: Person, channel: str = "mail") -> str:
        sequence = await sequence_of(self.connection, self.message, person.id, channel)
        return confirm_path(Reader(self.message.number, sequence), self.door.keys)

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.door.http.post(self.door.url + path, data=form or BUTTON, headers=named) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def world(door: Door, connection: Connection) -> AsyncIterator[World]:
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    an = Person("An", ["governors"], mail="an@x.example", mobile="+32470000001")
    bo = Person("Bo", ["governors"], mail="desk@x.example")
    cas = Person("Cas", ["governors"], mail="Desk@x.example")
    await add_people(connection, [an, bo, cas])
    yield World(door, connection, user, an, bo, await ask(connection, user))


async def test_opening_the_page_confirms_nothing_however_often(world: World) -> None:
    """Scanners of mail and previews of telephones open every link, and look at its head."""
    link = await world.link(world.an)
    for _ in range(2):
        got = await world.door.get(link)
        assert got.status == 200
        assert b"<button" in got.body
        async with world.door.http.head(world.door.url + link) as answer:
            assert answer.status == 200
    assert await confirmed(world.connection, world.message) == []


async def test_the_button_confirms_once_and_says_since_when(world: World) -> None:
    """Pressed again, or the page opened again, it tells the same."""
    link = await world.link(world.an, "sms")
    status, page = await world.post(link)
    assert (status, "Bedankt" in page, "<button" in page) == (200, True, False)
    assert await world.post(link) == (200, page)
    assert "Bedankt" in (await world.door.get(link)).body.decode()
    assert await confirmed(world.connection, world.message) == [("An", "page")]


async def test_behind_a_shared_mailbox_one_confirms_for_all(world: World) -> None:
    """They have one mail between them, and the page says for how many it counts."""
    _, page = await world.post(await world.link(world.bo))
    assert "2 ontvangers" in page
    assert await confirmed(world.connection, world.message) == [("Bo", "page"), ("Cas", "page")]


async def test_anything_but_the_button_confirms_nothing(world: World) -> None:
    """An empty form, another word, and a page elsewhere that posts for somebody."""
    link = await world.link(world.an)
    for form, headers in (({"choice": "no"}, {}), ({"x": "confirm"}, {}), (BUTTON, {"Sec_Fetch_Site": "cross-site"})):
        status, page = await world.post(link, form, **headers)
        assert (status, "<button" in page) == (400, True)
    assert await confirmed(world.connection, world.message) == []
    assert (await world.post(link, BUTTON, Sec_Fetch_Site="same-origin"))[0] == 200


async def test_forged_and_unknown_links_have_one_answer(world: World) -> None:
    """Each single character of the link counts, and nobody learns which messages there are."""
    link = await world.link(world.an)
    token = link.rpartition("/")[2]
    raw = bytearray(urlsafe_b64decode(token))
    forged = []
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        forged.append(urlsafe_b64encode(changed).decode())
    nobody = confirm_path(Reader(world.message.number, 4711), world.door.keys).rpartition("/")[2]
    later = confirm_path(Reader(2**40 - 1, 1), world.door.keys).rpartition("/")[2]
    wrong = [*forged, nobody, later, token[:-1], token + "A", "x" * 24, "%00", "é" * 24]
    answers = set()
    for each in wrong:
        got = await world.door.get(f"/c/{each}")
        answers.add((got.status, got.body.decode()))
        answers.add(await world.post(f"/c/{each}"))
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert await confirmed(world.connection, world.message) == []


async def test_a_message_that_asks_nothing_has_no_page(world: World) -> None:
    """A test that a user sent to themselves, a message without `confirm`, one that is not released."""
    await world.connection.execute("UPDATE message SET confirm_minutes = NULL")
    assert (await world.door.get(await world.link(world.an))).status == 404
    await world.connection.execute("UPDATE message SET confirm_minutes = 15, released_at = NULL")
    assert (await world.post(await world.link(world.an)))[0] == 404
    assert await confirmed(world.connection, world.message) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("state = 'withdrawn', withdrawn_at = now(), stopped_at = now()", "ingetrokken"),
        ("state = 'stopped', stopped_at = now()", "niet meer verstuurd"),
        ("expires_at = now() - interval '1 minute'", "geldt intussen niet meer"),
    ],
)
async def test_what_no_longer_holds_is_said_and_confirmed_all_the_same(world: World, change: str, words: str) -> None:
    """That they read it is true whatever became of it; that it no longer holds they must hear."""
    link = await world.link(world.an)
    await world.connection.execute(f"UPDATE message SET {change}".encode())
    assert words in (await world.door.get(link)).body.decode()
    _, page = await world.post(link)
    assert words in page
    assert await confirmed(world.connection, world.message) == [("An", "page")]


async def test_the_page_is_nobody_elses(world: World) -> None:
    """Kept by no cache, found by no search engine, framed by nobody, and it runs nothing."""
    got = await world.door.get(await world.link(world.an))
    assert got.headers["Cache-Control"] == "no-store"
    assert "noindex" in got.headers["X-Robots-Tag"]
    assert "frame-ancestors 'none'" in got.headers["Content-Security-Policy"]
    assert b"<script" not in got.body
    assert (await world.door.get("/c/x/y")).status == 404


async def test_an_exercise_says_so(world: World) -> None:
    """Nobody must think that it is real."""
    await world.connection.execute("ALTER TABLE message DROP CONSTRAINT message_exercise")
    await world.connection.execute("UPDATE message SET exercise = true")
    assert b"OEFENING" in (await world.door.get(await world.link(world.an))).body


def test_links_are_all_as_long_and_read_back() -> None:
    """Segments of an SMS are counted with any link."""
    keys = Keys((Key("new", b"n" * 32), Key("old", b"o" * 32)))
    for reader in (Reader(1, 1), Reader(2**40 - 1, 2**24 - 1)):
        path = confirm_path(reader, keys)
        assert len(path) == len(example_link(""))
        assert confirmed_by(path.rpartition("/")[2], keys) == reader
        assert confirmed_by(path.rpartition("/")[2], Keys(keys.keys[1:])) is None
    old = confirm_path(Reader(7, 7), Keys(keys.keys[1:])).rpartition("/")[2]
    assert confirmed_by(old, keys) == Reader(7, 7)
