"""Looking at all pages of a table, with all that is wrong told at once: one flaw hides no other."""

from collections.abc import Collection
from typing import Any

from tests.browser.console import ConsoleSite
from tests.browser.looks import Pages
from tests.browser.seen import Look
from tests.browser.sight import LOOKS, Sight


def look_at(
    pages: Pages,
    sight: Sight,
    site: ConsoleSite,
    *,
    language: str,
    cookies: dict[str, str],
    looks: Collection[Look] = LOOKS,
    **filled: Any,
) -> None:
    """At each, with its picture: WCAG 2.2 AA, no sideways scrolling, nothing from elsewhere, nothing in the console.

    `filled`: what stands in the braces of an address. Raises AssertionError that names all that is wrong, by page.
    """
    wrong: dict[str, str] = {}
    for name, page in pages.items():
        address = f"{site.url}{page.format(**filled)}"
        seen = sight.look(address, name=f"{name}-{language}", language=language, cookies=cookies, looks=looks)
        try:
            assert seen.status == 200, seen.status
            seen.flawless()
        except AssertionError as problem:
            wrong[page] = str(problem)
    assert not wrong, "\n".join(f"{page}: {problem}" for page, problem in wrong.items())
