"""Approving: what was on the screen and nothing else, once however often one taps, and with a way back."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.console.app import make_app
from services.console.approving import same_number
from services.console.desk import Desk
from services.console.settings import ConsoleSettings
from services.runtime.configuration import configuration_in_force
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, open_pool
from tests.conftest import delete_topics
from tests.console.conftest import URL, Console
from tests.console.test_compose import begun, form
from tests.editorial.rooms import Rooms, rooms
from tests.stack import Background

pytestmark = pytest.mark.stack
TAKE_BACK = "20"


@pytest.fixture(scope="module")
def room(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """An editorial that runs, and people."""
    with rooms(kafka, postgres, tmp_path_factory.mktemp("approvals")) as there:
        there.env["ROELAND_TAKE_BACK_SECONDS"] = TAKE_BACK
        try:
            with there.running("editorial"):
                yield there
        finally:
            background.run(delete_topics(kafka, there.kafka.kafka_topic_prefix))


@pytest.fixture
async def door(room: Rooms, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Console]:
    """A console on the room's database; whoever approves for more than two people types how many."""
    for name, value in room.env.items():
        monkeypatch.setenv(name, value)
    database = DatabaseSettings(database_url=SecretStr(room.env["ROELAND_DATABASE_URL"]))
    async with open_pool(database) as pool:
        settings = ConsoleSettings(console_url=URL, confirm_count_above=2)
        desk = Desk(pool, database, settings, configuration_in_force(), Health())
        made = Console(make_app(desk), desk)
        async with made.stack:
            yield made


async def handed_in(author: httpx.AsyncClient, **more: Any) -> str:
    """The id of a message that was written and handed in."""
    where = await begun(author)
    texts = {
        "incident": f"test-{uuid4().hex[:8]}", "kind": "alert", "urgency": "urgent",
        "title.0.text": "De dienst ligt stil",
        "key_messages.0.text.0.text": "De lonen komen later.", "actions.0.text": "Verwittig uw personeel.",
        "next_update_at": "2030-01-01T16:00", **more,
    }  # fmt: skip
    answer = await author.post(where, data=form(1, texts=texts, do="submit"))
    assert answer.status_code == 303, re.findall(r'class="wrong">(.*?)</p>', answer.text, re.DOTALL)
    found = re.search(r"/messages/([0-9a-f-]{36})", answer.headers["location"])
    assert found is not None
    return found[1]


async def proof_of(approver: httpx.AsyncClient, message: str) -> str:
    """The hash of the proof on the screen."""
    page = (await approver.get(f"/approve/{message}")).text
    found = re.search(r'name="proof" value="([0-9a-f]{64})"', page)
    assert found, page[-3000:]
    return found[1]


async def test_an_urgent_message_is_approved_by_another_who_types_how_many(room: Rooms, door: Console) -> None:
    """Once, however often they tap; and what they see is what goes out."""
    author, approver = await door.as_("author"), await door.as_("crisis-manager")
    message = await handed_in(author)
    assert f"/approve/{message}" in (await approver.get("/approve")).text
    page = (await approver.get(f"/approve/{message}")).text
    assert "De lonen komen later." in page and "Typ hoeveel personen het krijgen" in page
    proof = await proof_of(approver, message)
    wrong = await approver.post(f"/approve/{message}", data={"proof": proof, "count": "4"})
    assert wrong.status_code == 422 and await room.one("SELECT state FROM message WHERE id = %s", message) == "proofed"
    good = {"proof": proof, "count": "3"}
    answers = await asyncio.gather(*(approver.post(f"/approve/{message}", data=good) for _ in range(3)))
    assert [each.headers.get("location") for each in answers] == [f"/approve/{message}?told=approved"] * 3
    assert (
        await room.one(
            "SELECT count(*) FROM approval WHERE act = 'approve' AND message = %s", await number(room, message)
        )
        == 1
    )
    assert await room.one("SELECT state FROM message WHERE id = %s", message) == "released"


async def test_a_routine_message_can_be_taken_back_for_as_long_as_it_is_held(room: Rooms, door: Console) -> None:
    """The page counts down, and the button is there."""
    author, approver = await door.as_("author"), await door.as_("approver")
    message = await handed_in(author, kind="update", urgency="routine")
    assert f"{TAKE_BACK} seconden na de goedkeuring" in (await approver.get(f"/approve/{message}")).text
    approved = await approver.post(f"/approve/{message}", data={"proof": await proof_of(approver, message)})
    page = (await approver.get(approved.headers["location"])).text
    assert re.search(r"vertrekt over \d+ seconden", page) and "Neem het terug" in page
    part = await approver.get(f"/approve/{message}/state", headers={"HX-Request": "true"})
    assert "every 1s" in part.text and "<html" not in part.text
    back = await approver.post(f"/approve/{message}/take-back")
    assert back.headers["location"].endswith("told=taken-back")
    again = await approver.post(f"/approve/{message}/take-back")
    assert again.headers["location"].endswith("told=taken-back"), "the second tap of two"
    assert await room.one("SELECT state FROM message WHERE id = %s", message) == "proofed"


async def test_another_proof_than_was_seen_is_refused(room: Rooms, door: Console) -> None:
    """Its author mended it while the page stood open: the approver reads that, and sees what changed."""
    author, approver = await door.as_("author"), await door.as_("approver")
    message = await handed_in(author, kind="update", urgency="routine")
    seen = await proof_of(approver, message)
    begin = await author.post("/compose", data={"how": "refused", "message": message})
    page = (await author.get(begin.headers["location"])).text
    incident = re.search(r'name="incident" value="([^"]+)"', page)
    assert incident is not None
    texts = {
        "incident": incident[1], "title.0.text": "De dienst ligt stil",
        "key_messages.0.text.0.text": "De lonen komen morgen.",
    }  # fmt: skip
    mended = await author.post(begin.headers["location"], data=form(1, texts=texts, do="submit"))
    assert mended.headers["location"] == f"/messages/{message}?told=submitted", mended.text
    refused = await approver.post(f"/approve/{message}", data={"proof": seen})
    assert refused.status_code == 409
    assert await room.one("SELECT state FROM message WHERE id = %s ORDER BY revision DESC", message) == "proofed"
    page = (await approver.get(f"/approve/{message}")).text
    assert re.search(r"<del>[^<]*later[^<]*</del>", page) and re.search(r"<ins>[^<]*morgen[^<]*</ins>", page)


async def test_it_is_rejected_with_a_reason(room: Rooms, door: Console) -> None:
    """Without one, nothing happens: its author would not know what to mend."""
    author, approver = await door.as_("author"), await door.as_("approver")
    message = await handed_in(author, kind="update", urgency="routine")
    assert (await approver.post(f"/approve/{message}/reject", data={"reason": " "})).status_code == 422
    done = await approver.post(f"/approve/{message}/reject", data={"reason": "<script>x</script>"})
    assert done.headers["location"].endswith("told=rejected")
    assert "<script>x" not in (await approver.get(done.headers["location"])).text
    assert await room.one("SELECT state FROM message WHERE id = %s", message) == "rejected"


async def test_the_author_does_not_approve(door: Console) -> None:
    """Also not with a form of their own making, and whatever roles they have."""
    both = await door.as_("author", "approver", email="both@ccvo.example")
    message = await handed_in(both, kind="update", urgency="routine")
    page = (await both.get(f"/approve/{message}")).text
    assert "U schreef dit" in page and 'id="approve"' not in page
    seen = await door.as_("approver")
    assert (await both.post(f"/approve/{message}", data={"proof": await proof_of(seen, message)})).status_code == 409


async def test_the_glass_is_broken_with_a_reason_and_judged_by_another(room: Rooms, door: Console) -> None:
    """At night, alone: everybody hears of it, and somebody says afterwards whether it was right."""
    manager, judge = await door.as_("crisis-manager", email="nacht@ccvo.example"), await door.as_("approver")
    message = await handed_in(manager)
    page = (await manager.get(f"/approve/{message}/break-glass")).text
    assert "U breekt het glas" in page
    proof = await proof_of(judge, message)
    without = await manager.post(f"/approve/{message}/break-glass", data={"proof": proof, "count": "3"})
    assert without.status_code == 422
    data = {"proof": proof, "count": "3", "reason": "Niemand bereikbaar."}
    assert (await manager.post(f"/approve/{message}/break-glass", data=data)).status_code == 303
    assert (await manager.post(f"/approve/{message}/break-glass", data=data)).status_code == 303, "tapped twice"
    assert f"/approve/{message}" in (await judge.get("/approve")).text
    assert "Niemand bereikbaar." in (await judge.get(f"/approve/{message}")).text
    assert (await judge.post(f"/approve/{message}/judge", data={"verdict": "dispute"})).status_code == 422
    done = await judge.post(f"/approve/{message}/judge", data={"verdict": "confirm"})
    assert done.headers["location"].endswith("told=judged")
    assert (await judge.post(f"/approve/{message}/break-glass", data=data)).status_code == 403


async def test_handed_in_twice_it_is_one_message(room: Rooms, door: Console) -> None:
    """A slow network, an impatient finger."""
    author = await door.as_("author")
    where = await begun(author)
    texts = {
        "incident": f"test-{uuid4().hex[:8]}", "kind": "alert", "urgency": "urgent", "title.0.text": "Twee keer",
        "key_messages.0.text.0.text": "De lonen komen later.", "actions.0.text": "Verwittig uw personeel.",
        "next_update_at": "2030-01-01T16:00", "about.type": "cyber",
    }  # fmt: skip
    sent = [author.post(where, data=form(1, texts=texts, do="submit")) for _ in range(3)]
    answers = await asyncio.gather(*sent)
    assert all(each.status_code in (303, 409) for each in answers)
    made = {each.headers["location"].partition("?")[0] for each in answers if each.status_code == 303}
    assert len(made) == 1
    assert await room.one("SELECT count(*) FROM message WHERE incident = %s", texts["incident"]) == 1
    assert await room.one("SELECT type FROM incident WHERE slug = %s", texts["incident"]) == "cyber"
    assert "is ingediend" in (await author.get(where)).text
    tested = await author.post(f"{where}/test")
    assert "gemerkt als test" in tested.text


async def test_what_was_released_is_put_right_from_its_own_page(room: Rooms, door: Console) -> None:
    """The correction begins with what was said, for everybody who heard it."""
    author, approver = await door.as_("author"), await door.as_("crisis-manager")
    message = await handed_in(author)
    data = {"proof": await proof_of(approver, message), "count": "3"}
    await approver.post(f"/approve/{message}", data=data)
    begin = (await author.get(f"/compose?corrects={message}")).text
    assert 'name="how" value="correction"' in begin
    draft = await author.post("/compose", data={"how": "correction", "message": message})
    page = (await author.get(draft.headers["location"])).text
    assert "Rechtzetting: De dienst ligt stil" in page and "De lonen komen later." in page and message in page


@pytest.mark.parametrize("role", ["author", "auditor", "administrator"])
async def test_who_may_not_approve_sees_no_approval(door: Console, role: str) -> None:
    """The page names people who are not reached: it is for who decides."""
    client, message = await door.as_(role), "01990000-0000-7000-8000-000000000000"
    for path in ("/approve", f"/approve/{message}", f"/approve/{message}/state", f"/approve/{message}/break-glass"):
        assert (await client.get(path)).status_code == 403
    for act in ("", "/reject", "/take-back", "/judge", "/test", "/break-glass"):
        assert (await client.post(f"/approve/{message}{act}")).status_code == 403


async def test_there_is_no_such_message(door: Console) -> None:
    """404, for a page and for an act."""
    client, message = await door.as_("approver"), "01990000-0000-7000-8000-000000000000"
    assert (await client.get(f"/approve/{message}")).status_code == 404
    assert (await client.post(f"/approve/{message}", data={"proof": "0" * 64})).status_code == 404


@pytest.mark.parametrize(
    ("typed", "same"), [("1234", True), ("1.234", True), ("1 234", True), ("123", False), ("", False), ("²", False)]
)
def test_a_number_is_typed_as_people_type_it(typed: str, same: bool) -> None:
    """With or without what separates its thousands."""
    assert same_number(typed, 1234) is same


async def number(room: Rooms, message: str) -> int:
    """The message's number in the ledger."""
    return int(await room.one("SELECT number FROM message WHERE id = %s", message))
