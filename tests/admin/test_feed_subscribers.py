"""Who subscribed to feeds, as an operator sees and ends it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from services.store.websub import NewSubscription, subscribe
from tests.admin.conftest import Roeland
from tests.store.world import connect

pytestmark = pytest.mark.stack

CALLBACK = "https://lezer.example/haak?sleutel=zeergeheim"


@pytest.fixture
def roeland_env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A database of its own."""
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}


def test_subscribers_are_shown_by_host_and_ended_by_number(roeland: Roeland, database_url: str) -> None:
    """An operator sees who fails and since when; a callback and a secret may be anyone's key, and are not shown."""
    assert roeland("feed", "subscribers", "--json").document == []
    assert "nobody has subscribed" in roeland("feed", "subscribers").out
    asyncio.run(_subscribe(database_url))
    [one] = roeland("feed", "subscribers", "--json").document
    assert (one["host"], one["feed"], one["failing_since"]) == ("lezer.example", "feeds/public.atom", None)
    shown = roeland("feed", "subscribers").out
    assert "lezer.example" in shown
    ended = roeland("feed", "unsubscribe", str(one["id"]), "--json")
    assert ended.document["id"] == one["id"]
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT ending, due <= now() FROM websub_subscription").fetchone()
        audit = connection.execute("SELECT action, subject FROM audit ORDER BY id DESC").fetchone()
        told = str(connection.execute("SELECT detail FROM audit").fetchall())
    assert row == ("ended by the publisher", True)
    assert audit == ("websub.ended", f"websub:{one['id']}")
    assert "zeergeheim" not in shown + ended.out + told
    assert "een geheim" not in shown + ended.out + told


def test_a_number_that_nobody_has_is_refused(roeland: Roeland) -> None:
    """A slip of the finger ends nobody's."""
    refused = roeland("feed", "unsubscribe", "4711", "--json")
    assert (refused.code, "feed subscribers" in refused.document["error"]) == (1, True)


async def _subscribe(database_url: str) -> None:
    async with await connect(database_url) as connection:
        new = NewSubscription("feeds/public.atom", CALLBACK, "lezer.example", "een geheim", None, timedelta(days=1))
        await subscribe(connection, new)
