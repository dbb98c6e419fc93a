"""How users prove who they are at the console: passwords, the secret of their app, or who they are at a provider."""

from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Account:
    """`password`: argon2id with its parameters. `second`: the secret of their app, sealed (`runtime.sealing`)."""

    user_id: int
    password: str | None
    second: bytes | None
    second_step: int
    second_offered: bytes | None


async def account_of(connection: Connection, user: int) -> Account | None:
    """None: this user never had one."""
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            "SELECT user_id, password, second, second_step, second_offered FROM account WHERE user_id = %s", (user,)
        )
        return await cursor.fetchone()


async def set_password(connection: Connection, user: int, password: str) -> None:
    """`password` is hashed. What is signed in stays so: see `sessions.end_all`."""
    await connection.execute(
        """INSERT INTO account (user_id, password, password_at) VALUES (%s, %s, clock_timestamp())
           ON CONFLICT (user_id) DO UPDATE SET password = excluded.password, password_at = excluded.password_at""",
        (user, password),
    )


async def rehash(connection: Connection, user: int, former: str, password: str) -> None:
    """The same password, hashed with the parameters of today; nothing where it was changed meanwhile."""
    await connection.execute(
        "UPDATE account SET password = %s WHERE user_id = %s AND password = %s", (password, user, former)
    )


async def offer_second(connection: Connection, user: int, sealed: bytes) -> None:
    """Keep the secret that is being shown; it counts when a code proves that their app has it."""
    await connection.execute(
        """INSERT INTO account (user_id, second_offered) VALUES (%s, %s)
           ON CONFLICT (user_id) DO UPDATE SET second_offered = excluded.second_offered""",
        (user, sealed),
    )


async def confirm_second(connection: Connection, user: int, step: int) -> None:
    """From now on what was offered counts; the code of this half minute was used."""
    await connection.execute(
        """UPDATE account SET second = second_offered, second_offered = NULL, second_step = %s,
               second_at = clock_timestamp()
           WHERE user_id = %s AND second_offered IS NOT NULL""",
        (step, user),
    )


async def use_step(connection: Connection, user: int, step: int) -> bool:
    """Whether no code of this half minute, or of a later one, was used before; it is now."""
    used = await connection.execute(
        "UPDATE account SET second_step = %s WHERE user_id = %s AND second_step < %s", (step, user, step)
    )
    return used.rowcount == 1


async def seal_again(connection: Connection, user: int, sealed: bytes) -> None:
    """The same secret, sealed with the key of today."""
    await connection.execute("UPDATE account SET second = %s WHERE user_id = %s", (sealed, user))


async def forget_second(connection: Connection, user: int) -> None:
    """No app and no recovery codes: at the next sign-in they set one up anew."""
    await connection.execute("UPDATE account SET second = NULL, second_offered = NULL WHERE user_id = %s", (user,))
    await connection.execute("DELETE FROM recovery_code WHERE user_id = %s", (user,))


async def keep_recovery_codes(connection: Connection, user: int, codes: list[bytes]) -> None:
    """These and no former ones."""
    await connection.execute("DELETE FROM recovery_code WHERE user_id = %s", (user,))
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO recovery_code (user_id, code) VALUES (%s, %s)", [(user, code) for code in codes]
        )


async def use_recovery_code(connection: Connection, user: int, codes: list[bytes]) -> bool:
    """Whether one of these is theirs and was not used before; it is now."""
    used = await connection.execute(
        """UPDATE recovery_code SET used_at = clock_timestamp()
           WHERE user_id = %s AND code = ANY(%s) AND used_at IS NULL""",
        (user, codes),
    )
    return used.rowcount == 1


async def recovery_codes_left(connection: Connection, user: int) -> int:
    """How many were not used."""
    found = await connection.execute(
        "SELECT count(*) FROM recovery_code WHERE user_id = %s AND used_at IS NULL", (user,)
    )
    row = await found.fetchone()
    return int(row[0]) if row else 0


async def user_at_provider(connection: Connection, issuer: str, subject: str) -> int | None:
    """The user whom this OpenID provider calls so."""
    found = await connection.execute(
        "SELECT user_id FROM account WHERE issuer = %s AND subject = %s", (issuer, subject)
    )
    row = await found.fetchone()
    return int(row[0]) if row else None


async def link_to_provider(connection: Connection, user: int, issuer: str, subject: str) -> bool:
    """From now on the provider's word for them is this; False when it has another: somebody else has their address."""
    linked = await connection.execute(
        """INSERT INTO account AS a (user_id, issuer, subject) VALUES (%s, %s, %s)
           ON CONFLICT (user_id) DO UPDATE SET issuer = excluded.issuer, subject = excluded.subject
           WHERE a.subject IS NULL OR a.issuer <> excluded.issuer""",
        (user, issuer, subject),
    )
    return linked.rowcount == 1


async def administrator_can_sign_in(connection: Connection) -> bool:
    """Whether some enabled administrator has a password, or came by an OpenID provider."""
    return await (await connection.execute(_ADMINISTRATOR)).fetchone() == (True,)


_ADMINISTRATOR: Final = """
SELECT EXISTS (SELECT FROM users u JOIN account a ON a.user_id = u.id
    WHERE 'administrator' = ANY(u.roles) AND u.disabled_at IS NULL
      AND (a.password IS NOT NULL OR a.subject IS NOT NULL))
"""
