"""The pages of a message and of an incident, as the cell sees them in the middle of a crisis."""

import asyncio

import httpx
import pytest

from tests.browser.console import ConsoleSite
from tests.browser.half_sent import beside, crisis
from tests.browser.looking import look_at
from tests.browser.looks import ACTS, INCIDENTS, MESSAGES
from tests.browser.sight import Sight
from tests.store.world import INCIDENT

pytestmark = [pytest.mark.stack, pytest.mark.long]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_message_and_its_lists(sight: Sight, console_site: ConsoleSite, database_url: str, language: str) -> None:
    """How far it is, the municipalities, what it says, what happened; on a phone at night too."""
    message = console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")
    look_at(MESSAGES, sight, console_site, language=language, cookies=cookies, sending=message.id, town="Aalst")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_may_be_done_about_a_message(
    sight: Sight, console_site: ConsoleSite, database_url: str, language: str
) -> None:
    """Each act asks first, with what happens and to how many."""
    message = console_site.run(crisis(database_url))
    others = console_site.run(beside(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")
    look_at(ACTS, sight, console_site, language=language, cookies=cookies, sending=message.id, **others)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_an_incident_and_what_is_known(
    sight: Sight, console_site: ConsoleSite, database_url: str, language: str
) -> None:
    """The phase, the facts, what was said and promised, and who was told otherwise."""
    console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")
    look_at(INCIDENTS, sight, console_site, language=language, cookies=cookies, slug=INCIDENT, key="stilstand")


def test_the_whole_proof_is_for_everyone(sight: Sight, console_site: ConsoleSite, database_url: str) -> None:
    """Whoever asks afterwards what was approved reads this page; the console shows it without any script."""
    message = console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager")
    answer = httpx.get(f"{console_site.url}/messages/{message.id}/proof", cookies=cookies, timeout=30)
    assert answer.status_code == 200
    sight.look(answer.text, name="message-proof").flawless()


def test_stopping_takes_one_tap_and_one_confirmation_on_a_phone(
    sight: Sight, console_site: ConsoleSite, database_url: str
) -> None:
    """Whoever sees that it is wrong stops it, with a thumb; who has the page open elsewhere sees that it was."""
    message = console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")

    async def story() -> str:
        other = await sight.new_page(console_site.url, cookies)
        await other.goto(f"{console_site.url}/messages/{message.id}")
        phone = await sight.new_page(console_site.url, cookies, width=360)
        await phone.goto(f"{console_site.url}/messages/{message.id}")
        await asyncio.sleep(2)  # what comes first over the stream moves nothing
        first = phone.get_by_role("link", name="Definitief stoppen")
        box = await first.bounding_box()
        assert box
        assert box["y"] + box["height"] < 740, "it is seen without scrolling"
        await first.click()
        await phone.get_by_role("button", name="Ja, nu stoppen").click()
        await phone.get_by_text("Er wordt niets meer verzonden.").wait_for()
        await other.locator(".badge", has_text="gestopt").first.wait_for(timeout=8000)
        await asyncio.sleep(0.5)
        return await other.locator("#acts").inner_text()

    assert "Definitief stoppen" not in sight.act(story())
