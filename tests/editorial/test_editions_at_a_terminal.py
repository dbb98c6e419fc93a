"""`roeland newsletter preview|send|approve|revoke|editorial`, and every command on messages that meets an edition."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.runtime.postgres import connect
from tests.admin.conftest import Ran, in_this_process
from tests.editorial.newsletters import TODAY, letters
from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack

AUTHOR, SECOND, MANAGER = "author@example.org", "second@example.org", "manager@example.org"

Roeland = Callable[..., Any]


@pytest.fixture
def roeland(desk: Rooms) -> Roeland:
    """Runs `roeland ARGUMENTS… --json` on these rooms, beside the loop of the test."""

    async def called(*arguments: str, by: str = AUTHOR, code: int = 0) -> Any:
        env = {**desk.env, "ROELAND_USER": by, "ROELAND_PUBLIC_URL": "https://crisis.example"}
        ran: Ran = await asyncio.to_thread(in_this_process, [*arguments, "--json"], env)
        assert ran.code == code, ran
        return json.loads(ran.out)

    return called


async def test_an_edition_is_previewed_sent_looked_at_and_stopped_like_a_message(
    desk: Rooms, incident: str, roeland: Roeland, tmp_path: Path
) -> None:
    """Whoever knows the commands for messages knows them for editions; a preview decides nothing."""
    await desk.released(incident=incident, area=["Genk"], title=[{"text": "Storm in Genk"}])
    news = await letters(desk, incident, by_province=("governors",))
    name, number = news.newsletter.slug, news.newsletter.id
    async with connect(desk.database) as connection:
        await connection.execute("UPDATE contact SET province = 'Limburg' WHERE external_id IN ('g1', 'b1')")

    page = tmp_path / "p.html"
    seen = await roeland("newsletter", "preview", name, "--html", str(page), "--audience", "governors")
    assert (seen["items"], seen["recipients"], seen["decision"]) == (1, 6, None)
    assert [(each["segment"], each["copies"]) for each in seen["variants"]] == [("", 2)]
    near = await roeland("newsletter", "preview", name, "--audience", "governors", "--province", "limburg", "--mail")
    assert [(each["segment"], each["copies"]) for each in near["variants"]] == [("Limburg", 1)]
    assert "Storm in Genk" in near["variants"][0]["text"]
    assert near["mails"] == 1
    assert "Limburg" in page.read_text()
    assert await desk.one("SELECT count(*) FROM edition WHERE newsletter = %s", number) == 0

    sent = await roeland("newsletter", "send", name)
    assert (sent["state"], sent["recipients"]) == ("proofed", 6)
    again = await roeland("newsletter", "send", name, code=1)
    assert f"{TODAY} is decided already: made, message {sent['id']}" in again["error"]

    proof = await roeland("message", "proof", sent["id"])
    copies = {(each["audience"], each["segment"]): each["copies"] for each in proof["variants"]}
    assert copies == {("governors", ""): 2, ("governors", "Limburg"): 1, ("bcm-leads", ""): 1}
    assert (await roeland("message", "test", sent["id"]))["mails"] == 3
    assert (await roeland("message", "approve", sent["id"], by=SECOND))["state"] == "released"
    listed = await roeland("message", "list", "--incident", news.newsletter.incident)
    assert [(each["id"], each["kind"], each["title"]) for each in listed] == [
        (sent["id"], "edition", "Dagelijks overzicht")
    ]
    assert (await roeland("message", "status", sent["id"]))["channels"]["mail"]["planned"] == 5
    for act in ("newcomers", "who"):
        await roeland("message", act, sent["id"])
    await roeland("board")
    await roeland("message", "dossier", sent["id"], "-o", str(tmp_path / "d.zip"))
    await roeland("message", "export", sent["id"], "-o", str(tmp_path / "e.csv"))
    assert (await roeland("message", "pause", sent["id"]))["state"] == "paused"
    assert (await roeland("message", "resume", sent["id"]))["state"] == "released"
    refused = await roeland("message", "withdraw", sent["id"], "--reason", "fout", "--notify", by=SECOND, code=1)
    assert "without a notice" in refused["error"]
    assert (await roeland("message", "stop", sent["id"]))["state"] == "stopped"


async def test_an_edition_that_tells_what_is_wrong_by_now_does_not_just_go_on(
    desk: Rooms, incident: str, roeland: Roeland
) -> None:
    """It is paused as soon as something in it is taken back; who lets it go on must know that it says so still."""
    error = await desk.released(incident=incident)
    news = await letters(desk, incident)
    edition = str((await news.edition()).message_id)
    await roeland("message", "approve", edition, by=SECOND)
    withdrawn = await roeland("message", "withdraw", str(error), "--reason", "fout", by=SECOND)
    assert withdrawn["paused"] == [edition]
    assert "withdrawn" in (await roeland("message", "resume", edition, code=1))["error"]
    assert (await roeland("message", "status", edition))["state"] == "paused"
    assert (await roeland("message", "resume", edition, "--anyway"))["state"] == "released"


async def test_a_newsletter_is_approved_written_above_and_revoked(
    desk: Rooms, incident: str, roeland: Roeland, tmp_path: Path
) -> None:
    """What goes out by itself, and until when, is said by people, each by their own name."""
    news = await letters(desk, incident)
    name = news.newsletter.slug
    assert (await roeland("newsletter", "approve", name, by=SECOND))["changed"]
    assert (await roeland("newsletter", "show", name))["approval"] == "stands"
    words = tmp_path / "vooraf.txt"
    words.write_text("Beste lezers,\n\nVandaag komt het\ncrisisteam samen.\n")
    assert (await roeland("newsletter", "editorial", name, str(words)))["version"] == 1
    refused = await roeland("newsletter", "editorial", name, str(words), by=MANAGER, code=1)
    assert "author@example.org wrote one already" in refused["error"]
    shown = await roeland("newsletter", "editorial", name)
    assert [each["text"] for each in shown["editorial"]["text"]] == [
        "Beste lezers,", "Vandaag komt het crisisteam samen."
    ]  # fmt: skip
    assert (await roeland("newsletter", "preview", name))["editorial"]
    assert (await roeland("newsletter", "editorial", name, "--remove"))["version"] == 2
    wrong = await roeland("newsletter", "editorial", name, "--date", "26 november", code=1)
    assert "is no date" in wrong["error"]
    assert (await roeland("newsletter", "revoke", name, by=SECOND))["changed"]
    assert (await roeland("newsletter", "show", name))["approval"] is None


async def test_what_is_shown_of_a_standing_approval_is_what_happens(
    desk: Rooms, incident: str, roeland: Roeland
) -> None:
    """Who reads that it goes out by itself goes to bed; who reads that it does not, gets up for it."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    name = news.newsletter.slug
    edition = await news.edition(due=timedelta(hours=1))
    assert (await roeland("newsletter", "approve", name, by=SECOND))["waiting"] == [str(edition.message_id)]
    assert (await roeland("newsletter", "schedule", name, "--late", "170"))["approval_voided"]
    assert (await roeland("newsletter", "show", name))["approval"] == "void"
    again = await roeland("newsletter", "schedule", name, "--late", "180")
    assert (again["approval"], again["approval_voided"], again["approval_holds_again"]) == ("stands", False, True)
    async with connect(desk.database, autocommit=True) as connection:
        await connection.execute("UPDATE users SET disabled_at = now() WHERE email = %s", (SECOND,))
        try:
            shown = await roeland("newsletter", "show", name)
        finally:
            await connection.execute("UPDATE users SET disabled_at = NULL WHERE email = %s", (SECOND,))
    assert (shown["approval"], shown["approval_void"]) == ("void", "who approved it is disabled")
