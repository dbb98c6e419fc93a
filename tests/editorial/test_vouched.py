"""A command that a door vouches for counts without a signature, on a stack that is not on one machine; and no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr
from uuid_utils import uuid7

from services.domain.commands import Answer, Command, SubmitMessage
from services.domain.configuration import DEFAULT
from services.domain.events import envelope
from services.editorial.desk import Desk
from services.editorial.service import handle
from services.rendering.centre import RenderingSettings
from services.rendering.shelf import Shelf
from services.runtime import commands
from services.runtime.commands import Voucher
from services.runtime.postgres import DatabaseSettings, connect, open_pool
from services.store.users import save_user
from tests.domain.messages import sendable

pytestmark = pytest.mark.stack
SOURCE = "/roeland/console@test"


@pytest.fixture
async def editorial(database_url: str) -> AsyncIterator[tuple[Desk, DatabaseSettings]]:
    """Kafka and PostgreSQL are elsewhere: an assertion counts for nothing."""
    settings = DatabaseSettings(database_url=SecretStr(database_url))
    async with open_pool(settings) as pool:
        async with pool.connection() as connection:
            for name in ("an", "bo"):
                await save_user(connection, f"{name}@ccvo.example", ["author"])
        shelf = Shelf(RenderingSettings(), lambda _: None)
        yield Desk(pool, shelf, DEFAULT, SOURCE, trusts_assertions=False), settings


def command(user: int = 1) -> Command:
    body = SubmitMessage(message_id=UUID(str(uuid7())), content=sendable().model_dump(mode="json"))
    return Command(id=UUID(str(uuid7())), user=user, given_at=datetime.now(UTC), body=body)


async def given(editorial: tuple[Desk, DatabaseSettings], asked: Command, voucher: Voucher | None) -> Answer:
    """As a door gives it, and editorial hears of it through Kafka."""
    desk, settings = editorial
    async with connect(settings, autocommit=True) as connection, connect(settings, autocommit=True) as other:
        giving = asyncio.create_task(
            commands.give(connection, asked, key="x", source=SOURCE, seconds=10, voucher=voucher)
        )
        while not await (await other.execute("SELECT 1 FROM command WHERE id = %s", (asked.id,))).fetchone():  # noqa: ASYNC110 - it is in PostgreSQL
            await asyncio.sleep(0.02)
        await handle(heard(asked), desk)
        return await giving


def heard(asked: Command) -> object:
    return envelope(asked, event_type=asked.body.type, source=SOURCE, event_id=str(asked.id))


async def test_what_a_door_vouches_for_counts_and_the_audit_says_by_what(
    editorial: tuple[Desk, DatabaseSettings],
) -> None:
    """A browser has no key: the console's row in PostgreSQL stands in its place, and names the session."""
    answer = await given(editorial, command(), Voucher(1, "session 12"))
    assert answer.done, answer
    async with connect(editorial[1]) as connection:
        row = await (await connection.execute("SELECT actor, origin FROM audit ORDER BY id LIMIT 1")).fetchone()
    assert row == (1, f"{SOURCE} by session 12")


async def test_a_voucher_for_somebody_else_counts_for_nothing(editorial: tuple[Desk, DatabaseSettings]) -> None:
    """Who is signed in as one does not act as another."""
    answer = await given(editorial, command(user=1), Voucher(2, "session 12"))
    assert not answer.done
    assert "not signed" in (answer.error or "")


async def test_what_came_by_kafka_alone_has_no_voucher(editorial: tuple[Desk, DatabaseSettings]) -> None:
    """Whoever can write to Kafka, and not to PostgreSQL, approves nothing: whatever the record says of itself."""
    asked = command()
    await handle(heard(asked), editorial[0])  # type: ignore[arg-type]
    async with connect(editorial[1]) as connection:
        row = await (await connection.execute("SELECT answer FROM command WHERE id = %s", (asked.id,))).fetchone()
    assert row
    assert row[0]["done"] is False
    assert "not signed" in row[0]["error"]


async def test_a_voucher_does_not_give_a_role(editorial: tuple[Desk, DatabaseSettings]) -> None:
    """That we know who it is does not say what they may."""
    async with connect(editorial[1], autocommit=True) as connection:
        await save_user(connection, "an@ccvo.example", ["auditor"])
    answer = await given(editorial, command(), Voucher(1, "session 12"))
    assert "no role" in (answer.error or "")
