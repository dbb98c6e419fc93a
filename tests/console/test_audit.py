"""The record of every act, at the console."""

import asyncio
import csv
import io
import json
import re
from datetime import datetime
from typing import Final

import httpx
import pytest

from services.store import audit
from services.store.users import find_user
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
XSS: Final = "<script>alert(1)</script>"
MESSAGE: Final = "0199c0de-0000-7000-8000-000000000001"


async def acted(console: Console, *actions: str, subject: str = "incident:cyber-1", **more: object) -> None:
    """Acts of nobody we know."""
    async with console.desk.pool.connection() as connection:
        for action in actions:
            await audit.record(connection, actor=None, action=action, subject=subject, detail=more)


async def verified(client: httpx.AsyncClient) -> str:
    """The page, once it is over."""
    for _ in range(100):
        page = (await client.get("/audit/verification")).text
        if "<progress" not in page:
            return page
        await asyncio.sleep(0.05)
    raise AssertionError("never over")


@pytest.mark.parametrize("role", ["author", "approver", "crisis-manager"])
async def test_only_an_auditor_or_an_administrator_reads_it(console: Console, role: str) -> None:
    """It says of everybody what they did."""
    client = await console.as_(role)
    for path in ("/audit", "/audit/verification"):
        assert (await client.get(path)).status_code == 403
    for path in ("/audit/verification", "/audit/export", "/audit/dossier"):
        assert (await client.post(path, data={"message": MESSAGE})).status_code == 403


async def test_acts_are_told_in_words_and_filtered(console: Console) -> None:
    """By who, what, to what and when; who somebody was is their address and not a number."""
    auditor, administrator = await console.as_("auditor"), await console.as_("administrator")
    await administrator.post("/settings/users", data={"email": "an@ccvo.example", "role": "author"})
    await acted(console, "incident.opened", "incident.closed")
    await acted(console, "message.stopped", subject=f"message:{MESSAGE}")
    page = (await auditor.get("/audit")).text
    assert re.search(r"administrator@ccvo\.example</strong> voegde een gebruiker toe", page)
    assert f'href="/messages/{MESSAGE}"' in page and "/settings/users/" not in page, "an auditor cannot open that"

    async def told(**query: str) -> list[str]:
        found = (await auditor.get("/audit", params=query)).text
        return re.findall(r"<dt>Handeling</dt><dd><code>([a-z.-]+)</code>", found)

    assert await told(who="administrator@ccvo.example") == ["user.added"]
    assert await told(who="system") == ["message.stopped", "incident.closed", "incident.opened"]
    assert await told(action="incident.closed") == ["incident.closed"]
    assert await told(subject=MESSAGE) == ["message.stopped"]
    assert await told(subject="cyber-1") == ["incident.closed", "incident.opened"]
    assert await told(subject="an@ccvo.example") == ["user.added"]
    today = datetime.now(console.desk.zone).date().isoformat()
    assert len(await told(since=today, until=today)) == 4
    assert await told(until="2020-01-01") == []
    wrong = await auditor.get("/audit", params={"who": "nobody@x.example", "since": "gisteren"})
    assert wrong.status_code == 422 and "Die gebruiker bestaat niet" in wrong.text and "geen datum" in wrong.text


async def test_what_people_typed_is_text(console: Console) -> None:
    """A reason, a subject and a detail may come from anywhere; whoever reads the audit has the most rights of all."""
    auditor = await console.as_("auditor")
    await acted(console, "message.stopped", subject=f"message:{XSS}", reason=XSS, more={"a": [XSS]})
    page = (await auditor.get("/audit", params={"subject": XSS, "who": XSS})).text
    assert XSS not in page
    page = (await auditor.get("/audit")).text
    assert XSS not in page and page.count("&lt;script&gt;") >= 2 and "“&lt;script&gt;" in page


async def test_it_is_turned_by_position(console: Console) -> None:
    """A page costs the same, however long the record is, and nothing is shown twice."""
    auditor = await console.as_("auditor")
    await acted(console, *(["incident.opened"] * 60))
    first = (await auditor.get("/audit")).text
    more = re.search(r"before=(\d+)", first)
    assert more and first.count("<li>\n    <p><time") == 50
    second = (await auditor.get(f"/audit?before={more[1]}")).text
    assert second.count("<li>\n    <p><time") == 10 and "before=" not in second


async def test_it_is_verified_beside_answering_and_a_break_is_shown_where_it_is(console: Console) -> None:
    """Whole, or broken and where: in words; and against a head that somebody noted."""
    auditor = await console.as_("auditor")
    await acted(console, *(["incident.opened"] * 20))
    head = re.search(r'class="address">([0-9a-f]{64})<', (await auditor.get("/audit/verification")).text)
    assert head
    await auditor.post("/audit/verification", data={"expect": head[1]})
    page = await verified(auditor)
    assert "Het spoor is volledig" in page and "De kop die u gaf, is erbij." in page
    await auditor.post("/audit/verification", data={"expect": "0" * 64})
    assert "Het spoor is gebroken" in await verified(auditor)
    await auditor.post("/audit/verification", data={"expect": "no hash"})
    assert "Het is niet gecontroleerd" in await verified(auditor)
    async with console.desk.pool.connection() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        await connection.execute("UPDATE audit SET subject = 'x:y' WHERE id = (SELECT min(id) + 6 FROM audit)")
    await auditor.post("/audit/verification")
    page = await verified(auditor)
    assert "Het spoor is gebroken" in page and "Eerst op positie 7." in page


async def test_two_who_verify_look_at_the_same(console: Console) -> None:
    """A million hashes are not counted twice at once because two people asked."""
    auditor, other = await console.as_("auditor"), await console.as_("administrator")
    await acted(console, "incident.opened")
    await asyncio.gather(auditor.post("/audit/verification"), other.post("/audit/verification"))
    assert console.app.state.verifying.last
    part = await other.get("/audit/verification", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    await verified(auditor)


async def test_it_is_taken_away_and_that_is_recorded(console: Console) -> None:
    """Lines that verify elsewhere, or a table in which no cell runs as a formula."""
    auditor = await console.as_("auditor")
    await acted(console, "message.stopped", subject="=cmd|' /C calc'!A0", reason="+1+1")
    lines = await auditor.post("/audit/export", data={"form": "jsonl", "reasons": "true"})
    link = json.loads(lines.text.splitlines()[0])
    assert json.loads(link["entry"])["subject"] == "=cmd|' /C calc'!A0" and link["reason"] == "+1+1"
    assert lines.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    table = await auditor.post("/audit/export", data={"form": "csv", "reasons": "true"})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0]["subject"] == "'=cmd|' /C calc'!A0" and rows[0]["reason"] == "'+1+1"
    assert [each["action"] for each in rows] == ["message.stopped", "audit.exported"]
    none = await auditor.post("/audit/export", data={"since": "x"})
    assert none.headers["location"] == "/audit?told=not-exported"
    async with console.desk.pool.connection() as connection:
        who = await find_user(connection, "auditor@ccvo.example")
        rows_of = "SELECT count(*) FROM audit WHERE action = 'audit.exported' AND actor = %s"
        counted = await (await connection.execute(rows_of, (who.id if who else 0,))).fetchone()
    assert counted == (2,)
    missing = await auditor.post("/audit/dossier", data={"message": MESSAGE})
    assert missing.status_code == 409
