"""The blast on a phone at night: what it looks like, and that it needs no script and no mouse."""

from uuid import uuid4

import pytest

from services.store import prepared_blasts
from services.store.users import find_user
from tests.admin.conftest import in_this_process
from tests.browser.console import ConsoleSite
from tests.browser.sight import Sight

pytestmark = pytest.mark.stack

COLUMNS = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
TEXT = "CCVO: het loonsysteem ligt stil – gebruik de noodprocedure. Meer om 16 uur."
FORM = {"audience": ["governors", "local-governments"], "text": [TEXT], "exercise": ["1"], "confirm": ["1"]}


@pytest.fixture
def people(console_site: ConsoleSite, tmp_path, monkeypatch):
    monkeypatch.setenv("ROELAND_TWILIO_FROM", "CCVO")
    rows = [f"g{n},Gouverneur {n},,gouverneur,governors,,Limburg,,g{n}@x.example,+3247000{n:04}" for n in range(40)]
    rows += [f"m{n},An Peeters {n},Stad,burgemeester,local-governments,Aalst,,,m{n}@x.example," for n in range(4)]
    (tmp_path / "people.csv").write_text("\n".join([COLUMNS, *rows]))
    url = console_site.desk.database.url()
    assert (
        in_this_process(["contacts", "import", str(tmp_path / "people.csv")], {"ROELAND_DATABASE_URL": url}).code == 0
    )


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_blast_on_a_phone_and_on_a_screen(sight: Sight, console_site: ConsoleSite, language: str) -> None:
    """Filling in, and the one question."""
    email = "crisis-manager@ccvo.example"
    cookies = console_site.signed_in("crisis-manager", email=email)
    number = uuid4()

    async def keep() -> None:
        async with console_site.desk.pool.connection() as connection:
            user = await find_user(connection, email)
            await prepared_blasts.keep(connection, number, user.id, FORM)

    console_site.run(keep())
    for name, path in (("", "/blast"), ("-filled", f"/blast?kept={number}"), ("-confirm", f"/blast/{number}")):
        seen = sight.look(console_site.url + path, name=f"blast{name}-{language}", language=language, cookies=cookies)
        assert seen.status == 200
        seen.flawless()


@pytest.mark.usefixtures("people")
def test_a_blast_takes_seven_taps_and_the_preview_follows_what_is_typed(
    sight: Sight, console_site: ConsoleSite
) -> None:
    """From the menu to the last button; each tap that is saved is a second at night."""
    cookies = console_site.signed_in("crisis-manager")

    async def story() -> str:
        page = await sight.new_page(console_site.url, cookies, width=360)
        await page.goto(console_site.url + "/")
        await page.get_by_role("link", name="Sms-blast").click()  # 1
        await page.get_by_label("Gouverneurs").check()  # 2
        await page.get_by_label("Wat er in staat").fill("CCVO: het loonsysteem ligt stil.")  # 3
        await page.get_by_text("40 personen").first.wait_for()
        await page.get_by_role("button", name="Verder").last.click()  # 4
        await page.get_by_label("Typ het aantal personen").first.fill("40")  # 5
        await page.get_by_label("Waarom u het alleen verstuurt").fill("niemand bereikbaar")  # 6
        return await page.get_by_role("button", name="Verstuur naar 40 personen").inner_text()  # 7

    assert sight.act(story()) == "Verstuur naar 40 personen"
