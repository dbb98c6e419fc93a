"""Writing while the world is against it: a line that goes away, a colleague in the same draft, a session that ends."""

import asyncio
from typing import Any, Final
from uuid import UUID

import pytest
from playwright.async_api import Page, expect
from uuid_utils.compat import uuid7

from services.console.doors import passwords
from services.store import accounts, drafts, sessions
from services.store.users import find_user
from tests.browser.cable import Cable, cable_to
from tests.browser.console import ConsoleSite
from tests.browser.sight import Sight
from tests.console.signing import PASSWORD
from tests.stack import Background

pytestmark = [pytest.mark.stack, pytest.mark.long]

AN, BO = "an@ccvo.example", "bo@ccvo.example"
FILE: Final = {
    "incident": "cyber-2026-014", "kind": "alert", "title": [{"text": "Eerste titel"}], "audiences": ["governors"],
    "channels": ["mail"], "key_messages": [{"text": [{"text": "De dienst ligt stil."}]}],
}  # fmt: skip
TITLE: Final = "#f-title-0-text"
SECONDS: Final = 20_000


def test_what_is_typed_is_kept_by_itself(sight: Sight, console_site: ConsoleSite) -> None:
    """Nobody presses a button for it, and the page says when it was done."""

    async def story() -> None:
        page, draft = await writing(sight, console_site, console_site.url)
        await page.locator("#kept").evaluate("each => { each.textContent = ''; }")
        await page.locator(TITLE).fill("Tweede titel")
        await expect(page.locator("#kept")).to_contain_text("Bewaard om", timeout=SECONDS)
        assert await title_of(console_site, draft) == "Tweede titel"

    sight.act(story())


def test_what_is_kept_by_the_button_is_no_quarrel_with_oneself(sight: Sight, console_site: ConsoleSite) -> None:
    """Who types and presses in one go is not told that somebody else changed the draft."""

    async def story() -> None:
        page, draft = await writing(sight, console_site, console_site.url)
        await page.locator(TITLE).fill("Titel in haast")
        await page.get_by_role("button", name="Als ontwerp bewaren").click()
        await expect(page.locator(".notice.good")).to_contain_text("bewaard", timeout=SECONDS)
        await page.locator(TITLE).fill("Titel in haast, en verder")
        await until_titled(console_site, draft, "Titel in haast, en verder")
        assert await page.locator("#conflict").inner_text() == ""

    sight.act(story())


@pytest.mark.parametrize("reloaded", [False, True], ids=["left open", "loaded anew"])
def test_what_is_typed_without_a_line_is_kept_when_it_is_back(
    sight: Sight, console_site: ConsoleSite, background: Background, reloaded: bool
) -> None:
    """In a train, say: the page tells that it is not kept yet, and neither waiting nor loading it anew loses a word."""

    async def story(cable: Cable) -> None:
        page, draft = await writing(sight, console_site, cable.url)
        await cable.cut()
        await page.locator(TITLE).fill("In de trein")
        await expect(page.locator("#kept")).to_contain_text("Nog niet bewaard", timeout=SECONDS)
        await cable.mend()
        if reloaded:
            await page.reload()
            await expect(page.locator(TITLE)).to_have_value("In de trein")
        await expect(page.locator("#kept")).to_contain_text("Bewaard om", timeout=SECONDS)
        await until_titled(console_site, draft, "In de trein")

    with cable_to(console_site.url, background) as cable:
        sight.act(story(cable))


@pytest.mark.parametrize(("of", "stands"), [("mine", "Titel van Bo"), ("theirs", "Titel van An")])
def test_two_who_write_one_draft_choose_between_what_each_wrote(
    sight: Sight, console_site: ConsoleSite, of: str, stands: str
) -> None:
    """Neither writes over the other unseen; whoever comes second sees both texts, and what they chose stands."""

    async def story() -> None:
        an, draft = await writing(sight, console_site, console_site.url)
        bo, _ = await writing(sight, console_site, console_site.url, BO, draft)
        await an.locator(TITLE).fill("Titel van An")
        await until_titled(console_site, draft, "Titel van An")
        await bo.locator(TITLE).fill("Titel van Bo")
        await expect(bo.locator("#conflict")).to_contain_text("Titel van An", timeout=SECONDS)
        await expect(bo.locator("#conflict")).to_contain_text("Titel van Bo")
        await expect(bo.locator("#kept")).to_contain_text("Niet bewaard")
        assert await title_of(console_site, draft) == "Titel van An"
        await bo.locator(f"button[name=all][value={of}]").click()
        await expect(bo.locator(TITLE)).to_have_value(stands, timeout=SECONDS)
        await until_titled(console_site, draft, stands)
        await asyncio.sleep(1.5)  # and what this tab remembers of the other text does not come back
        assert await title_of(console_site, draft) == stands

    sight.act(story())


@pytest.mark.parametrize("pressed", [False, True], ids=["while typing", "by the button"])
def test_a_session_that_ends_costs_no_word(sight: Sight, console_site: ConsoleSite, pressed: bool) -> None:
    """Somebody wrote for an hour, was signed out, signs in: back in the draft, with all that was typed in it."""

    async def story() -> None:
        page, draft = await writing(sight, console_site, console_site.url)
        await signed_out(console_site)
        if pressed:
            await page.route("**/compose/**", lambda route: route.abort() if _by_htmx(route) else route.continue_())
        await page.locator(TITLE).fill("Na een uur schrijven")
        if pressed:
            await page.get_by_role("button", name="Als ontwerp bewaren").click()
        await page.wait_for_url("**/sign-in?next=**", timeout=SECONDS)
        await page.get_by_label("E-mailadres").fill(AN)
        await page.get_by_label("Wachtwoord", exact=True).fill(PASSWORD)
        await page.unroute_all()
        await page.keyboard.press("Enter")
        if pressed:  # a form that was sent is shown again, and goes by one more button
            await page.wait_for_url("**/sign-in/again/form", timeout=SECONDS)
            await page.get_by_role("button", name="Ja, doe het nu").click()
        await page.wait_for_url(f"**/compose/{draft}**", timeout=SECONDS)
        await expect(page.locator(TITLE)).to_have_value("Na een uur schrijven")
        await until_titled(console_site, draft, "Na een uur schrijven")

    sight.act(story())


def _by_htmx(route: Any) -> bool:
    return "hx-request" in route.request.headers


async def writing(
    sight: Sight, site: ConsoleSite, url: str, email: str = AN, draft: UUID | None = None
) -> tuple[Page, UUID]:
    """The form of a draft, new or this one, in a browser of its own."""
    cookies = await site.begin(("author",), email)
    async with site.desk.pool.connection() as connection:
        user = await find_user(connection, email)
        assert user is not None
        await accounts.set_password(connection, user.id, await passwords.hashed(PASSWORD))
        if draft is None:
            draft = uuid7()
            await drafts.begin(connection, draft, {"file": FILE, "questions": {}}, user.id)
    page = await sight.new_page(url, cookies)
    await page.goto(f"{url}/compose/{draft}")
    return page, draft


async def signed_out(site: ConsoleSite) -> None:
    async with site.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
        assert user is not None
        await sessions.end_all(connection, user.id)


async def title_of(site: ConsoleSite, draft: UUID) -> str:
    async with site.desk.pool.connection() as connection:
        found = await drafts.find(connection, draft)
    assert found is not None
    return str(found.content["file"]["title"][0]["text"])


async def until_titled(site: ConsoleSite, draft: UUID, title: str) -> None:
    """Wait until the draft that is kept has this title."""
    async with asyncio.timeout(SECONDS / 1000):
        while await title_of(site, draft) != title:  # noqa: ASYNC110 - it is in PostgreSQL
            await asyncio.sleep(0.1)
