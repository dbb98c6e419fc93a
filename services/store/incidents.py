"""Incidents: opened by their first message, with the phase that they are in."""

from dataclasses import dataclass

from psycopg.rows import class_row

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident. Its first message decides whether it is an exercise."""

    slug: str
    title: str
    phase: str
    exercise: bool


async def find(connection: Connection, slug: str) -> Incident | None:
    """The incident with this slug."""
    async with connection.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute("SELECT slug, title, phase, exercise FROM incident WHERE slug = %s", (slug,))
        return await cursor.fetchone()


async def open_unless_there(connection: Connection, new: Incident) -> Incident:
    """The incident as it is; opened with these particulars when there was none. Locked until the transaction ends."""
    await connection.execute(
        "INSERT INTO incident (slug, title, phase, exercise) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (new.slug, new.title, new.phase, new.exercise),
    )
    async with connection.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(
            "SELECT slug, title, phase, exercise FROM incident WHERE slug = %s FOR NO KEY UPDATE", (new.slug,)
        )
        return await cursor.fetchone() or new
