"""A page to be looked at, and where what it asks for comes from: the test itself, or a server on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import Page, Route

from tests.browser.seen import Seen

ORIGIN: Final = "http://roeland.test"
"""Where the `files` of a subject are."""
HERE: Final = ("http://127.0.0.1:", "http://localhost:")

File = tuple[str, str | bytes]
"""Media type and body."""


@dataclass(frozen=True)
class Subject:
    """`page`: HTML, an address, or the path of one of `files`. `images`: whether those are loaded.

    `cookies`: what the browser has for the address, by name; those whose name begins with `__Host-` are Secure.
    """

    page: str
    files: Mapping[str, File]
    images: bool = True
    language: str = "nl-BE"
    cookies: Mapping[str, str] = field(default_factory=dict)

    async def serve(self, tab: Page, seen: Seen) -> None:
        """Answer what the page asks for; nothing from elsewhere is loaded, and all that is asked for there is noted."""

        async def answer(route: Route) -> None:
            address = route.request.url
            if route.request.resource_type == "image" and not self.images:
                await route.abort()
            elif address.startswith(ORIGIN):
                await self._file(route, address.removeprefix(ORIGIN).partition("?")[0])
            elif address.startswith(HERE):
                await route.continue_()
            else:
                seen.elsewhere.add(address)
                await route.abort()

        await tab.route("**/*", answer)
        if self.images:  # a browser complains of each picture that we keep from it
            tab.on("console", lambda said: seen.complaints.add(said.text) if said.type == "error" else None)

    async def show(self, tab: Page) -> int:
        """Open it; returns the status of the answer."""
        if self.page.startswith(("http://", "https://")):
            answer = await tab.goto(self.page)
        elif self.page.partition("?")[0] in self.files:
            answer = await tab.goto(ORIGIN + self.page)
        else:
            await tab.set_content(self.page)
            return 200
        return answer.status if answer else 0

    async def _file(self, route: Route, path: str) -> None:
        if path in self.files:
            media_type, body = self.files[path]
            await route.fulfill(status=200, content_type=media_type, body=body)
        else:
            await route.fulfill(status=404)
