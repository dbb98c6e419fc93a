"""Messages that a crisis manager releases alone as soon as they are proofed: asked for when they were submitted."""

from dataclasses import dataclass

from psycopg.rows import class_row

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked, why, and for how many recipients; it is not for any other number."""

    user_id: int
    confirmed: int
    reason: str


async def ask(connection: Connection, message: int, asked: Asked) -> None:
    """Keep it with this message. The caller commits."""
    await connection.execute(
        "INSERT INTO glass_at_proof (message, user_id, confirmed, reason) VALUES (%s, %s, %s, %s)",
        (message, asked.user_id, asked.confirmed, asked.reason),
    )


async def asked(connection: Connection, message: int) -> Asked | None:
    """What was asked for with this message; None for most."""
    async with connection.cursor(row_factory=class_row(Asked)) as cursor:
        await cursor.execute("SELECT user_id, confirmed, reason FROM glass_at_proof WHERE message = %s", (message,))
        return await cursor.fetchone()
