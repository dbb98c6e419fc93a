"""A small world in a real database: users, contacts, and messages that are planned and released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from uuid_utils import uuid7

from services.domain.lanes import PRIORITY
from services.domain.release_order import ReleaseStep
from services.domain.states import State
from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import announcements, incidents, messages, pinning, plan, release_steps, variants
from services.store.incidents import Incident
from services.store.messages import Message, NewMessage
from services.store.plan import PlanFor

SOURCE = "/roeland/test"
INCIDENT = "storm-2026-001"


@dataclass
class Person:
    """A contact of the test's."""

    name: str
    audiences: Sequence[str]
    mail: str | None = None
    mobile: str | None = None
    language: str = "nl"
    id: int = 0


async def connect(url: str) -> Connection:
    """A connection of the test's own, in autocommit, so that `transaction()` is what commits."""
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


async def add_user(connection: Connection, email: str, *roles: str) -> int:
    """A user; returns the number."""
    row = await (
        await connection.execute("INSERT INTO users (email, roles) VALUES (%s, %s) RETURNING id", (email, list(roles)))
    ).fetchone()
    assert row
    return int(row[0])


async def add_people(connection: Connection, people: Sequence[Person]) -> None:
    """Contacts with their addresses; sets their ids, which rise in this order."""
    for person in people:
        row = await (
            await connection.execute(
                "INSERT INTO contact (external_id, name, language) VALUES (%s, %s, %s) RETURNING id",
                (str(uuid7()), person.name, person.language),
            )
        ).fetchone()
        assert row
        person.id = int(row[0])
        for audience in person.audiences:
            await connection.execute("INSERT INTO contact_audience VALUES (%s, %s)", (audience, person.id))
        for channel, value in (("mail", person.mail), ("sms", person.mobile)):
            if value:
                await connection.execute(
                    "INSERT INTO address (contact, channel, value) VALUES (%s, %s, %s)", (person.id, channel, value)
                )


async def add_crowd(connection: Connection, count: int, audience: str = "governors") -> None:
    """So many contacts of one audience, each with a mail address and a number."""
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO contact (external_id, name)"
            " SELECT 'crowd-' || n, 'Contact ' || n FROM generate_series(1, %s) n",
            (count,),
        )
        await connection.execute("INSERT INTO contact_audience SELECT %s, id FROM contact", (audience,))
        await connection.execute(
            "INSERT INTO address (contact, channel, value)"
            " SELECT id, 'mail', 'contact' || id || '@crowd.example' FROM contact"
        )
        await connection.execute(
            "INSERT INTO address (contact, channel, value) SELECT id, 'sms', '+324' || 60000000 + id FROM contact"
        )


async def submit(
    connection: Connection,
    author: int,
    *,
    audiences: Sequence[str] = ("governors",),
    channels: Sequence[str] = ("mail",),
    languages: Sequence[str] = ("nl",),
    kind: str = "alert",
    lane: str = "urgent",
    corrects: int | None = None,
    told: Sequence[int] = (),
    expires_at: datetime | None = None,
    release_order: Sequence[ReleaseStep] = (),
    content: dict[str, Any] | None = None,
) -> Message:
    """A message with a variant per audience, language and channel, planned and proofed."""
    async with connection.transaction():
        await incidents.open_unless_there(connection, Incident(INCIDENT, "Storm", "acute", exercise=False))
        new = NewMessage(
            id=UUID(str(uuid7())), incident=INCIDENT, kind=kind, lane=lane, priority=PRIORITY[kind], phase="acute",
            exercise=False, content=content or _content(kind, audiences, channels, languages),
            content_hash=str(uuid7()), corrects=corrects, findings=[], submitted_by=author, expires_at=expires_at,
            next_update_at=None,
        )  # fmt: skip
        message = await messages.record_submitted(connection, new)
        rendered = [
            Variant(audience, language, "", channel, f"Voor {audience}", f"{audience} {language} {channel}", "<p></p>")
            for audience in audiences
            for language in languages
            for channel in channels
        ]
        await variants.record(connection, message.number, rendered)
        planned = PlanFor(
            message=message.number, language="nl", channels=channels, people=audiences, feeds=audiences,
            told=told, audience_order=audiences, release_order=release_order,
        )  # fmt: skip
        await messages.set_proofed(connection, message.number, await plan.write(connection, planned))
    return message


def _content(kind: str, audiences: Sequence[str], channels: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    """What its author wrote: little, and the same for all."""
    words = [{"text": "Titel", "language": language} for language in languages]
    return {
        "incident": INCIDENT, "kind": kind, "urgency": "urgent", "title": words, "language": languages[0],
        "audiences": list(audiences), "channels": list(channels), "key_messages": [{"text": words}],
    }  # fmt: skip


async def release(connection: Connection, message: Message, approver: int) -> None:
    """Release and announce it."""
    async with connection.transaction():
        await pinning.pin_addresses(connection, message.number)
        await messages.set_released(connection, message.number, approver)
        await release_steps.open_first(connection, message.number)
    async with connection.transaction():
        await announcements.announce(connection, message.number, source=SOURCE)


async def states(connection: Connection, message: int) -> dict[int, int]:
    """Deliveries by state, as the ledger has them row by row."""
    rows = await connection.execute("SELECT state, count(*) FROM delivery WHERE message = %s GROUP BY 1", (message,))
    return dict(await rows.fetchall())


async def counted(connection: Connection, message: int) -> dict[str, int]:
    """Contacts by state, as the batches count them; states without any are left out."""
    columns = ", ".join(f"sum({state.word})::int" for state in State)
    row = await (await connection.execute(f"SELECT {columns} FROM batch WHERE message = %s", (message,))).fetchone()
    assert row
    return {state.word: count for state, count in zip(State, row, strict=True) if count}


async def rows_read(connection: Connection, *tables: str) -> int:
    """Rows of these tables that this session read since its statistics were last passed on; ask before and after,
    in one transaction."""
    rows = await connection.execute(
        "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables"
        " WHERE relname = ANY(%s)", (list(tables),),
    )  # fmt: skip
    row = await rows.fetchone()
    assert row
    return int(row[0])


def now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)
