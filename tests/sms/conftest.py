"""The carrier asks PostgreSQL for two things only, so its tests share a database."""

from collections.abc import Iterator

import pytest

from tests import stack


@pytest.fixture(scope="module")
def database_url(postgres: str) -> Iterator[str]:
    """URL of a migrated, empty database of this module's own."""
    with stack.fresh_database(postgres) as url:
        yield url
