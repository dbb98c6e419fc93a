"""What our connections ask of PostgreSQL."""

import pytest

from services.runtime.postgres import DatabaseSettings, open_pool

pytestmark = pytest.mark.stack


async def test_the_server_notices_within_seconds_that_we_are_gone(database_url: str) -> None:
    """A machine without power says no goodbye. Its locks would hold a batch, or a peer's epoch, for two hours."""
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool, pool.connection() as connection:
        seconds = 0
        for setting, times in (("idle", 1), ("interval", 3)):
            row = await (await connection.execute(f"SHOW tcp_keepalives_{setting}".encode())).fetchone()
            seconds += int(row[0]) * times
        count = await (await connection.execute("SHOW tcp_keepalives_count")).fetchone()
    assert 0 < seconds <= 15
    assert count == ("3",)
