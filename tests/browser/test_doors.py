"""The pages by which people come in: in both languages, by day and by night; and on plain http on this machine."""

import json
import re
from dataclasses import asdict
from typing import Any, Final

import pytest
from playwright.async_api import Page

from services.console.doors import first_start, second_step
from services.console.doors.form_to_resend import PURPOSE, KeptForm
from services.runtime.sealing import seal
from services.store import accounts, kept_forms, one_time_links, sessions
from services.store.secret_keys import signing_keys
from services.store.users import find_user, save_user
from tests.browser.console import ConsoleSite
from tests.browser.looking import look_at
from tests.browser.looks import DOORS, FIRST_START
from tests.browser.sight import Sight
from tests.console.signing import PASSWORD, code

pytestmark = [pytest.mark.stack, pytest.mark.long]
STRANGERS: Final = ("/sign-in", "/welcome?token=invited", "/welcome?token=no")
"""Pages for whoever is not signed in."""


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_doors_are_for_everyone(sight: Sight, lasting_site: ConsoleSite, language: str) -> None:
    """Somebody tired, on a phone, the first time; and the check list, which with nothing set up is no failure."""
    cookies = lasting_site.signed_in("administrator", "crisis-manager", email="an@ccvo.example")
    lasting_site.run(_nobody(lasting_site))
    look_at(FIRST_START, sight, lasting_site, language=language, cookies={})
    lasting_site.run(_prepare(lasting_site, "an@ccvo.example"))
    lasting_site.run(_keep_form(lasting_site, "an@ccvo.example"))
    strangers = {name: page for name, page in DOORS.items() if page in STRANGERS}
    look_at(strangers, sight, lasting_site, language=language, cookies={})
    ours = {name: page for name, page in DOORS.items() if page not in STRANGERS}
    look_at(ours, sight, lasting_site, language=language, cookies=cookies)


def test_from_first_start_to_the_overview_on_a_phone(sight: Sight, lasting_site: ConsoleSite) -> None:
    """In Chromium, on plain http on 127.0.0.1, without ROELAND_CONSOLE_URL: token, app, recovery codes, signed in; then
    signed out, and in again with a code."""
    lasting_site.run(_nobody(lasting_site))
    lasting_site.run(_token(lasting_site, "the token"))
    page = sight.act(sight.new_page(lasting_site.url, {}, width=360))
    sight.act(_first_start(page, lasting_site))


async def _first_start(page: Page, site: ConsoleSite) -> None:
    await page.goto(f"{site.url}/first-start?token=the+token")
    await page.get_by_label("Uw e-mailadres").fill("eerste@ccvo.example")
    await page.get_by_label("Nieuw wachtwoord").fill(PASSWORD)
    await page.get_by_role("button", name="Maak de eerste beheerder").click()
    await page.wait_for_url(re.compile("/me/second-step"))
    assert await page.locator("img.qr").evaluate("image => image.naturalWidth") > 100
    await page.get_by_text("Op deze telefoon").click()
    secret = (await page.locator(".secret").inner_text()).replace(" ", "")
    await page.get_by_label("Zes cijfers").fill(code(secret))
    await page.get_by_role("button", name="Bevestig").click()
    assert await page.locator(".codes li").count() == 10
    await page.screenshot(path=".screenshots/doors-recovery-codes-360.png", full_page=True)
    recovery = await page.locator(".codes code").first.inner_text()
    await page.get_by_role("link", name="Ik heb ze bewaard").click()
    await page.wait_for_url(re.compile("/check-list"))
    await page.get_by_role("button", name="Afmelden").click()
    await page.wait_for_url(re.compile("/sign-in"))
    await page.get_by_label("E-mailadres").fill("eerste@ccvo.example")
    await page.get_by_label("Wachtwoord", exact=True).fill(PASSWORD)
    await page.get_by_label("Code").fill(recovery)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{site.url}/")
    await page.close()


async def _keep_form(site: ConsoleSite, email: str) -> None:
    """As if they had sent it before they had to prove who they are."""
    form = KeptForm("/settings/users", "/settings/users", [("email", "nieuw@ccvo.example"), ("role", "author")])
    async with site.desk.pool.connection() as connection:
        user = await find_user(connection, email)
        assert user
        sealed = seal(json.dumps(asdict(form)), await signing_keys(connection), PURPOSE)
        for each in await sessions.standing_of(connection, user.id):
            await kept_forms.keep(connection, user.id, each.id, sealed)


async def _prepare(site: ConsoleSite, email: str) -> None:
    async with site.desk.pool.connection() as connection:
        user = await find_user(connection, email)
        assert user
        await accounts.set_password(connection, user.id, "x")
        await second_step.offered(connection, user.id)
        await sessions.begin(connection, user.id, f"other {user.id}", "password", agent="Firefox Windows") if not (
            await _has(connection, user.id)
        ) else None
        invited = await save_user(connection, "nieuw@ccvo.example", ["author"])
        await one_time_links.keep(connection, "invited", invited.id)


async def _has(connection: Any, user: int) -> bool:
    return len(await sessions.standing_of(connection, user)) > 1


async def _nobody(site: ConsoleSite) -> None:
    async with site.desk.pool.connection() as connection:
        await connection.execute("UPDATE account SET password = NULL, subject = NULL")
        assert not await first_start.is_over(connection)


async def _token(site: ConsoleSite, token: str) -> None:
    async with site.desk.pool.connection() as connection:
        await one_time_links.keep(connection, token, None)
