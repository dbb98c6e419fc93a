"""Facts of an incident: each change a new version, never an edit; and which version a message stated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.content import MessageContent
from services.domain.facts import Fact, Status, resolution_of
from services.runtime.postgres import Connection
from services.store.messages import Message


@dataclass(frozen=True, slots=True)
class FactVersion:
    """A version as it was recorded. `by_user` is None when somebody set it by the right to the database."""

    incident: str
    key: str
    version: int
    status: Status
    statements: Mapping[str, str]
    literals: Mapping[str, str]
    source: str
    reason: str
    by_user: int | None
    at: datetime

    @property
    def fact(self) -> Fact:
        """What messages may state of it."""
        return Fact(self.key, self.version, self.status, self.statements, self.literals)


COLUMNS: Final = ", ".join(FactVersion.__dataclass_fields__)


async def current(connection: Connection, incident: str) -> dict[str, FactVersion]:
    """The latest version of each fact of an incident, by key, in their order."""
    query = f"SELECT DISTINCT ON (key) {COLUMNS} FROM fact WHERE incident = %s ORDER BY key, version DESC"
    return {each.key: each for each in await _all(connection, query, (incident,))}


async def history(connection: Connection, incident: str, key: str) -> Sequence[FactVersion]:
    """Every version of a fact, oldest first."""
    query = f"SELECT {COLUMNS} FROM fact WHERE incident = %s AND key = %s ORDER BY version"
    return await _all(connection, query, (incident, key))


async def record(
    connection: Connection, incident: str, fact: Fact, *, source: str, reason: str, by_user: int | None
) -> FactVersion:
    """Add this version. Call with the incident's row locked; the same version twice is a UniqueViolation."""
    query = f"""INSERT INTO fact (incident, key, version, status, statements, literals, source, reason, by_user)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}"""
    values = (
        incident, fact.key, fact.version, fact.status, Jsonb(dict(fact.statements)), Jsonb(dict(fact.literals)),
        source, reason, by_user,
    )  # fmt: skip
    return (await _all(connection, query, values))[0]


async def record_stated(connection: Connection, message: int, versions: Mapping[str, int]) -> None:
    """Record which version of which fact this message states. Recorded again it replaces what was recorded."""
    await connection.execute("DELETE FROM message_fact WHERE message = %s", (message,))
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO message_fact (message, key, version) VALUES (%s, %s, %s)",
            [(message, key, version) for key, version in versions.items()],
        )


async def stated_by(connection: Connection, messages: Sequence[int]) -> dict[int, dict[str, FactVersion]]:
    """The versions that these messages stated, by message and key; a message that states none is left out."""
    rows = await connection.execute(
        f"""SELECT s.message, {", ".join(f"f.{name}" for name in FactVersion.__dataclass_fields__)}
            FROM message_fact s JOIN message m ON m.number = s.message
            JOIN fact f ON f.incident = m.incident AND f.key = s.key AND f.version = s.version
            WHERE s.message = ANY(%s) ORDER BY s.message, f.key""".encode(),
        (list(messages),),
    )
    found: dict[int, dict[str, FactVersion]] = {}
    for number, *columns in await rows.fetchall():
        version = FactVersion(*columns)
        found.setdefault(number, {})[version.key] = version
    return found


async def as_stated(connection: Connection, message: Message) -> Message:
    """The message with, in its content, the words that its readers got in place of references to facts."""
    contents = await all_as_stated(connection, {message.number: message.content})
    return replace(message, content=contents[message.number])


async def all_as_stated(connection: Connection, contents: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The same of the contents of many, by the number of the message."""
    stated = await stated_by(connection, list(contents))
    return {number: _stating(content, stated.get(number)) for number, content in contents.items()}


def _stating(plain: dict[str, Any], versions: Mapping[str, FactVersion] | None) -> dict[str, Any]:
    if not versions:
        return plain
    content = MessageContent.model_validate(plain)
    facts = {key: version.fact for key, version in versions.items()}
    return resolution_of(content, facts).content.model_dump(mode="json")


async def _all(connection: Connection, query: str, values: tuple[Any, ...]) -> list[FactVersion]:
    async with connection.cursor(row_factory=class_row(FactVersion)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
