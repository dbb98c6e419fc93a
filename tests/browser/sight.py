"""What Chromium makes of a page: looked at on a phone and on a screen, by day and by night, by axe-core, and kept.

    sight.look("/x", name="message", files={"/x": ("text/html", page), "/style.css": ("text/css", css)}).flawless()
    sight.look("http://127.0.0.1:8080/verify", name="verify").flawless()
    sight.look(html, name="newsletter", images=False).flawless()

Playwright runs in an event loop of its own, in a thread: a test may be `async` or not. Where the server under test runs
in the loop of an async test, `await asyncio.to_thread(sight.look, …)`.
"""

import asyncio
import shutil
from collections.abc import Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.browser.seen import Look, Seen, violation
from tests.browser.subject import File, Subject
from tests.stack import Background

T = TypeVar("T")

SCREENSHOTS: Final = Path(__file__).parents[2] / ".screenshots"
WIDTHS: Final = {360: 740, 1280: 800}
"""Of a phone and of a screen, in CSS pixels, each with its height."""
SCHEMES: Final = ("light", "dark")
LOOKS: Final[tuple[Look, ...]] = tuple((width, scheme) for width in WIDTHS for scheme in SCHEMES)
JUDGED: Final[tuple[Look, ...]] = ((360, "light"), (1280, "dark"))
"""The looks that axe-core judges: contrast goes by scheme, what is hidden or moved by width; all four cost a minute."""

ARGUMENTS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
CHROMIUMS: Final = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first that is there. Without windows it draws the same pages in a third of the time."""
INSTALL: Final = "Chromium is missing: apt-get install --no-install-recommends chromium-headless-shell"


class Sight:
    """A running Chromium."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._axe = Axe().axe_script
        self._contexts: dict[tuple[int, str, str, str, tuple[tuple[str, str], ...]], BrowserContext] = {}
        self._playwright: Playwright
        self._browser: Browser

    def open(self) -> None:
        """Start it. Raises RuntimeError, with what to install, where there is none."""
        self._background.run(self._open())

    def close(self) -> None:
        """End it."""
        self._background.run(self._close())

    def look(
        self,
        page: str,
        *,
        name: str,
        files: Mapping[str, File] | None = None,
        images: bool = True,
        language: str = "nl-BE",
        axe: Mapping[str, Any] | None = None,
        cookies: Mapping[str, str] | None = None,
        looks: Collection[Look] = LOOKS,
    ) -> Seen:
        """Look at every width, by day and by night, and keep `.screenshots/NAME-WIDTH-SCHEME.png`.

        `page`: HTML, an address, or the path of one of `files`. `images`: whether those are loaded. `axe`: options of
        axe.run. `cookies`: of somebody who is signed in there. `looks`: those of JUDGED are half the cost of all.
        It asserts nothing: `.flawless()` does.
        """
        subject = Subject(page, files or {}, images, language, cookies or {})
        return self._background.run(self._look(subject, name, axe, looks))

    def shoot(self, page: str, *, name: str, files: Mapping[str, File] | None = None) -> Path:
        """One picture of the page as it is printed, at the width of A4; returns where it is."""
        return self._background.run(self._shoot(Subject(page, files or {}), name))

    async def _open(self) -> None:
        executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
        if executable is None:
            raise RuntimeError(INSTALL)
        SCREENSHOTS.mkdir(exist_ok=True)
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))

    async def new_page(
        self, site: str, cookies: Mapping[str, str], *, width: int = 1280, language: str = "nl-BE"
    ) -> Page:
        """A browser window of its own, for a story: closed with Chromium. Run it and what is done in it by `act`."""
        context = await self._browser.new_context(
            viewport={"width": width, "height": WIDTHS.get(width, 800)}, locale=language,
            timezone_id="Europe/Brussels", reduced_motion="reduce",
        )  # fmt: skip
        await context.add_cookies(_cookies(site, cookies))
        return await context.new_page()

    def act(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story in the loop in which Chromium is driven."""
        return self._background.run(story)

    async def _close(self) -> None:
        await self._browser.close()
        await self._playwright.stop()

    async def _look(self, subject: Subject, name: str, axe: Mapping[str, Any] | None, looks: Collection[Look]) -> Seen:
        seen = Seen()

        async def once(width: int, scheme: str) -> None:
            tab = await self._tab(subject, width, scheme)
            await subject.serve(tab, seen)
            seen.status = await subject.show(tab)
            await tab.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
            seen.wider[width, scheme] = await tab.evaluate(_WIDER)
            if (width, scheme) in JUDGED:
                await tab.evaluate(self._axe)
                found = await tab.evaluate(_VIOLATIONS, dict(axe or {}))
                seen.violations[width, scheme] = [violation(each) for each in found]
            await tab.close()

        await asyncio.gather(*(once(*look) for look in looks))
        return seen

    async def _shoot(self, subject: Subject, name: str) -> Path:
        tab = await self._tab(subject, 794, "light")
        await tab.emulate_media(media="print")
        await subject.serve(tab, Seen())
        await subject.show(tab)
        path = SCREENSHOTS / f"{name}-print.png"
        await tab.screenshot(path=path, full_page=True)
        await tab.close()
        return path

    async def _tab(self, subject: Subject, width: int, scheme: Any) -> Page:
        """In a context that is kept: a new one costs more than the page."""
        site = "/".join(subject.page.split("/")[:3]) if subject.cookies else ""
        key = width, scheme, subject.language, site, tuple(sorted(subject.cookies.items()))
        if key not in self._contexts:
            context = self._contexts[key] = await self._browser.new_context(
                viewport={"width": width, "height": WIDTHS.get(width, 1123)}, color_scheme=scheme,
                locale=subject.language, timezone_id="Europe/Brussels", reduced_motion="reduce",
            )  # fmt: skip
            await context.add_cookies(_cookies(site, subject.cookies))
        return await self._contexts[key].new_page()


def _cookies(site: str, cookies: Mapping[str, str]) -> list[Any]:
    """For this site; a Secure one is only taken for https, and given to loopback without it all the same."""
    secure = site.replace("http://", "https://", 1)
    return [
        {"name": k, "value": v, "url": secure if k.startswith("__Host-") else site, "secure": k.startswith("__Host-")}
        for k, v in cookies.items()
    ]


_VIOLATIONS: Final = """options => axe.run(document, {resultTypes: ['violations'], ...options})
    .then(results => results.violations)"""

_WIDER: Final = """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
    [...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > window.innerWidth)
        .map(each => each.tagName + '.' + each.className).slice(0, 8)"""
