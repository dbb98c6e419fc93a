"""The people who are told, at the console: nothing changes that was not shown, and nothing that they wrote runs."""

import csv
import io
import zipfile
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.admin.conftest import in_this_process
from tests.console.conftest import Console

pytestmark = pytest.mark.stack

COLUMNS = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
XSS = "<img src=x onerror=alert(1)>"
FORMULA = "=HYPERLINK(1)"
LIST = f"""{COLUMNS}
gov-1,An Peeters,Provincie,gouverneur,governors,,Limburg,,an@limburg.example,+32470000001
m-1,Bo Claes,Stad Aalst,burgemeester,local-governments,Aalst,,,bo@aalst.example,
m-2,Cis Maes,Stad Aalst,noodplanner,local-governments,Aalst,,,,+32470000002
m-3,Dirk Smet,Stad Gent,burgemeester,local-governments,Gent,,,dirk@gent.example,+32470000003
"""


@pytest.fixture
def people(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(LIST)
    ran = in_this_process(["contacts", "import", str(tmp_path / "people.csv")], {"ROELAND_DATABASE_URL": database_url})
    assert ran.code == 0, ran


def one(database_url: str, query: str, *values: object) -> object:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query, values).fetchone()  # type: ignore[arg-type]
    return row and row[0]


async def upload(client: httpx.AsyncClient, content: str | bytes, name: str = "people.csv") -> httpx.Response:
    return await client.post("/contacts/import", files={"file": (name, content, "text/csv")})


ROW = {
    "external_id": "x-1", "name": "Els", "organisation": "", "role": "", "audience": "governors", "municipality": "",
    "province": "", "language": "nl", "email": "els@x.example", "mobile": "",
}  # fmt: skip


@pytest.mark.usefixtures("people")
async def test_people_are_found_by_any_word_a_page_at_a_time(console: Console) -> None:
    """Name, municipality, function, address, a number as people write it; filters; nothing is lost between pages."""
    client = await console.as_("author")
    for query, names in {
        "q=claes": {"Bo Claes"}, "q=aalst noodplanner": {"Cis Maes"}, "q=gent.example": {"Dirk Smet"},
        "q=0470 00 00 01": {"An Peeters"}, "audience=governors": {"An Peeters"},
        "role=burgemeester&province=Oost-Vlaanderen": {"Bo Claes", "Dirk Smet"},
        "without=sms": {"Bo Claes"}, "q=%25": set(), "q=nobody": set(),
    }.items():  # fmt: skip
        text = (await client.get(f"/contacts?{query}")).text
        assert {name for name in ("An Peeters", "Bo Claes", "Cis Maes", "Dirk Smet") if name in text} == names, query
    part = await client.get("/contacts?q=claes", headers={"HX-Request": "true"})
    assert ("<html" in part.text, "Bo Claes" in part.text) == (False, True)


async def test_pages_follow_each_other(console: Console) -> None:
    """Keyset: also where names are the same."""
    rows = "\n".join(f"n-{n:03},Naam {n % 7},,,governors,,,,," for n in range(120))
    client = await console.as_("administrator")
    where = (await upload(client, f"{COLUMNS}\n{rows}\n")).headers["location"]
    assert (await client.post(where)).status_code == 303
    seen: list[str] = []
    address = "/contacts"
    while address:
        text = (await client.get(address)).text
        seen += [part.split('"')[0] for part in text.split('href="/contacts/n-')[1:]]
        _, found, rest = text.partition('<a href="/contacts?')
        address = (
            "/contacts?" + rest.split('"')[0].replace("&amp;", "&") if found and "after=" in rest.split('"')[0] else ""
        )
    assert (len(seen), len(set(seen))) == (120, 120)
    assert (await client.get("/contacts?after=nonsense")).status_code == 200


@pytest.mark.usefixtures("people")
async def test_who_need_not_see_addresses_does_not(console: Console) -> None:
    """Not in the list, on the page, in a search, or in an export."""
    client = await console.as_("approver")
    for path in ("/contacts", "/contacts/gov-1", "/contacts/export.csv", "/contacts?q=an@limburg.example"):
        text = (await client.get(path)).text
        assert ("an@limburg.example" in text.replace('value="an@limburg.example"', ""), "+32470000001" in text) == (
            False,
            False,
        ), path
    assert "a•••@limburg.example" in (await client.get("/contacts/gov-1")).text
    keeper = await console.as_("author")
    assert "an@limburg.example" in (await keeper.get("/contacts/gov-1")).text


@pytest.mark.usefixtures("people")
async def test_an_import_changes_nothing_until_it_is_agreed_to_and_then_what_was_shown(
    console: Console, database_url: str
) -> None:
    """Added, changed with before and after, unchanged; twice is once; then its addresses are gone."""
    client = await console.as_("author")
    changed = (
        LIST.replace("bo@aalst.example,", "bo@aalst.example,+3292345678") + "n-1,Nieuw,,,governors,,,,n@x.example,\n"
    )
    answer = await upload(client, changed)
    where = answer.headers["location"]
    text = (await client.get(where)).text
    for said in ("Nieuw", "Bo Claes", "+3292345678", "vaste lijn", "Invoeren: 2 contacten"):
        assert said in text, said
    assert one(database_url, "SELECT count(*) FROM contact") == 4
    assert [(await client.post(where)).status_code for _ in range(2)] == [303, 303]
    assert one(database_url, "SELECT count(*) FROM contact") == 5
    assert one(database_url, "SELECT count(*) FROM audit WHERE action = 'contacts.imported'") == 2
    assert one(database_url, "SELECT count(*) FROM contact_upload WHERE content IS NOT NULL") == 0
    assert one(database_url, "SELECT count(*) FROM contact_upload_difference") == 0
    assert "Ingevoerd" in (await client.get(where)).text


@pytest.mark.usefixtures("people")
async def test_what_changed_meanwhile_is_not_imported_over(console: Console, database_url: str) -> None:
    """Somebody corrected an address between the table and the button: it would be put back unseen."""
    client = await console.as_("author")
    where = (await upload(client, LIST.replace("dirk@gent.example", "d.smet@gent.example"))).headers["location"]
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE address SET value = 'nieuw@gent.example' WHERE value = 'dirk@gent.example'")
    answer = await client.post(where)
    assert (answer.status_code, "veranderd sinds" in answer.text) == (409, True)
    assert one(database_url, "SELECT count(*) FROM address WHERE value = 'nieuw@gent.example' AND current") == 1


@pytest.mark.usefixtures("people")
async def test_an_upload_is_its_makers_alone(console: Console) -> None:
    """It holds addresses of people; whoever guesses where finds nothing, and who may not look after contacts less."""
    where = (await upload(await console.as_("author"), f"{LIST}n,Nieuw,,,governors,,,,,\n")).headers["location"]
    other = await console.as_("administrator")
    assert ((await other.get(where)).status_code, (await other.post(where)).status_code) == (404, 404)
    await other.post(f"{where}/forget")
    assert (await (await console.as_("author")).get(where)).status_code == 200
    auditor = await console.as_("auditor")
    for path in (
        "/contacts/import",
        where,
        "/contacts/save",
        "/contacts/remove",
        "/contacts/deputies",
        "/contacts/groups",
    ):
        assert (await auditor.post(path, data=ROW)).status_code == 403, path


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("people.csv", b"," * 50_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bomb(), "zip-bestand"),
        (b"," * 30_000_000, "kolomnamen"),
        (f"{COLUMNS}\n".encode() + b"," * 30_000_000, "tekens"),
        (b"\0" * 100_000, "UTF-16"),
        (f"{COLUMNS}\na,B\xe9,,,governors,,,,,\n".encode("latin-1"), "Windows-1252"),
        (f"{COLUMNS}\na\0b,Naam,,,governors,,,,,\n".encode(), "U+0000"),
        (f"{COLUMNS}\na,Naam,,,niemand,,,,,\n".encode(), "doelgroep"),
        (b"", "kolomnamen"),
    ],
    ids=["zip", "commas", "a line of commas", "NULs", "not UTF-8", "NUL", "audience", "empty"],
)
async def test_what_is_no_contact_list_is_told_and_changes_nothing(
    console: Console, database_url: str, content: bytes, said: str
) -> None:
    """With the line, the column and what to do; and no memory or time goes with it."""
    client = await console.as_("author")
    answer = await upload(client, content)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-3000:]
    assert one(database_url, "SELECT count(*) FROM contact_upload") == 0


async def test_an_upload_has_a_most(console: Console) -> None:
    """A hundred megabytes are not read."""
    client = await console.as_("author")

    async def endless() -> object:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(100):
            yield b"," * 1_000_000

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await client.post("/contacts/import", content=endless(), headers=kind)).status_code == 413


async def test_what_people_are_called_never_runs(console: Console) -> None:
    """Stored in every field, shown on every page; a formula in no export."""
    client = await console.as_("author")
    row = ["x-1", f"{XSS} naam", XSS, XSS, "governors", "", "", "", "x@x.example", ""]
    formula = ["x-2", FORMULA, "+1", "@SUM(1)", "governors", "", "", "", "y@x.example", ""]
    reserved = ["import", "Invoer", "", "", "governors", "", "", "", "", ""]
    out = io.StringIO()
    csv.writer(out).writerows([COLUMNS.split(","), row, formula, reserved, [XSS, "Kwaad", *row[2:]]])
    where = (await upload(client, out.getvalue())).headers["location"]
    pages = [await client.get(where)]
    assert (await client.post(where)).status_code == 303
    pages += [
        await client.get(each) for each in ("/contacts", "/contacts/x-1", "/contacts/x-1?edit=1", "/contacts/coverage")
    ]
    pages += [await client.get("/contacts/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")]
    pages += [await client.post("/contacts/groups/preview", data={"recipients": "audience=governors", "name": XSS})]
    for each in pages:
        assert (each.status_code, XSS in each.text) == (200, False), each.url
        assert "&lt;img" in each.text or "coverage" in str(each.url)
    assert "Invoer" in (await client.get("/contacts/id/import")).text
    exported = (await client.get("/contacts/export.csv")).text
    cells = [cell for line in csv.reader(io.StringIO(exported)) for cell in line]
    assert f"'{FORMULA}" in cells
    assert not [cell for cell in cells if cell[:1] in "=@-" and cell]


@pytest.mark.usefixtures("people")
async def test_one_contact_is_added_changed_and_removed(console: Console, database_url: str) -> None:
    """By the rules of an import; what is wrong stands at its field; what somebody else saved is not overwritten."""
    client = await console.as_("author")
    wrong = await client.post("/contacts/save", data={**ROW, "new": "1", "email": "geen adres", "audience": []})
    assert wrong.status_code == 422
    assert ('id="email-wrong"' in wrong.text, "Noem minstens" in wrong.text) == (True, True)
    made = await client.post("/contacts/save", data={**ROW, "new": "1"})
    assert made.headers["location"] == "/contacts/x-1?told=saved"
    assert (await client.post("/contacts/save", data={**ROW, "new": "1"})).status_code == 422
    form = (await client.get("/contacts/x-1?edit=1")).text
    seen_at = form.split('name="seen_at" value="')[1].split('"')[0]
    changed = {**ROW, "name": "Els Twee", "seen_at": seen_at.replace("&#43;", "+")}
    assert (await client.post("/contacts/save", data=changed)).status_code == 303
    late = await client.post("/contacts/save", data={**changed, "name": "Els Drie"})
    assert (late.status_code, "Iemand anders" in late.text) == (422, True)
    assert (await client.post("/contacts/remove", data={"external_id": "x-1"})).status_code == 303
    assert (await client.get("/contacts/x-1")).status_code == 404
    assert one(database_url, "SELECT count(*) FROM address WHERE value = 'els@x.example'") == 0


@pytest.mark.usefixtures("people")
async def test_deputies_have_an_order(console: Console, database_url: str) -> None:
    """The first is told first; nobody stands in for themselves, and nobody who is not there stands in."""
    client = await console.as_("author")

    async def act(name: str, deputy: str) -> int:
        given = {"external_id": "m-1", "act": name, "deputy": deputy}
        return (await client.post("/contacts/deputies", data=given)).status_code

    assert [await act("add", each) for each in ("m-2", "m-3", "m-1", "nobody")] == [303, 303, 422, 422]
    assert await act("up", "m-3") == 303
    order = "SELECT array_agg(d.external_id ORDER BY y.place) FROM contact_deputy y JOIN contact d ON d.id = y.deputy"
    assert one(database_url, order) == ["m-3", "m-2"]
    assert "Bo Claes" in (await client.get("/contacts/m-2")).text
    assert await act("remove", "m-3") == 303
    assert one(database_url, order) == ["m-2"]


@pytest.mark.usefixtures("people")
async def test_coverage_says_what_does_not_work_for_whom_since_when(console: Console) -> None:
    """A municipality without a number for its mayor is found before the night on which one is needed."""
    client = await console.as_("auditor")
    text = (await client.get("/contacts/coverage?province=Oost-Vlaanderen")).text
    for said in ("Aalst", "burgemeester", "geen dat werkt", "sinds", "noodplanner", "Zonder plaatsvervanger"):
        assert said in text, said


@pytest.mark.usefixtures("people")
async def test_groups_are_looked_at_saved_and_removed(console: Console) -> None:
    """A name for a selection; what cannot be read is told."""
    client = await console.as_("author")
    form = {"name": "limburg-top", "title": "Top Limburg", "recipients": "province=Limburg"}
    assert "An Peeters" in (await client.post("/contacts/groups/preview", data=form)).text
    assert (await client.post("/contacts/groups", data=form)).status_code == 303
    assert (await client.post("/contacts/groups", data={**form, "recipients": "province="})).status_code == 422
    assert (await client.post("/contacts/groups", data={**form, "name": "GEEN NAAM"})).status_code == 422
    assert "An Peeters" in (await client.get("/contacts/groups?name=limburg-top")).text
    assert (await client.post("/contacts/groups/remove", data={"name": "limburg-top"})).status_code == 303
    assert "limburg-top" not in (await client.get("/contacts/groups")).text
