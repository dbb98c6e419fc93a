"""A message: what was said to whom, what became of it, and what may be done about it."""

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from services.console.counting import Books
from services.console.desk import Desk
from services.console.message_look import ACTS
from services.domain.municipalities import municipalities
from services.domain.states import State
from services.store import messages
from services.store.messages import Message
from tests.console.conftest import Console
from tests.store.world import Person, add_people, add_user, connect, release, submit

pytestmark = pytest.mark.stack

EVIL = "<script>alert(1)</script>"
HALTERS = ("author", "approver", "crisis-manager")


@dataclass
class Sent:
    """A released message of somebody else, to a governor and to people of three municipalities; nothing went out."""

    message: Message
    url: str
    author: int

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/messages/{self.message.id}"

    async def settle(self, contact: str, state: State, reason: str | None = None) -> None:
        """The copies of a contact come to this; their batch says so."""
        async with await connect(self.url) as connection:
            await connection.execute(
                """UPDATE delivery d SET state = %s, reason = %s FROM contact c
                   WHERE c.id = d.contact AND c.name = %s AND d.message = %s""",
                (int(state), reason, contact, self.message.number),
            )
            await self.moved(f"{state.word} = {state.word} + 1, planned = planned - 1")

    async def moved(self, what: str) -> None:
        """The batch comes to this, and its version says that it moved."""
        async with await connect(self.url) as connection:
            await connection.execute(
                f"UPDATE batch SET {what}, version = version + 1 WHERE message = %s".encode(), (self.message.number,)
            )


@pytest.fixture
async def sent(desk: Desk) -> Sent:
    url = desk.database.database_url
    assert url
    async with await connect(url.get_secret_value()) as connection:
        author = await add_user(connection, "writer@ccvo.example", "author")
        towns = {"Aalst": "An", "Gent": "Bo", "Leuven": "Cé"}
        people = [Person(name, ["local-governments"], mail=f"{name}@x.example") for name in towns.values()]
        people.append(Person(f"Dirk {EVIL}", ["governors"], mail="d@x.example"))
        people.append(Person("=Els", ["local-governments"]))
        await add_people(connection, people)
        for town, name in {**towns, "Hasselt": "=Els"}.items():
            await connection.execute(
                "UPDATE contact SET municipality = %s, province = %s WHERE name = %s",
                (town, municipalities()[town], name),
            )
        message = await submit(connection, author, audiences=["governors", "local-governments"])
        await release(connection, message, await add_user(connection, "second@ccvo.example", "approver"))
        found = await messages.find(connection, message.id)
        assert found
    return Sent(found, url.get_secret_value(), author)


async def shown(browser: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """The page there."""
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def tile(page: str, name: str) -> str:
    """What a tile says of a municipality."""
    return page.split(f'title="{name}: ')[1].split('"', maxsplit=1)[0]


async def test_the_page_says_what_it_is_how_far_and_what_happened(console: Console, sent: Sent):
    """One page for whoever comes in and asks how it stands."""
    page = await shown(await console.as_("auditor"), sent.path)
    assert "vrijgegeven" in page
    assert "mail" in page
    assert "Wat er gebeurde" in page
    assert "governors nl mail" in page
    assert f'href="{sent.path}/who?which=not-reached"' in page


async def test_a_message_that_is_not_there_is_a_page_in_words(console: Console, desk: Desk):
    """A link that was copied badly."""
    browser = await console.as_("author")
    for path in (f"/messages/{uuid4()}", f"/messages/{uuid4()}/do/stop", f"/messages/{uuid4()}/dossier.zip"):
        assert "Die pagina bestaat niet" in await shown(browser, path, 404)


async def test_the_285_municipalities_each_say_how_they_stand(console: Console, sent: Sent):
    """By a mark and by words, not by colour alone; a summary counts them by province."""
    browser = await console.as_("author")
    await sent.settle("An", State.ACCEPTED)
    await sent.settle("Bo", State.BOUNCED, "unknown-number")
    page = await shown(browser, sent.path)
    assert page.count('class="tile t-') == 285 + 6
    assert (tile(page, "Aalst"), tile(page, "Gent"), tile(page, "Leuven")) == ("bereikt", "niet aangekomen", "onderweg")
    assert (tile(page, "Hasselt"), tile(page, "Genk")) == ("geen adres", "niet in dit bericht")
    await sent.settle("Cé", State.DELIVERED)
    console.app.state.books = Books(console.desk.pool)
    assert tile(await shown(browser, f"{sent.path}/people"), "Leuven") == "bereikt"
    town = await shown(browser, f"{sent.path}/municipalities/Gent")
    assert "Bo" in town
    assert "teruggekomen" in town
    assert "Die pagina bestaat niet" in await shown(browser, f"{sent.path}/municipalities/Atlantis", 404)


async def test_what_moved_is_read_again_and_nothing_else(console: Console, sent: Sent):
    """Tiles that are looked at again and again never cost a reading of the ledger."""
    books = Books(console.desk.pool)
    before = await books.figures(sent.message)
    async with await connect(sent.url) as connection:  # behind the batch's back: no version says so
        await connection.execute("UPDATE delivery SET state = 80 WHERE message = %s", (sent.message.number,))
    for book in books._books.values():
        book.looked = 0
    assert (await books.figures(sent.message)).tiles == before.tiles
    await sent.moved("planned = planned")
    for book in books._books.values():
        book.looked = 0
    tiles = {each.name: each.standing for each in (await books.figures(sent.message)).tiles}
    assert tiles["Gent"] == "reached"


async def test_only_acts_that_are_possible_for_this_person_now_are_shown(console: Console, sent: Sent):
    """What one cannot do is only in the way at three in the morning."""
    auditor, author = await console.as_("auditor"), await console.as_("author")
    assert "/do/" not in await shown(auditor, f"{sent.path}/acts")
    page = await shown(author, f"{sent.path}/acts")
    assert "/do/stop" in page
    assert "/do/pause" in page
    assert "/do/resume" not in page
    assert "/do/withdraw" not in page
    assert f"/compose?corrects={sent.message.id}" in page
    assert "/do/withdraw" in await shown(await console.as_("crisis-manager"), f"{sent.path}/acts")


@pytest.mark.parametrize("act", [each.name for each in ACTS if not each.href])
async def test_an_act_is_for_those_who_may(console: Console, sent: Sent, act: str):
    """The page that asks and what does it refuse alike."""
    for role in ("auditor", "administrator"):
        browser = await console.as_(role)
        assert (await browser.get(f"{sent.path}/do/{act}")).status_code == 403
        assert (await browser.post(f"{sent.path}/do/{act}", data={"reason": "x"})).status_code == 403


async def test_hold_go_on_and_stop(console: Console, sent: Sent):
    """Each after a page that says what happens and to how many; done, the message's page says so."""
    browser = await console.as_("author")
    for act, stored in (("pause", "released"), ("resume", "released"), ("stop", "stopped")):
        assert "4 van 5 exemplaren" in await shown(browser, f"{sent.path}/do/{act}")
        answer = await browser.post(f"{sent.path}/do/{act}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{sent.path}?told={act}")
        async with await connect(sent.url) as connection:
            found = await messages.find(connection, sent.message.id)
        assert found
        assert (found.state, found.paused_at is not None) == (stored, act == "pause")
    assert "Er wordt niets meer verzonden." in await shown(browser, f"{sent.path}?told=stop")
    page = await shown(browser, sent.path)
    assert "author@ccvo.example</strong> stopte een bericht" in page


async def test_what_somebody_else_did_first_is_explained(console: Console, sent: Sent):
    """Two people, two tabs: the second reads why, and nothing is done twice."""
    browser = await console.as_("author")
    await browser.post(f"{sent.path}/do/pause")
    answer = await browser.post(f"{sent.path}/do/pause")
    page = await shown(browser, f"{sent.path}/do/pause")
    assert "Alleen een bericht dat verzonden wordt" in page
    assert '<form method="post" action="/messages' not in page
    await browser.post(f"{sent.path}/do/stop")
    answer = await browser.post(f"{sent.path}/do/resume")
    assert answer.status_code == 409
    assert "Dit kan niet meer" in answer.text
    assert "gestopt" in answer.text


async def test_a_withdrawal_needs_a_reason(console: Console, sent: Sent):
    """It goes into the record."""
    answer = await (await console.as_("crisis-manager")).post(f"{sent.path}/do/withdraw", data={"reason": " "})
    assert answer.status_code == 422
    assert "Zeg waarom" in answer.text


async def test_who_was_not_reached_by_name_with_reasons_and_as_a_file(console: Console, sent: Sent):
    """In words; a name runs neither in the page nor in a spreadsheet; who looked is in the audit."""
    browser = await console.as_("auditor")
    await sent.settle("Bo", State.BOUNCED, "unknown-number")
    page = await shown(browser, f"{sent.path}/who?which=not-reached")
    assert "dit nummer bestaat niet (meer)" in page
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    answer = await browser.get(f"{sent.path}/who.csv?which=not-reached")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows["Bo"]["reason"] == "unknown-number"
    assert "'=Els" in rows
    async with await connect(sent.url) as connection:
        row = await (
            await connection.execute("SELECT count(*) FROM audit WHERE action = 'message.recipients-listed'")
        ).fetchone()
    assert row == (2,)


async def test_the_record_is_downloaded_as_the_command_line_writes_it(console: Console, sent: Sent):
    """An auditor takes along what proves it."""
    browser = await console.as_("auditor")
    answer = await browser.get(f"{sent.path}/recipients.csv")
    assert "external_id,audience,channel,state" in answer.text
    answer = await browser.get(f"{sent.path}/dossier.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert "recipients.csv" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


async def test_replies_are_shown_and_never_run(console: Console, sent: Sent):
    """Anyone outside can write them."""
    async with await connect(sent.url) as connection:
        await connection.execute(
            """INSERT INTO reply (provider, provider_id, number, message, sequence, kind, text)
               VALUES ('twilio', 'SM1', '+32470000001', %s, 1, 'other', %s)""",
            (sent.message.number, EVIL),
        )
    page = await shown(await console.as_("author"), f"{sent.path}/replies")
    assert EVIL not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "+32470000001" in page
    assert "+32470000001" not in await shown(await console.as_("auditor"), f"{sent.path}/replies")


async def test_confirmed_by_audience_and_province_and_in_a_town(console: Console, sent: Sent):
    """Whom we still wait for, and where."""
    async with await connect(sent.url) as connection:
        await connection.execute("UPDATE message SET confirm_minutes = 15 WHERE number = %s", (sent.message.number,))
        await connection.execute(
            "INSERT INTO confirmation (message, contact, how) SELECT %s, id, 'page' FROM contact WHERE name = 'An'",
            (sent.message.number,),
        )
    browser = await console.as_("author")
    page = await shown(browser, sent.path)
    assert tile(page, "Aalst") == "bevestigd"
    assert f"{sent.path}/confirmed" in page
    page = await shown(browser, f"{sent.path}/confirmed")
    assert "lokale besturen" in page
    assert "Oost-Vlaanderen" in page


async def test_whom_to_telephone_and_what_came_of_it(console: Console, sent: Sent):
    """Whoever was reached is off the list, on the record."""
    async with await connect(sent.url) as connection:
        await connection.execute(
            "INSERT INTO call (message, contact) SELECT %s, id FROM contact WHERE name = 'Bo'", (sent.message.number,)
        )
        await connection.execute(
            """INSERT INTO address (contact, channel, value)
               SELECT id, 'sms', '+32470000001' FROM contact WHERE name = 'Bo'"""
        )
        row = await (await connection.execute("SELECT external_id FROM contact WHERE name = 'Bo'")).fetchone()
    assert row
    browser, auditor = await console.as_("approver"), await console.as_("auditor")
    assert "/calls" in await shown(browser, f"{sent.path}/acts")
    page = await shown(browser, f"{sent.path}/calls")
    assert "Geen antwoord" in page
    (number,) = re.findall(r"tel:(\+\d+)", page)
    assert number not in await shown(auditor, f"{sent.path}/calls")
    at_api = f"/api/v1/messages/{sent.message.id}/calls"
    assert (await browser.get(at_api)).json()["calls"][0]["number"] == number
    assert (await auditor.get(at_api)).json()["calls"][0]["number"] == f"{number[:5]}•••{number[-2:]}"
    answer = await browser.post(f"{sent.path}/calls", data={"contact": row[0], "outcome": "reached"})
    assert answer.status_code == 303
    assert "Zij weten het." in await shown(browser, f"{sent.path}/calls")


async def test_the_proof_can_do_nothing_in_its_frame(console: Console, sent: Sent):
    """A centre's own templates made it: it runs nothing and is no page of ours."""
    answer = await (await console.as_("auditor")).get(f"{sent.path}/proof")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


async def test_reasons_and_titles_are_shown_and_never_run(console: Console, sent: Sent):
    """What people type as a reason stands in the timeline."""
    async with await connect(sent.url) as connection:
        await connection.execute(
            "UPDATE message SET content = jsonb_set(content, '{title,0,text}', to_jsonb(%s::text))", (EVIL,)
        )
        await connection.execute(
            "INSERT INTO audit (actor, action, subject, detail, origin) VALUES (%s, 'message.paused', %s, %s, '')",
            (sent.author, f"message:{sent.message.id}", f'{{"reason": "{EVIL}"}}'),
        )
    page = await shown(await console.as_("author"), sent.path)
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert") >= 3
