"""Users and audit in a real PostgreSQL."""

import psycopg
import pytest
from psycopg import AsyncConnection

from services.store import audit
from services.store.users import all_users, disable_user, find_user, register_key, save_user, user_by_id

pytestmark = pytest.mark.stack


async def test_a_user_is_known_by_address_whatever_its_capitals(database_url: str) -> None:
    """Two users for one mailbox could approve each other's messages."""
    async with await AsyncConnection.connect(database_url) as connection:
        first = await save_user(connection, "Wacht@CCVO.example", ["approver"])
        second = await save_user(connection, "wacht@ccvo.example", ["author", "approver", "author"])
        assert second.id == first.id
        assert second.roles == ["approver", "author"]
        assert await find_user(connection, "WACHT@ccvo.example") == second
        assert await user_by_id(connection, first.id) == second
        assert len(await all_users(connection)) == 1


async def test_disabling_keeps_its_first_moment_and_saving_enables_again(database_url: str) -> None:
    """Afterwards it must be clear from when on somebody could not act."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        user = await save_user(connection, "a@ccvo.example", ["author"])
        disabled = await disable_user(connection, user.id)
        assert disabled.disabled_at is not None
        assert (await disable_user(connection, user.id)).disabled_at == disabled.disabled_at
        assert (await save_user(connection, "a@ccvo.example", ["author"])).disabled_at is None


async def test_a_new_key_replaces_the_former(database_url: str) -> None:
    """A key that was lost must stop counting at once."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        user = await save_user(connection, "a@ccvo.example", ["author"])
        await register_key(connection, user.id, b"1" * 32)
        assert (await register_key(connection, user.id, b"2" * 32)).public_key == b"2" * 32
        with pytest.raises(psycopg.errors.CheckViolation):
            await register_key(connection, user.id, b"short")


async def test_an_audit_row_is_gone_with_the_transaction_that_did_nothing(database_url: str) -> None:
    """The audit says what was done, not what was tried."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        async with connection.transaction(force_rollback=True):
            await audit.record(connection, actor=None, action="x", subject="s")
        await audit.record(connection, actor=None, action="y", subject="s", detail={"n": 1})
        rows = await audit.recorded(connection, "s")
        assert [(row.action, row.detail, row.actor) for row in rows] == [("y", {"n": 1}, None)]
