"""One Chromium for the session. Every test below this folder is marked `browser`: `make test-browser` runs those."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.rendering.templates import Templates, load_templates
from tests.browser.console import ConsoleSite, console_on
from tests.browser.sight import Sight
from tests.stack import Background, fresh_database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` needs no browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def sight(background: Background) -> Iterator[Sight]:
    """Chromium, with axe-core."""
    sight = Sight(background)
    try:
        sight.open()
    except RuntimeError as missing:
        pytest.fail(str(missing))
    yield sight
    sight.close()


@pytest.fixture
def console_site(database_url: str, background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleSite]:
    """A console that listens on this machine, on a database of the test's own."""
    monkeypatch.setenv("ROELAND_DATABASE_URL", database_url)
    with console_on(database_url, background) as site:
        yield site


@pytest.fixture(scope="module")
def lasting_site(postgres: str, background: Background) -> Iterator[ConsoleSite]:
    """One for all tests of a file, which leave it as they found it or do not mind."""
    with pytest.MonkeyPatch.context() as patch, fresh_database(postgres) as url:
        patch.setenv("ROELAND_DATABASE_URL", url)
        with console_on(url, background) as site:
            yield site


@pytest.fixture(scope="session")
def templates() -> Templates:
    """Our own."""
    return load_templates()
