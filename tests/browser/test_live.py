"""A page that somebody leaves open for a night: it says when it no longer moves, and catches up when it can again."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from services.store import messages, sessions
from services.store.messages import Message
from services.store.users import find_user
from tests.browser.cable import Cable, cable_to
from tests.browser.console import ConsoleSite, console_on
from tests.browser.sight import Sight
from tests.browser.test_overview import crisis
from tests.stack import Background
from tests.store.world import SOURCE, connect

pytestmark = [pytest.mark.stack, pytest.mark.long]

ROLES: Final = ("crisis-manager", "author", "administrator")
LOST: Final = "Geen verbinding"
ENDED: Final = "U bent niet langer aangemeld."
PAGES: Final = pytest.mark.parametrize("where", ["/", "/messages/{id}"], ids=["overview", "message"])
SECONDS: Final = 30_000


def test_a_lost_line_is_said_and_what_was_missed_comes_when_it_is_back(watched: "Watched") -> None:
    """On the page itself: whoever looks at figures of ten minutes ago decides wrongly. It is the same page still."""

    async def story(page: Page, cable: Cable) -> None:
        await cable.cut()
        await expect(page.get_by_text(LOST)).to_be_visible(timeout=SECONDS)
        await stopped(watched.database, watched.message)
        await cable.mend()
        await expect(page.get_by_text(LOST)).to_be_hidden(timeout=SECONDS)
        await caught_up(page, watched.path)

    watched.through(story)


@PAGES
def test_a_console_that_is_started_anew_is_followed_on(
    sight: Sight, database_url: str, background: Background, where: str
) -> None:
    """A new version in the middle of a crisis: nobody has to know, nor to press anything."""
    message = background.run(crisis(database_url))

    async def before(first: ConsoleSite, cable: Cable) -> Page:
        return await opened(sight, first, cable, where.format(id=message.id))

    async def after(page: Page) -> None:
        await expect(page.get_by_text(LOST)).to_be_hidden(timeout=SECONDS)
        await stopped(database_url, message)
        await caught_up(page, where.format(id=message.id))

    with console_on(database_url, background) as first, cable_to(first.url, background) as cable:
        page = sight.act(before(first, cable))
        background.run(cable.cut())
        with console_on(database_url, background) as second:
            background.run(cable.mend(second.url))
            sight.act(after(page))


def test_who_is_signed_out_is_told_on_the_page_that_is_open(watched: "Watched") -> None:
    """With the way back in, which leads to the same page."""

    async def story(page: Page, _: Cable) -> None:
        await signed_out(watched.site)
        signing_in = page.get_by_role("heading", name="Aanmelden")  # a part that it fetched by itself found out first
        await expect(page.get_by_text(ENDED).or_(signing_in).first).to_be_visible(timeout=SECONDS)
        await expect(page.get_by_text(LOST)).to_be_hidden()
        if not await signing_in.is_visible():
            await page.get_by_role("link", name="Meld u opnieuw aan").click()
        await page.wait_for_url(lambda url: "/sign-in?next=" in url)

    watched.through(story)


def test_who_was_signed_out_while_the_line_was_away_is_not_told_to_wait(watched: "Watched") -> None:
    """The page that would try for ever is not one that somebody waits for."""

    async def story(page: Page, cable: Cable) -> None:
        await cable.cut()
        await expect(page.get_by_text(LOST)).to_be_visible(timeout=SECONDS)
        await signed_out(watched.site)
        await cable.mend()
        await expect(page.get_by_text(ENDED)).to_be_visible(timeout=SECONDS)
        await expect(page.get_by_text(LOST)).to_be_hidden(timeout=SECONDS)

    watched.through(story)


@dataclass(frozen=True)
class Watched:
    """A page in a crisis, behind a cable. `message`: one that is being sent."""

    sight: Sight
    site: ConsoleSite
    database: str
    message: Message
    path: str

    def through(self, story: Callable[[Page, Cable], Coroutine[Any, Any, None]]) -> None:
        """Open it, and do this."""

        async def opened_first(cable: Cable) -> None:
            await story(await opened(self.sight, self.site, cable, self.path), cable)

        with cable_to(self.site.url, self.site.background) as cable:
            self.sight.act(opened_first(cable))


@pytest.fixture(params=["/", "/messages/{id}"], ids=["overview", "message"])
def watched(sight: Sight, console_site: ConsoleSite, database_url: str, request: pytest.FixtureRequest) -> Watched:
    """The overview, and a message's own page."""
    message = console_site.run(crisis(database_url))
    return Watched(sight, console_site, database_url, message, request.param.format(id=message.id))


async def opened(sight: Sight, site: ConsoleSite, cable: Cable, path: str) -> Page:
    """The page, through the cable, once it is followed; it remembers that it was not loaded again."""
    cookies = await site.begin(ROLES, "nacht@ccvo.example")
    page = await sight.new_page(cable.url, cookies, width=360)
    async with page.expect_response(lambda answer: "/live/" in answer.url):
        await page.goto(f"{cable.url}{path}")
    await page.evaluate("() => { window.watched = 'since before'; }")
    return page


async def stopped(database_url: str, message: Message) -> None:
    """Somebody else stops the message."""
    async with await connect(database_url) as connection, connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        assert found
        await messages.stop(connection, found, source=SOURCE, how="stopped")


async def caught_up(page: Page, path: str) -> None:
    """It shows that the message was stopped: on its own page in words, on the overview it runs no longer."""
    if path == "/":
        await expect(page.locator("#running")).to_contain_text("Evacuatie", timeout=SECONDS)
        await expect(page.locator("#running")).not_to_contain_text("Titel", timeout=SECONDS)
    else:
        await expect(page.locator(".badges")).to_contain_text("gestopt", timeout=SECONDS)
    assert await page.evaluate("() => window.watched") == "since before", "it was not loaded again"


async def signed_out(site: ConsoleSite) -> None:
    """From another browser, or by an administrator."""
    async with site.desk.pool.connection() as connection:
        user = await find_user(connection, "nacht@ccvo.example")
        assert user
        await sessions.end_all(connection, user.id)
