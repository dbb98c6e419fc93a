"""The blast on a phone at night: what it looks like, and that it needs no script and no mouse."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from services.store import prepared_blasts
from services.store.users import find_user
from tests.admin.conftest import in_this_process
from tests.browser.console import ConsoleSite
from tests.browser.looking import look_at
from tests.browser.looks import BLAST
from tests.browser.sight import Sight

pytestmark = pytest.mark.stack

COLUMNS = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
TEXT = "CCVO: het loonsysteem ligt stil – gebruik de noodprocedure. Meer om 16 uur."
FORM = {"audience": ["governors", "local-governments"], "text": [TEXT], "exercise": ["1"], "confirm": ["1"]}


@pytest.fixture(scope="module")
def site(lasting_site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """One with forty governors who have a number, and four mayors who have none."""
    people = tmp_path_factory.mktemp("blast") / "people.csv"
    rows = [f"g{n},Gouverneur {n},,gouverneur,governors,,Limburg,,g{n}@x.example,+3247000{n:04}" for n in range(40)]
    rows += [f"m{n},An Peeters {n},Stad,burgemeester,local-governments,Aalst,,,m{n}@x.example," for n in range(4)]
    people.write_text("\n".join([COLUMNS, *rows]))
    env = {"ROELAND_DATABASE_URL": lasting_site.desk.database.url()}
    assert in_this_process(["contacts", "import", str(people)], env).code == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROELAND_TWILIO_FROM", "CCVO")
        yield lasting_site


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_blast_on_a_phone_and_on_a_screen(sight: Sight, site: ConsoleSite, language: str) -> None:
    """Empty, filled in, and the one question."""
    email = "crisis-manager@ccvo.example"
    cookies = site.signed_in("crisis-manager", email=email)
    number = uuid4()

    async def keep() -> None:
        async with site.desk.pool.connection() as connection:
            user = await find_user(connection, email)
            await prepared_blasts.keep(connection, number, user.id, FORM)

    site.run(keep())
    look_at(BLAST, sight, site, language=language, cookies=cookies, number=number)


def test_a_blast_takes_seven_taps_and_the_preview_follows_what_is_typed(sight: Sight, site: ConsoleSite) -> None:
    """From the menu to the last button; each tap that is saved is a second at night."""
    cookies = site.signed_in("crisis-manager")

    async def story() -> str:
        page = await sight.new_page(site.url, cookies, width=360)
        await page.goto(site.url + "/")
        await page.get_by_role("link", name="Sms-blast").click()  # 1
        await page.get_by_label("Gouverneurs").check()  # 2
        await page.get_by_label("Wat het zegt").fill("CCVO: het loonsysteem ligt stil.")  # 3
        await page.get_by_text("40 personen").first.wait_for()
        await page.get_by_role("button", name="Verder").last.click()  # 4
        await page.get_by_label("Typ het aantal personen").first.fill("40")  # 5
        await page.get_by_label("Waarom u het alleen verstuurt").fill("niemand bereikbaar")  # 6
        return await page.get_by_role("button", name="Verstuur naar 40 personen").inner_text()  # 7

    assert sight.act(story()) == "Verstuur naar 40 personen"
