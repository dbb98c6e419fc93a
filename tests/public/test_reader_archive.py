"""What a reader reads behind their link: their own edition, and those that went to their audience."""

from datetime import date

import pytest

from services.domain.variants import slot
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message
from tests.public.newsletters import add_edition, add_newsletter
from tests.public.test_reader import DAY, World, world

__all__ = ["world"]

pytestmark = pytest.mark.stack


async def test_an_edition_reads_as_its_reader_got_it(world: World) -> None:
    """With their name, as text whatever it is, and links that are theirs."""
    link = await world.link(world.an)
    status, page = await world.ask("GET", link)
    assert status == 200 and "<p>Dag An &lt;Peeters&gt;</p>" in page and f"governors nl {DAY}" in page
    assert f"https://crisis.example.be/roeland{link}/preferences" in page
    assert "\ue000" not in page
    cut = f'<a href="{slot("reader")}">x</a>' * 2
    await world.connection.execute("UPDATE variant SET html = html || %s", (cut,))
    _, whole = await world.ask("GET", link)
    assert f"governors nl {DAY}" not in whole and "Dagelijkse &lt;nieuwsbrief&gt;" in whole
    assert f"https://crisis.example.be/roeland{link}/unsubscribe" in whole


async def test_the_archive_is_that_of_the_readers_audience(world: World) -> None:
    """Released editions, the latest first, each behind the same link; never another audience's, nor one that waits."""
    sent = [(26, ["governors"], True), (27, ["local-governments"], True), (30, ["governors"], False)]
    for number, (at, audiences, released) in enumerate(sent, start=2):
        await add_edition(
            world.connection, world.user, world.newsletter, date(2026, 11, at),
            audiences=audiences, number=number, released=released,
        )  # fmt: skip
    elsewhere = await add_newsletter(world.connection, world.user, "tweede")
    await add_edition(world.connection, world.user, elsewhere, date(2026, 11, 24))
    link = await world.link(world.an)
    _, page = await world.ask("GET", f"{link}/archive")
    days = [each.partition('"')[0] for each in page.split("/archive/")[1:]]
    assert days == ["2026-11-26", "2026-11-25"]
    assert "donderdag 26 november 2026" in page and "nummer 2" in page
    status, edition = await world.ask("GET", f"{link}/archive/2026-11-26")
    assert status == 200 and "governors nl 2026-11-26" in edition and f"{link}/preferences" in edition
    for day in (
        "2026-11-27",
        "2026-11-30",
        "2026-11-24",
        "2026-13-01",
        "20261126",
        "2026-W48-4",
        "x",
        "0001-01-01",
        "..",
        "26'--",
    ):
        assert (await world.ask("GET", f"{link}/archive/{day}"))[0] == 404, day


async def test_what_was_withdrawn_is_shown_as_such_and_not_read(world: World) -> None:
    """In the list, at its date, and behind the link in the mail itself."""
    link = await world.link(world.an)
    await _withdraw(world.connection, world.edition)
    _, page = await world.ask("GET", f"{link}/archive")
    assert "ingetrokken" in page and "2026-11-25" in page
    for path in (link, f"{link}/archive/2026-11-25"):
        status, page = await world.ask("GET", path)
        assert status == 200 and "Deze nieuwsbrief is ingetrokken" in page and "governors nl" not in page
    assert (await world.ask("POST", f"{link}/unsubscribe", {"List-Unsubscribe": "One-Click"}))[0] == 200


async def test_what_is_held_or_was_stopped_is_in_no_archive(world: World) -> None:
    """Somebody has doubts about it; who got it by mail can still read it."""
    link = await world.link(world.an)
    for change in ("paused_at = now()", "paused_at = NULL, state = 'stopped'"):
        await world.connection.execute(
            f"UPDATE message SET {change} WHERE number = %s".encode(), (world.edition.number,)
        )
        assert "2026-11-25" not in (await world.ask("GET", f"{link}/archive"))[1]
        assert (await world.ask("GET", f"{link}/archive/2026-11-25"))[0] == 404
        assert (await world.ask("GET", link))[0] == 200


async def test_who_is_no_longer_of_the_audience_reads_no_further(world: World) -> None:
    """The edition that they got stays theirs; those that came after it are not."""
    link = await world.link(world.an)
    await world.connection.execute("DELETE FROM contact_audience WHERE contact = %s", (world.an.id,))
    _, page = await world.ask("GET", f"{link}/archive")
    assert "niet meer voor u bestemd" in page and "/archive/2026" not in page
    assert (await world.ask("GET", f"{link}/archive/2026-11-25"))[0] == 404
    assert (await world.ask("GET", link))[0] == 200


async def test_the_archive_is_read_in_the_language_of_today(world: World) -> None:
    """Who chose French reads earlier editions in French, where there is one."""
    link = await world.link(world.an)
    await world.connection.execute("UPDATE contact SET chosen_language = 'fr' WHERE id = %s", (world.an.id,))
    assert "governors fr" in (await world.ask("GET", f"{link}/archive/2026-11-25"))[1]
    assert "governors nl" in (await world.ask("GET", link))[1]
    await world.connection.execute("UPDATE contact SET chosen_language = 'de' WHERE id = %s", (world.an.id,))
    assert "governors nl" in (await world.ask("GET", f"{link}/archive/2026-11-25"))[1]


async def test_years_of_editions_come_in_pages(world: World) -> None:
    """Each page leads to the one before it, and every edition is on one of them."""
    await world.connection.execute(
        "WITH day AS (SELECT gen_random_uuid() AS id, n FROM generate_series(1, 130) n), sent AS ("
        "    INSERT INTO message (id, incident, kind, lane, priority, phase, exercise, content, content_hash, state,"
        "        submitted_by, released_at) SELECT day.id, m.incident, m.kind, m.lane, m.priority, m.phase, m.exercise,"
        "        m.content, n::text, m.state, m.submitted_by, m.released_at FROM message m, day WHERE m.number = %(m)s"
        "    RETURNING id, number), mails AS ("
        "    INSERT INTO variant SELECT sent.number, v.number, v.audience, v.language, v.segment, v.channel, v.subject,"
        "        v.text, v.html FROM variant v, sent WHERE v.message = %(m)s) "
        "INSERT INTO edition (newsletter, date, decision, due, decided_at, number, message_id, content)"
        " SELECT %(n)s, DATE '2026-01-01' + n, 'made', now(), now(), n, day.id, '{}' FROM day",
        {"m": world.edition.number, "n": world.newsletter},
    )
    link, query, days = await world.link(world.an), "", []
    while True:
        _, page = await world.ask("GET", f"{link}/archive{query}")
        days += [each.partition('"')[0] for each in page.split("/archive/")[1:]]
        query = page.partition("archive?")[2].partition('"')[0]
        if not query:
            break
        query = f"?{query}"
    assert len(days) == len(set(days)) == 131 and days == sorted(days, reverse=True)


async def _withdraw(connection: Connection, message: Message) -> None:
    async with connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        assert found
        await messages.withdraw(connection, found, source="/test")
