"""An SMS to many from a phone: impossible by accident, quick on purpose, and once however often it is pressed."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from services.store import sessions
from tests.admin.conftest import ROOT, in_this_process
from tests.console.conftest import Console

pytestmark = pytest.mark.stack

TEXT = "CCVO: het loonsysteem ligt stil. Gebruik de noodprocedure."
FORM = {"audience": "governors", "text": TEXT}
PEOPLE = 30
XSS = "<script>alert(1)</script>"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> dict[str, str]:
    monkeypatch.setenv("ROELAND_TWILIO_FROM", "+15005550006")
    return {"ROELAND_DATABASE_URL": database_url}


@pytest.fixture
def people(settings: dict[str, str], tmp_path: Path) -> None:
    """Thirty governors, two of whom have no number; one has a name that would like to be a script."""
    columns = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
    rows = [f"g{n},Gouverneur {n},,gouverneur,governors,,,,g{n}@x.example,+3247000{n:04}" for n in range(2, PEOPLE)]
    rows += [f"g0,{XSS},,gouverneur,governors,,,,g0@x.example,", "g1,Zonder 1,,x,governors,,,,g1@x.example,"]
    rows += ["p1,Partner,,,partners,,,,p@x.example,"]
    (tmp_path / "people.csv").write_text("\n".join([columns, *rows]))
    assert in_this_process(["contacts", "import", str(tmp_path / "people.csv")], settings).code == 0


@pytest.fixture
def editorial(settings_env: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """Editorial, running on the database of the console."""
    assert in_this_process(["topics", "create"], settings_env).code == 0
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **settings_env}
    with (tmp_path / "editorial.log").open("wb") as log:
        argv = [sys.executable, "-m", "services.editorial"]
        with subprocess.Popen(argv, stderr=log, cwd=tmp_path, env=environment) as process:
            yield
            process.terminate()


async def kept(client: httpx.AsyncClient, **form: object) -> str:
    """Filled in: where it is confirmed."""
    answer = await client.post("/blast", data={**FORM, **form})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def messages(database_url: str) -> list[tuple[str, str, int | None]]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT id::text, state, recipients FROM message ORDER BY number")
        return rows.fetchall()


@pytest.mark.usefixtures("people")
async def test_the_preview_says_what_would_happen_and_nothing_does(console: Console, database_url: str) -> None:
    """Counts, names, the text as it is received, size, cost, sender; as one types, a part and no page."""
    client = await console.as_("author")
    answer = await client.post("/blast/preview", data={**FORM, "exercise": "1"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    for said in (f"OEFENING: {TEXT}", "30 personen", "GSM-7", "2,80", "+15005550006", "Zonder 1"):
        assert said in answer.text, said
    assert XSS not in answer.text
    assert "&lt;script&gt;" in answer.text
    whole = await client.post("/blast/preview", data=FORM)
    assert ("<html" in whole.text, TEXT in whole.text) == (True, True)
    assert messages(database_url) == []


@pytest.mark.usefixtures("people")
async def test_what_makes_an_sms_longer_is_replaced_by_a_button(console: Console) -> None:
    """And the texts come back in the form, for one to read."""
    client = await console.as_("author")
    form = {**FORM, "text": "CCVO: “rustig” blijven – 🚨 straks meer."}
    shown = await client.post("/blast/preview", data=form)
    assert "UCS-2" in shown.text
    changed = await client.post("/blast/plain", data=form)
    assert "UCS-2" not in changed.text
    assert "&#34;rustig&#34; blijven - straks meer." in changed.text


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"audience": []}, "Kies naar wie het gaat"),
        ({"text": ""}, "Schrijf wat er in staat"),
        ({"audience": "partners"}, "nummer"),
        ({"audience": "senior-officials"}, "Niemand"),
        ({"recipients": "province=Nergens"}, "selectie"),
        ({"audience": "nobody"}, "doelgroep"),
    ],
    ids=["to nobody", "nothing", "no number", "nobody there", "selection", "audience"],
)
async def test_what_cannot_be_sent_comes_to_no_question(console: Console, form: dict[str, object], said: str) -> None:
    """The form again, with what was filled in and what is wrong, in Dutch."""
    client = await console.as_("crisis-manager")
    answer = await client.post("/blast", data={**FORM, **form})
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.usefixtures("people")
async def test_a_filled_in_blast_is_its_makers_alone(console: Console) -> None:
    """Whoever guesses the address finds nothing; who may not write messages opens nothing."""
    where = await kept(await console.as_("author"))
    other = await console.as_("crisis-manager")
    assert (await other.get(where)).status_code == 404
    assert (await other.post(where, data={"seen": 30, "typed": 30})).status_code == 404
    auditor = await console.as_("auditor")
    assert [(await auditor.get(each)).status_code for each in ("/blast", where)] == [403, 403]
    author = await console.as_("author")
    assert (await author.post(f"{where}/alone", data={"seen": 30, "typed": 30, "reason": "x"})).status_code == 403


@pytest.mark.usefixtures("people")
async def test_the_number_and_a_reason_are_asked_and_nothing_goes_without(console: Console, database_url: str) -> None:
    """A thumb that slips sends nothing; nor does a page of others than there are now."""
    client = await console.as_("crisis-manager")
    where = await kept(client)
    page = (await client.get(where)).text
    assert ("Verstuur naar 30 personen" in page, 'name="typed"' in page, 'name="reason"' in page) == (True, True, True)
    for given, said in (
        ({"typed": "29", "reason": "x"}, "getal"),
        ({"typed": "", "reason": "x"}, "getal"),
        ({"typed": "30", "reason": " "}, "waarom"),
        ({"typed": "31", "reason": "x", "seen": "31"}, "zou nu naar 30"),
    ):
        answer = await client.post(f"{where}/alone", data={"seen": "30", **given})
        assert (answer.status_code in (409, 422), said in answer.text) == (True, True), given
    assert messages(database_url) == []


@pytest.mark.usefixtures("people")
async def test_who_has_not_proved_themselves_just_now_does_so_and_loses_nothing(
    console: Console, database_url: str
) -> None:
    """A phone that lies open for the taking sends nothing alone."""
    client = await console.as_("crisis-manager")
    where = await kept(client)
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET proved_at = proved_at - %s::interval", (sessions.FRESH,))
    assert f"/sign-in/again?next={where}" in (await client.get(where)).text
    answer = await client.post(f"{where}/alone", data={"seen": 30, "typed": 30, "reason": "x"})
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in/again")
    assert (await client.get(f"{where}/alone")).headers["location"] == where
    assert TEXT in (await client.get(where)).text
    assert messages(database_url) == []


@pytest.mark.usefixtures("people", "editorial")
async def test_it_goes_once_however_often_it_is_pressed(console: Console, database_url: str) -> None:
    """Bad reception: the answer does not come, and a tired thumb presses again. Then the same text is asked about."""
    client = await console.as_("crisis-manager")
    where = await kept(client)
    given = {"seen": "30", "typed": "30", "reason": "niemand bereikbaar"}
    answers = await asyncio.gather(*(client.post(f"{where}/alone", data=given) for _ in range(3)))
    number = where.rpartition("/")[2]
    assert {(each.status_code, each.headers["location"].partition("?")[0]) for each in answers} == {
        (303, f"/messages/{number}")
    }
    assert (await client.get(where)).headers["location"] == f"/messages/{number}"
    assert messages(database_url) == [(number, "released", PEOPLE)]
    second = await kept(client)
    assert "crisis-manager@ccvo.example" in (await client.get(second)).text
    refused = await client.post(f"{second}/alone", data=given)
    assert (refused.status_code, "daarnet" in refused.text) == (409, True)
    sent = await client.post(f"{second}/alone", data={**given, "again": "1"})
    assert sent.status_code == 303, sent.text
    assert [state for _, state, _ in messages(database_url)] == ["released", "released"]


@pytest.mark.long  # with a whole editorial, as the one above
@pytest.mark.usefixtures("people", "editorial")
async def test_an_author_hands_it_in_for_somebody_else(console: Console, database_url: str) -> None:
    """It waits, as every message."""
    client = await console.as_("author")
    where = await kept(client, text="CCVO: vergadering om 15 uur.")
    answer = await client.post(where, data={"seen": "30", "typed": "30"})
    assert answer.headers["location"] == f"/messages/{where.rpartition('/')[2]}?told=handed-in"
    assert [state for _, state, _ in messages(database_url)] == ["proofed"]


async def test_the_page_is_light(console: Console) -> None:
    """At night, with one bar of reception: all that a first load brings, as it travels."""
    client = await console.as_("crisis-manager")
    page = await client.get("/blast")
    parts = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
    answers = [page, *[await client.get(each) for each in parts]]
    sizes = {str(each.url): int(each.num_bytes_downloaded) for each in answers}
    assert sum(sizes.values()) < 60_000, sizes
