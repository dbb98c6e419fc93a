"""Who may act, with which roles, and the public keys by which their commands are known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class User:
    """A user. `public_key` is raw Ed25519, 32 bytes; None until one is registered."""

    id: int
    email: str
    roles: list[str]
    public_key: bytes | None
    created_at: datetime
    disabled_at: datetime | None
    mobile: str | None = None


USER: Final = "id, email, roles, public_key, created_at, disabled_at, mobile"


OF_USER: Final = ", ".join(f"u.{each.strip()} AS u_{each.strip()}" for each in USER.split(","))
"""The columns of a user `u` beside those of what is theirs; `split` takes them apart again."""


def split(row: dict[str, Any]) -> tuple[dict[str, Any], User]:
    """What is theirs, and the user, of a row with `OF_USER`."""
    of_user = {name.removeprefix("u_"): value for name, value in row.items() if name.startswith("u_")}
    return {name: value for name, value in row.items() if not name.startswith("u_")}, User(**of_user)


async def save_user(connection: AsyncConnection[Any], email: str, roles: Iterable[str]) -> User:
    """Add a user, or give the one who has this address these roles, no others, and enable them again."""
    return await _one(
        connection,
        f"""INSERT INTO users (email, roles) VALUES (lower(%s), %s)
            ON CONFLICT (email) DO UPDATE SET roles = excluded.roles, disabled_at = NULL
            RETURNING {USER}""",
        (email, sorted(set(roles))),
    )


async def change_roles(connection: AsyncConnection[Any], user: int, roles: Iterable[str]) -> User | None:
    """Give them these roles and no others; None when they are disabled, also a moment ago: they stay so."""
    return await _first(
        connection,
        f"UPDATE users SET roles = %s WHERE id = %s AND disabled_at IS NULL RETURNING {USER}",
        (sorted(set(roles)), user),
    )


async def find_user(connection: AsyncConnection[Any], email: str) -> User | None:
    """The user who has this address, disabled or not; None when nobody has."""
    return await _first(connection, f"SELECT {USER} FROM users WHERE email = lower(%s)", (email,))


async def user_by_id(connection: AsyncConnection[Any], user: int) -> User | None:
    """The user with this number, disabled or not; None when there is none."""
    return await _first(connection, f"SELECT {USER} FROM users WHERE id = %s", (user,))


async def all_users(connection: AsyncConnection[Any]) -> list[User]:
    """Everybody, also the disabled, by address."""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(f"SELECT {USER} FROM users ORDER BY email")
        return await cursor.fetchall()


async def disable_user(connection: AsyncConnection[Any], user: int) -> User:
    """From now on no command of this user counts; the first moment of disabling is kept."""
    return await _one(
        connection,
        f"UPDATE users SET disabled_at = coalesce(disabled_at, now()) WHERE id = %s RETURNING {USER}",
        (user,),
    )


async def set_mobile(connection: AsyncConnection[Any], user: int, mobile: str | None) -> User:
    """Notices by SMS go to this number (E.164) from now on; None: to none."""
    return await _one(connection, f"UPDATE users SET mobile = %s WHERE id = %s RETURNING {USER}", (mobile, user))


async def with_role(connection: AsyncConnection[Any], roles: Iterable[str]) -> list[User]:
    """Everybody enabled who has one of these roles, by number."""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(
            f"SELECT {USER} FROM users WHERE roles && %s::text[] AND disabled_at IS NULL ORDER BY id", (sorted(roles),)
        )
        return await cursor.fetchall()


async def lock_administrators(connection: AsyncConnection[Any]) -> list[int]:
    """The numbers of all enabled administrators, who stay so until the transaction ends: of two who would each take
    the other's role away, the second sees what the first did."""
    rows = await connection.execute(
        "SELECT id FROM users WHERE 'administrator' = ANY(roles) AND disabled_at IS NULL ORDER BY id FOR NO KEY UPDATE"
    )
    return [row[0] for row in await rows.fetchall()]


async def register_key(connection: AsyncConnection[Any], user: int, public_key: bytes) -> User:
    """From now on this key, and no former one, proves the user's commands."""
    return await _one(
        connection, f"UPDATE users SET public_key = %s WHERE id = %s RETURNING {USER}", (public_key, user)
    )


async def _one(connection: AsyncConnection[Any], query: str, parameters: tuple[Any, ...]) -> User:
    user = await _first(connection, query, parameters)
    if user is None:
        raise LookupError("there is no such user")
    return user


async def _first(connection: AsyncConnection[Any], query: str, parameters: tuple[Any, ...]) -> User | None:
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(query, parameters)
        return await cursor.fetchone()
