"""A reader's own link, over HTTP: leaving a newsletter, choices, and who may do what with a link."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import aiohttp
import pytest

from services.runtime.postgres import Connection
from services.runtime.reader_links import Reader, reader_path
from services.store import contacts, subscriptions
from services.store.messages import Message
from tests.public.conftest import Door
from tests.public.newsletters import add_edition, add_newsletter, link_of
from tests.store.world import Person, add_people, add_user, submit

pytestmark = pytest.mark.stack

DAY = date(2026, 11, 25)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BROKEN = [
    ("multipart/form-data", b"x"), ("multipart/form-data; boundary=a", b"--a\r\n\r\n"),
    ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--"),
    ("multipart/form-data; boundary=" + "a" * 200, b"--"), ("multipart/mixed; boundary=a", b"--a--"),
    ("application/x-www-form-urlencoded; charset=nope", b"a=b"),
    ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&" + b"&" * 500), ("", b"x"), ("\xff/", b"x"),
]  # fmt: skip


@dataclass
class World:
    """Readers of an edition: An and Dee, and Bo and Cas behind one address."""

    door: Door
    connection: Connection
    user: int
    newsletter: int
    edition: Message
    an: Person
    bo: Person
    cas: Person
    dee: Person

    async def link(self, person: Person) -> str:
        """The link in the mail that went to this person."""
        return await link_of(self.connection, self.door.keys, self.edition, person.id)

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, str]:
        """Status and body."""
        async with self.door.http.request(
            method, self.door.url + path, data=data, headers=headers, allow_redirects=False
        ) as answer:
            self.headers: Mapping[str, str] = answer.headers
            return answer.status, await answer.text()

    async def left(self, newsletter: int | None = None) -> dict[int, str]:
        """Who has left, and how."""
        rows = await self.connection.execute(
            "SELECT contact, how FROM unsubscription WHERE newsletter = %s", (newsletter or self.newsletter,)
        )
        return dict(await rows.fetchall())


@pytest.fixture
async def world(door: Door, connection: Connection) -> World:
    user = await add_user(connection, "an@ccvo.example", "author")
    an = Person("An <Peeters>", ["governors"], "an@gent.example")
    bo, cas = (Person(name, ["local-governments"], "info@gent.example") for name in ("Bo", "Cas"))
    dee = Person("Dee", ["local-governments"], "dee@genk.example")
    await add_people(connection, [an, bo, cas, dee])
    newsletter = await add_newsletter(connection, user)
    edition = await add_edition(connection, user, newsletter, DAY)
    return World(door, connection, user, newsletter, edition, an, bo, cas, dee)


async def test_one_click_ends_it_at_once_and_once(world: World) -> None:
    """As mail programs post it, in either encoding; again is no error. No redirect, no cookie (RFC 8058 §3.1)."""
    for person, multipart in ((world.an, False), (world.dee, True)):
        for _ in range(2):
            body = aiohttp.FormData(ONE_CLICK, default_to_multipart=True) if multipart else ONE_CLICK
            assert (await world.ask("POST", f"{await world.link(person)}/unsubscribe", body))[0] == 200
            assert "Set-Cookie" not in world.headers
    assert await world.left() == {world.an.id: "one-click", world.dee.id: "one-click"}
    rows = await world.connection.execute("SELECT action, subject, detail FROM audit ORDER BY id")
    assert await rows.fetchall() == [
        ("newsletter.unsubscribed", f"newsletter:{world.newsletter}", {"contacts": [each.id], "how": "one-click"})
        for each in (world.an, world.dee)
    ]


async def test_following_a_link_changes_nothing(world: World) -> None:
    """Scanners open every link of a mail, and ask HEAD; nobody loses a newsletter by that."""
    link = await world.link(world.an)
    for page in ("", "/unsubscribe", "/preferences", "/archive"):
        for method in ("GET", "HEAD"):
            assert (await world.ask(method, f"{link}{page}"))[0] == 200
    assert await world.left() == {}


async def test_a_post_that_does_not_ask_for_it_ends_nothing(world: World) -> None:
    """A scanner that posts without the words of RFC 8058 is shown the button."""
    twice = [("List-Unsubscribe", "One-Click"), ("List-Unsubscribe", "One-Click")]
    bodies: list[Any] = [
        None, {}, {"List-Unsubscribe": "one-click"}, {"List-Unsubscribe": "No"}, {"choice": "Leave"}, {"x": "y" * 9000},
        b"List-Unsubscribe=One-Click", twice,
    ]  # fmt: skip
    for body in bodies:
        status, page = await world.ask("POST", f"{await world.link(world.an)}/unsubscribe", body)
        assert (status, "Wij hebben niets gewijzigd" in page) == (400, True), body
    assert await world.left() == {}


async def test_no_body_breaks_the_door(world: World) -> None:
    """Whatever is sent, the answer is a page that says that nothing was changed."""
    path = f"{await world.link(world.an)}/unsubscribe"
    for kind, body in BROKEN:
        assert (await world.ask("POST", path, body, **{"Content-Type": kind}))[0] == 400, (kind, body)
    assert await world.left() == {}


async def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    """Nobody fills memory through a link."""
    link = await world.link(world.an)
    for page in ("unsubscribe", "preferences"):
        for body in ({"x": "y" * 20_000}, aiohttp.FormData({"x": "y" * 20_000}, default_to_multipart=True)):
            assert (await world.ask("POST", f"{link}/{page}", body))[0] == 413
    many = b"--a\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n" * 2000
    kind = {"Content-Type": "multipart/form-data; boundary=a"}
    assert (await world.ask("POST", f"{link}/unsubscribe", many, **kind))[0] == 413
    assert (await world.ask("POST", f"{link}/unsubscribe", _in_pieces(many), **kind))[0] == 411
    assert (await world.ask("POST", f"{link}/unsubscribe", _in_pieces(b"x=" + b"y" * 20_000)))[0] in {400, 413}


async def test_the_button_ends_it_and_the_page_takes_it_back(world: World) -> None:
    """It says what was ended, that urgent messages go on, and offers to undo it."""
    path = f"{await world.link(world.an)}/unsubscribe"
    _, asked = await world.ask("GET", path)
    assert "Dagelijkse &lt;nieuwsbrief&gt;" in asked and 'name="choice" value="leave"' in asked
    _, done = await world.ask("POST", path, {"choice": "leave"})
    assert "U ontvangt ‘Dagelijkse &lt;nieuwsbrief&gt;’ niet meer" in done
    assert "Dringende berichten blijft u altijd ontvangen" in done and 'value="stay"' in done
    assert await world.left() == {world.an.id: "page"}
    assert "U bent uitgeschreven" in (await world.ask("GET", path))[1]
    assert "zoals voorheen" in (await world.ask("POST", path, {"choice": "stay"}))[1]
    assert await world.left() == {}


async def test_who_shares_an_address_chooses_for_all_and_is_told_so(world: World) -> None:
    """One mail came, with one button; half an ending would bring the next one all the same."""
    path = f"{await world.link(world.cas)}/unsubscribe"
    assert "2 ontvangers delen dit mailadres" in (await world.ask("GET", path))[1]
    await world.ask("POST", path, ONE_CLICK)
    assert set(await world.left()) == {world.bo.id, world.cas.id}


async def test_a_link_that_is_of_no_use_looks_like_one_that_never_was(world: World) -> None:
    """Made up, of an ordinary message, not yet sent, of somebody who is gone or has another mailbox now: one page."""
    keys, connection = world.door.keys, world.connection
    alert = await submit(connection, world.user)
    waits = await add_edition(connection, world.user, world.newsletter, date(2026, 11, 26), released=False)
    moved, removed = await world.link(world.bo), await world.link(world.an)
    await connection.execute(
        "UPDATE address SET current = false WHERE contact IN (%s, %s)", (world.bo.id, world.cas.id)
    )
    row = await (await connection.execute("SELECT external_id FROM contact WHERE id = %s", (world.an.id,))).fetchone()
    assert row
    await contacts.remove_contacts(connection, [row[0]])
    good = await world.link(world.dee)
    assert (await world.ask("GET", good))[0] == 200
    paths = [
        moved, removed, reader_path(Reader(alert.number, 1), keys), reader_path(Reader(waits.number, 1), keys),
        reader_path(Reader(world.edition.number, 99), keys), reader_path(Reader(10**17, 1), keys), good + "x",
        good[:-1],
        "/reader/1-1-x", "/reader/" + "a" * 5000, "/reader/%00", "/reader/..%2f..%2fetc", "/reader/1-1-%ff%fe",
        "/reader/'--",
        good.replace(f"/{world.edition.number}-", f"/0{world.edition.number}-"),
    ]  # fmt: skip
    for path in paths:
        for method, page in (("GET", "/unsubscribe"), ("POST", "/unsubscribe"), ("GET", "/preferences"), ("GET", "")):
            status, body = await world.ask(method, path + page, ONE_CLICK if method == "POST" else None)
            assert (status, "Deze link werkt niet meer" in body) == (404, True), (method, path)
    assert await world.left() == {}


async def test_other_methods_are_refused(world: World) -> None:
    """Each address says what may be done with it."""
    link = await world.link(world.an)
    for method, page, allowed in [
        ("POST", "", "GET,HEAD"), ("PUT", "/unsubscribe", "GET,HEAD,POST"), ("DELETE", "/preferences", "GET,HEAD,POST"),
        ("POST", "/archive", "GET,HEAD"), ("OPTIONS", "/unsubscribe", "GET,HEAD,POST"),
    ]:  # fmt: skip
        assert (await world.ask(method, link + page))[0] == 405
        assert world.headers["Allow"] == allowed


async def test_nothing_of_a_link_leaks(world: World) -> None:
    """Its address is a secret: not kept, not indexed, in no Referer; no script, nothing from elsewhere, no frame."""
    link = await world.link(world.an)
    for page in ("", "/unsubscribe", "/preferences", "/archive", "x"):
        await world.ask("GET", link + page)
        assert world.headers["Cache-Control"] == "no-store"
        assert "noindex" in world.headers["X-Robots-Tag"]
        assert world.headers["Referrer-Policy"] == "no-referrer"
        policy = world.headers["Content-Security-Policy"]
        assert (
            policy.startswith("default-src 'none'")
            and "script-src" not in policy
            and "frame-ancestors 'none'" in policy
        )


async def test_preferences_are_kept_and_no_list_takes_them_back(world: World) -> None:
    """Language and newsletters, each; the page is in the language that was chosen, and so is the next edition."""
    other = await add_newsletter(world.connection, world.user, "tweede")
    theirs = await add_newsletter(world.connection, world.user, "derde", ["partners"])
    path = f"{await world.link(world.an)}/preferences"
    _, before = await world.ask("GET", path)
    assert (
        f'value="{world.newsletter}"' in before and f'value="{other}"' in before and f'value="{theirs}"' not in before
    )
    form = [("choice", "save"), ("language", "fr"), ("wanted", str(world.newsletter))]
    form += [("offered", str(each)) for each in (world.newsletter, other, theirs, 10**18, "x")]
    status, after = await world.ask("POST", path, form)
    assert (status, "Vos préférences sont enregistrées" in after) == (200, True)
    assert (await world.left(), await world.left(other), await world.left(theirs)) == ({}, {world.an.id: "page"}, {})
    following = await add_edition(world.connection, world.user, world.newsletter, date(2026, 11, 27))
    row = await (
        await world.connection.execute(
            "SELECT v.language FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant"
            " WHERE d.message = %s AND d.contact = %s",
            (following.number, world.an.id),
        )
    ).fetchone()
    assert row == ("fr",)


async def test_a_form_that_makes_no_sense_changes_nothing(world: World) -> None:
    """An empty post would otherwise take every newsletter away."""
    path = f"{await world.link(world.an)}/preferences"
    saves: list[dict[str, str]] = [{}, {"language": "xx"}, {"language": ""}]
    for form in [{}, {"language": "fr"}, *({"choice": "save", **each} for each in saves)]:
        status, page = await world.ask("POST", path, form)
        assert (status, "hebben niets gewijzigd" in page) == (400, True)
    query = "SELECT count(*) FROM contact WHERE chosen_language IS NOT NULL"
    row = await (await world.connection.execute(query)).fetchone()
    assert (row, await world.left()) == ((0,), {})


async def test_many_clicks_at_once_are_one(world: World) -> None:
    """Readers who share an address, each from a mail that names another of them first: it is one act."""
    connection = world.connection
    await connection.execute("UPDATE contact_audience SET audience = 'governors' WHERE contact = %s", (world.cas.id,))
    later = await add_edition(connection, world.user, world.newsletter, date(2026, 11, 26))
    links = [await world.link(world.bo), await link_of(connection, world.door.keys, later, world.bo.id)]
    clicks = [world.ask("POST", f"{links[n % 2]}/unsubscribe", ONE_CLICK) for n in range(16)]
    form = {"choice": "save", "language": "fr", "offered": str(world.newsletter)}
    saves = [world.ask("POST", f"{links[n % 2]}/preferences", form) for n in range(16)]
    assert {status for status, _ in await asyncio.gather(*clicks, *saves)} == {200}
    rows = await connection.execute("SELECT action, count(*) FROM audit GROUP BY action ORDER BY action")
    assert await rows.fetchall() == [("contact.language-chosen", 2), ("newsletter.unsubscribed", 1)]
    assert set(await world.left()) == {world.bo.id, world.cas.id}


async def test_while_postgresql_is_away_nothing_is_said_to_be_done(world: World) -> None:
    """503 with Retry-After: whoever asks knows that it was not done, and the same click does it later."""
    path = f"{await world.link(world.an)}/unsubscribe"
    await world.connection.execute("ALTER TABLE unsubscription RENAME TO gone")
    assert (await world.ask("POST", path, ONE_CLICK))[0] == 500
    await world.connection.execute("ALTER TABLE gone RENAME TO unsubscription")
    assert await world.left() == {}
    await world.door.service.pool.close()
    assert (await world.ask("POST", path, ONE_CLICK))[0] == 503
    assert world.headers["Retry-After"] == "5"


async def test_an_operator_sees_who_left(world: World) -> None:
    """Who gets it and who does not, by external id; counted as the preview shows it."""
    await subscriptions.unsubscribe(world.connection, world.newsletter, [world.an.id], "operator", actor=world.user)
    left = await subscriptions.subscribers(world.connection, world.newsletter, unsubscribed=True)
    stay = await subscriptions.subscribers(world.connection, world.newsletter, unsubscribed=False)
    assert [(each.name, each.how) for each in left] == [("An <Peeters>", "operator")]
    assert {each.name for each in stay} == {"Bo", "Cas", "Dee"}
    assert await subscriptions.counts(world.connection, world.newsletter) == (3, 1)


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """Sent without saying how long it is."""
    yield body
