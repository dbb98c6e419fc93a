"""The frame of the console's pages: in both languages, by day and by night."""

import pytest

from tests.browser.console import ConsoleSite
from tests.browser.sight import Sight

pytestmark = pytest.mark.stack


@pytest.mark.long  # the overview has the same frame
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_page_that_is_not_there_is_for_everyone(sight: Sight, console_site: ConsoleSite, language: str) -> None:
    """What every page has, and a failure in words."""
    cookies = console_site.signed_in("administrator", "author", "crisis-manager")
    address = f"{console_site.url}/nosuch"
    seen = sight.look(address, name=f"console-missing-{language}", language=language, cookies=cookies)
    assert seen.status == 404
    seen.complaints.clear()  # Chromium's own word on a 404
    seen.flawless()
