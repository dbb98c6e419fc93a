"""What is served is what PostgreSQL says, within moments of every change, on real PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest

from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import feeds, messages
from tests.public.conftest import Door
from tests.public.publishing import path_of, published, recorded
from tests.situation.running import eventually
from tests.store.world import INCIDENT, add_user, connect, submit

pytestmark = pytest.mark.stack

ATOM = "/feeds/public.atom"


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Connection]:
    """Another writer."""
    async with await connect(database_url) as connection:
        yield connection


async def test_what_commits_after_a_later_one_is_shown_too(
    door: Door, connection: Connection, other: Connection
) -> None:
    """Transactions become visible out of order: a look by time would never see the one that was slow."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    slow = await submit(connection, user, channels=["newsfeed"])
    async with connection.transaction():
        await messages.set_released(connection, slow.number, user)
    async with other.transaction():
        variant = Variant("public", "nl", "", "newsfeed", "traag", "traag", "<p>traag</p>")
        await feeds.record_entry(other, slow.number, variant)
        await published(door, connection, "snel")
        await asyncio.sleep(1.1)  # a look passes, and sees nothing of it
    await eventually(lambda: shows(door, ATOM, "traag"))


async def test_an_entry_that_was_deleted_is_shown_nowhere(door: Door, connection: Connection) -> None:
    """Nobody does that, but a row that is not in the record must not live on in a file."""
    gone, stays = await published(door, connection, "weg"), await published(door, connection, "blijft")
    await connection.execute("DELETE FROM feed_entry WHERE message = %s", (gone.number,))
    await eventually(lambda: shows(door, ATOM, "weg", shown=False))
    assert await shows(door, ATOM, "blijft")
    await eventually(lambda: shows(door, f"/feeds/public/incidents/{stays.incident}.atom", "weg", shown=False))
    await eventually(lambda: is_gone(door, f"/messages/{gone.id}"))


async def test_a_folder_that_is_lost_while_serving_is_made_again(door: Door, connection: Connection) -> None:
    """Readers notice nothing; the web server in front has its files again within moments."""
    await published(door, connection, "eerst")
    before = await door.get(ATOM)
    door.folder.rename(door.folder.with_name("lost"))  # in one moment: the watch writes in it
    assert (await door.get(ATOM)).body == before.body
    await eventually(lambda: is_there(door, "open/feeds/public.atom"))
    await published(door, connection, "dan")
    assert (door.folder / "open/feeds/public.atom").read_bytes() == (await door.get(ATOM)).body


async def test_what_cannot_be_written_is_served_fresh_all_the_same(door: Door, connection: Connection) -> None:
    """A full disk must not let readers act on what no longer holds; once it can be written again, it is."""
    await published(door, connection, "eerst")
    shutil.rmtree(door.folder / "new")
    (door.folder / "new").touch()  # nothing can be written below it, by root neither
    await published(door, connection, "dan")
    assert b"dan" not in (door.folder / "open/feeds/public.atom").read_bytes()
    (door.folder / "new").unlink()
    (door.folder / "new").mkdir()
    await published(door, connection, "weer")
    assert b"weer" in (door.folder / "open/feeds/public.atom").read_bytes()


async def test_each_incident_has_a_feed_in_each_audience_and_shows_its_new_title(
    door: Door, connection: Connection
) -> None:
    """Of its own entries, in every form; a title that is put right in the incident is put right there.

    The public never reads that title, which people inside gave it: to them it is called as its first entry.
    """
    await published(door, connection, "bericht")
    for root in ("/feeds/public", (await path_of(connection, "governors")).removesuffix(".atom")):
        for form in ("atom", "rss", "json"):
            path = f"{root}/incidents/{INCIDENT}.{form}"
            await eventually(lambda path=path: shows(door, path, "bericht"))
        assert (await door.get(f"{root}/incidents/nosuch.atom")).status == 404
    closed = (await path_of(connection, "governors")).removesuffix(".atom")
    before = (await door.get(ATOM)).headers["Last-Modified"]
    await connection.execute("UPDATE incident SET title = 'Storm Ciarán' WHERE slug = %s", (INCIDENT,))
    await eventually(lambda: shows(door, f"{closed}/incidents/{INCIDENT}.atom", "Ciarán"))
    for path in (f"/feeds/public/incidents/{INCIDENT}.atom", "/feeds/public.json", "/", f"/incidents/{INCIDENT}"):
        assert not await shows(door, path, "Ciarán") and not await shows(door, path, ">Storm<")
    assert (await door.get(ATOM)).headers["Last-Modified"] == before, "no entry of it is news by that"


@pytest.mark.long  # ten seconds of messages
async def test_what_is_older_than_fifty_is_in_the_archives(door: Door, connection: Connection) -> None:
    """The document stays small; by `prev-archive` and `next_url` all is reached, to the very first (RFC 5005 §4)."""
    for number in range(51):
        await recorded(connection, f"bericht-{number:02}")
    await published(door, connection, "laatste")
    for form, leads in (("atom", b'rel="prev-archive"'), ("json", b'"next_url"')):
        assert leads in (await door.get(f"/feeds/public.{form}")).body
        path = f"/feeds/public/archive/1.{form}"
        await eventually(lambda path=path: shows(door, path, "bericht-00"))
    assert (await door.get(ATOM)).body.count(b"<entry ") == 50 and not await shows(door, ATOM, ">bericht-00<")
    assert (await door.get("/feeds/public/archive/2.atom")).status == 404


async def test_a_withdrawn_correction_puts_nothing_right_any_more(door: Door, connection: Connection) -> None:
    """What it corrected is shown anew, without the word that it was put right."""
    wrong = await published(door, connection, "fout")
    right = await published(door, connection, "juist", corrects=wrong.number)
    await eventually(lambda: shows(door, ATOM, "RECHTGEZET"))
    async with connection.transaction():
        await feeds.withdraw(connection, right.number)
    await eventually(lambda: shows(door, ATOM, "INGETROKKEN"))
    await eventually(lambda: shows(door, ATOM, "RECHTGEZET", shown=False))


async def shows(door: Door, path: str, text: str, *, shown: bool = True) -> bool:
    got = await door.get(path)
    return got.status == 200 and (text in got.body.decode()) is shown


async def is_there(door: Door, name: str) -> bool:
    return (door.folder / name).exists()


async def is_gone(door: Door, path: str) -> bool:
    return (await door.get(path)).status == 404
