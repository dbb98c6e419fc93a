"""A crisis as two people live it, in two browsers: written on a screen, approved on a telephone, put right.

On a real stack: Kafka, PostgreSQL, a mail sink and a Twilio stand-in, every service a process, the console beside it.
Once by pointing, once with the keyboard alone.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.async_api import Page, expect
from uuid_utils.compat import uuid7

from services.runtime.topics import create
from tests.browser.console import ConsoleSite, console_in
from tests.browser.drafting import PEOPLE
from tests.browser.sight import SCREENSHOTS, Sight
from tests.conftest import delete_topics
from tests.editorial.rooms import Rooms
from tests.stack import Background, Sink, Twilio, fresh_database

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(300)]

SERVICES = ("editorial", "dispatch", "mail", "sms", "newsfeed")
SECONDS = 60_000
AUTHOR, MANAGER = "an@ccvo.example", "bo@ccvo.example"


@pytest.fixture
def outside(sink: Sink, twilio: Twilio) -> dict[str, str]:
    """Where mails and SMS go."""
    return {
        "ROELAND_SMTP_URL": sink.url, "ROELAND_MAIL_FROM": "ccvo@ccvo.example",
        "ROELAND_TWILIO_ACCOUNT_SID": twilio.account_sid, "ROELAND_TWILIO_AUTH_TOKEN": twilio.auth_token,
        "ROELAND_TWILIO_FROM": "+32460000000", "ROELAND_TWILIO_BASE_URL": twilio.url,
    }  # fmt: skip


@pytest.fixture
def room(kafka: str, postgres: str, background: Background, outside: dict[str, str], tmp_path: Path) -> Iterator[Rooms]:
    """All services, on a database with people."""
    prefix = f"t{uuid7().hex[-8:]}."
    with fresh_database(postgres) as url, ExitStack() as stack:
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": kafka, "ROELAND_KAFKA_TOPIC_PREFIX": prefix, "ROELAND_DATABASE_URL": url,
            "ROELAND_DATA_DIR": str(tmp_path), **outside,
        }  # fmt: skip
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(PEOPLE)
        there = Rooms(env, tmp_path)
        background.run(create(there.kafka))
        stack.callback(lambda: background.run(delete_topics(kafka, prefix)))
        running = [there.running(name) for name in SERVICES]
        with ThreadPoolExecutor(len(running)) as at_once:
            list(at_once.map(lambda each: each.__enter__(), running))
        for each in running:
            stack.push(each)
        yield there


@pytest.fixture
def site(room: Rooms, background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleSite]:
    """The console; whoever approves for more than three people types how many."""
    with console_in(room.env, background, monkeypatch, ROELAND_CONFIRM_COUNT_ABOVE="3") as made:
        yield made


def test_a_crisis_from_its_first_word_to_its_correction(
    sight: Sight, site: ConsoleSite, room: Rooms, sink: Sink
) -> None:
    """The whole of it: what the console is for."""
    cookies = {
        "author": site.signed_in("author", email=AUTHOR),
        "manager": site.signed_in("crisis-manager", email=MANAGER),
    }
    began = time.monotonic()
    sight.act(_story(sight, site, cookies))
    print(f"the story took {time.monotonic() - began:.1f} s")
    mails = [each for each in sink.mails() if "Loon" in str(each["Subject"])]
    assert len({each["To"] for each in mails}) == 4
    assert any("Rechtzetting" in str(each["Subject"]) or "Correctie" in str(each["Subject"]) for each in mails)


async def _story(sight: Sight, site: ConsoleSite, cookies: dict[str, dict[str, str]]) -> None:
    screen = await sight.new_page(site.url, cookies["author"], width=1280)
    phone = await sight.new_page(site.url, cookies["manager"], width=360)
    for each in (screen, phone):
        each.set_default_timeout(SECONDS)
    await _drafted(screen, site.url)
    await _refused_and_mended(screen)
    await screen.evaluate("() => { window.watched = 'since it was handed in'; }")
    await _approved(phone, site.url)
    await _followed(screen)
    await _put_right(screen, phone, site.url)


async def _drafted(page: Page, url: str) -> None:
    """From a playbook: what is to be filled in stands there, and the preview follows what is typed."""
    await page.goto(f"{url}/compose")
    await page.get_by_label("Welk bericht").first.select_option("cyber-incident/eerste-melding")
    await page.locator("#i-playbook").fill("cyber-2026-014")
    await page.get_by_role("button", name="Met het draaiboek beginnen").click()
    await page.locator("#f-title-0-text").fill("Loonadministratie is niet beschikbaar")
    await expect(page.locator("#beside")).to_contain_text("Loonadministratie is niet beschikbaar", timeout=SECONDS)
    await page.screenshot(path=SCREENSHOTS / "story-1-draft.png", full_page=True)


async def _refused_and_mended(page: Page) -> None:
    """Handed in with its holes open it is refused, at the fields; mended it is handed in."""
    await page.get_by_role("button", name=re.compile("indienen", re.IGNORECASE)).click()
    await expect(page.locator("#refused")).to_contain_text("Welke dienst is geraakt?", timeout=SECONDS)
    await page.screenshot(path=SCREENSHOTS / "story-2-refused.png", full_page=True)
    texts = page.locator("#compose textarea, #compose input[name$='.text']")
    for number in range(await texts.count()):
        said = await texts.nth(number).input_value()
        mended = said.replace("{hole:dienst}", "De loonadministratie").replace("{hole:sinds}", "maandag 8 uur")
        if mended != said:
            await texts.nth(number).fill(mended)
    soon = (datetime.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ005 - as a clock on the wall
    await page.locator("#f-next_update_at").fill(soon)
    await expect(page.locator("#beside .tally")).to_contain_text("Niets houdt het tegen", timeout=SECONDS)
    await page.get_by_role("button", name=re.compile("indienen", re.IGNORECASE)).click()
    await page.wait_for_url("**/messages/**", timeout=SECONDS)


async def _approved(page: Page, url: str) -> None:
    """On a telephone: the number typed, one button at the bottom."""
    await page.goto(f"{url}/approve")
    await page.locator("a.waits").first.click()
    await expect(page.locator("h1")).to_contain_text("Loonadministratie")
    await page.screenshot(path=SCREENSHOTS / "story-3-approve.png", full_page=True)
    await page.locator("#count").fill("4")
    await page.locator("#approve button").click()
    await expect(page.locator("main")).to_contain_text("het vertrekt nu", timeout=SECONDS)
    await page.screenshot(path=SCREENSHOTS / "story-4-approved.png", full_page=True)


async def _followed(page: Page) -> None:
    """The author's page of the message comes to its end by itself: it is the same page still, never loaded again."""
    await expect(page.locator("main")).to_contain_text(re.compile("alles is verzonden", re.IGNORECASE), timeout=SECONDS)
    await expect(page.locator(".bars")).to_contain_text("4 van 4", timeout=SECONDS)
    await expect(page.get_by_text("Iemand anders dan de auteur keurt het goed")).to_have_count(0, timeout=SECONDS)
    assert await page.evaluate("() => window.watched") == "since it was handed in"
    await page.screenshot(path=SCREENSHOTS / "story-5-done.png", full_page=True)


async def _put_right(screen: Page, phone: Page, url: str) -> None:
    """A fact was wrong: the correction begins with what was said, with the keyboard alone on both sides."""
    message = re.search(r"/messages/([0-9a-f-]{36})", screen.url)
    assert message is not None
    await screen.goto(f"{url}/compose?corrects={message[1]}")
    await _press(screen, "De rechtzetting beginnen")
    await screen.wait_for_url(re.compile("/compose/[0-9a-f-]{36}"), timeout=SECONDS)
    await _tab_to(screen, "#f-title-0-text")
    await screen.keyboard.press("Control+A")
    await screen.keyboard.type("Loonadministratie ligt stil sinds 6 uur, niet sinds 8 uur")
    await _tab_to(screen, "#f-key_messages-0-facts-0-text")
    await screen.keyboard.press("Control+A")
    await screen.keyboard.type("De dienst werkt niet sinds maandag 6 uur.")
    await _tab_to(screen, "#f-next_update_at")
    await _type_moment(screen)
    await expect(screen.locator("#beside .tally")).to_contain_text("Niets houdt het tegen", timeout=SECONDS)
    await screen.screenshot(path=SCREENSHOTS / "story-6-correction.png", full_page=True)
    await _press(screen, re.compile("indienen", re.IGNORECASE))
    await screen.wait_for_url("**/messages/**", timeout=SECONDS)
    await phone.goto(f"{url}/approve")
    await phone.locator("a.waits").first.focus()
    await phone.keyboard.press("Enter")
    await expect(phone.locator("h1")).to_contain_text("6 uur", timeout=SECONDS)
    await phone.screenshot(path=SCREENSHOTS / "story-7-approve-correction.png", full_page=True)
    await _tab_to(phone, "#count")
    await phone.keyboard.type("4")
    await phone.keyboard.press("Enter")
    await expect(phone.locator("main")).to_contain_text("het vertrekt nu", timeout=SECONDS)
    await expect(screen.locator("main")).to_contain_text(
        re.compile("alles is verzonden", re.IGNORECASE), timeout=SECONDS
    )


async def _type_moment(page: Page) -> None:
    """At noon of the next 12 December: written alike wherever one is, day or month first, with or without PM."""
    now = datetime.now()  # noqa: DTZ005 - as a clock on the wall
    await page.keyboard.type(f"1212{now.year + ((now.month, now.day) >= (12, 12))}")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.type("1212PM")


async def _press(page: Page, name: "str | re.Pattern[str]") -> None:
    """Come to a button by the keyboard, and press it."""
    button = page.get_by_role("button", name=name)
    for _ in range(400):
        if await button.evaluate("each => each === document.activeElement"):
            await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} by the keyboard")


async def _tab_to(page: Page, selector: str) -> None:
    """Come to a field by the keyboard."""
    for _ in range(400):
        if await page.evaluate("each => document.activeElement === document.querySelector(each)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {selector} by the keyboard")
