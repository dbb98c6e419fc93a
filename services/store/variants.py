"""The rendered versions of a message, numbered within it."""

from collections.abc import Sequence
from typing import Final

from services.domain.variants import BEYOND, Variant
from services.runtime.postgres import Connection
from services.store import verification

PLANNED: Final = f"NOT starts_with(v.segment, '{BEYOND}')"
"""Whether somebody may be planned for version `v`."""


async def record(connection: Connection, message: int, variants: Sequence[Variant]) -> None:
    """Record a message's variants, numbered from 1 in this order, and the codes that are printed in them."""
    await _insert(connection, message, variants, 1)
    await verification.record(connection, message, (each.audience for each in variants))


async def add(connection: Connection, message: int, more: Sequence[Variant]) -> list[int]:
    """Record further versions of a released message; their numbers. Call with its row locked. At most 32,767 in all."""
    row = await (await connection.execute(_LAST, (message,))).fetchone()
    after = int(row[0]) if row else 0
    await _insert(connection, message, more, after + 1)
    return list(range(after + 1, after + 1 + len(more)))


async def audiences(connection: Connection, messages: Sequence[int]) -> set[tuple[str, str]]:
    """Which audiences these messages have a version for, and on which channel, as pairs.

    What is for nobody in the plan counts once something was sent beyond it on that channel.
    """
    rows = await connection.execute(_AUDIENCES, (list(messages),))
    return {(audience, channel) for audience, channel in await rows.fetchall()}


async def segments(connection: Connection, message: int) -> Sequence[str]:
    """The segments, of any audience, that have a version of their own."""
    rows = await connection.execute(
        f"SELECT DISTINCT v.segment FROM variant v WHERE message = %s AND segment <> '' AND {PLANNED} ORDER BY 1",
        (message,),
    )
    return [segment for (segment,) in await rows.fetchall()]


async def read(connection: Connection, message: int, numbers: Sequence[int] | None = None) -> dict[int, Variant]:
    """The variants of a message by number; all of them when no numbers are given."""
    rows = await connection.execute(
        "SELECT number, audience, language, segment, channel, subject, text, html FROM variant"
        " WHERE message = %s AND (%s::smallint[] IS NULL OR number = ANY(%s)) ORDER BY number",
        (message, numbers, numbers),
    )
    return {number: Variant(*rest) for number, *rest in await rows.fetchall()}


async def _insert(connection: Connection, message: int, variants: Sequence[Variant], first: int) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO variant (message, number, audience, language, segment, channel, subject, text, html)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (message, number, v.audience, v.language, v.segment, v.channel, v.subject, v.text, v.html)
                for number, v in enumerate(variants, start=first)
            ],
        )


_LAST: Final = "SELECT coalesce(max(number), 0) FROM variant WHERE message = %s"

_AUDIENCES: Final = f"""
SELECT DISTINCT v.audience, v.channel FROM variant v WHERE v.message = ANY(%s) AND ({PLANNED} OR EXISTS (
    SELECT FROM addition a WHERE a.message = v.message AND a.channel = v.channel))
"""
