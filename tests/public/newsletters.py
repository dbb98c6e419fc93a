"""A newsletter with editions that went out, in a real database, and the links of its readers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

from psycopg.types.json import Jsonb
from uuid_utils import uuid7

from services.domain.content import Text
from services.domain.editions import EditionContent
from services.domain.newsletters import Newsletter, Schedule
from services.domain.variants import Variant, slot
from services.runtime.postgres import Connection
from services.runtime.reader_links import Reader, reader_path
from services.runtime.tokens import Keys
from services.store import incidents, messages, newsletters, plan, variants
from services.store.incidents import Incident
from services.store.messages import Message, NewMessage
from services.store.plan import PlanFor

AUDIENCES = ("governors", "local-governments")
TITLE = (Text(text="Dagelijkse <nieuwsbrief>", language="nl"), Text(text="Lettre quotidienne", language="fr"))


async def add_newsletter(
    connection: Connection, user: int, slug: str = "dagelijks", audiences: Sequence[str] = AUDIENCES
) -> int:
    """A newsletter and its series; returns its number."""
    await incidents.open_unless_there(connection, Incident(newsletters.series_of(slug), slug, "acute", exercise=False))
    definition = Newsletter(slug=slug, title=TITLE, audiences=tuple(audiences), schedule=Schedule(time=time(17)))
    return (await newsletters.add(connection, definition, begins=date(2026, 1, 1), by=user)).id


async def add_edition(
    connection: Connection,
    user: int,
    newsletter: int,
    day: date,
    *,
    audiences: Sequence[str] = AUDIENCES,
    number: int = 1,
    released: bool = True,
) -> Message:
    """An edition with a mail for each audience in Dutch and French, planned, proofed and, unless said, released."""
    row = await (await connection.execute("SELECT incident FROM newsletter WHERE id = %s", (newsletter,))).fetchone()
    assert row
    content = EditionContent(
        incident=row[0], newsletter=newsletter, date=day, number=number, title=TITLE, audiences=tuple(audiences),
        composed_at=datetime.now(UTC),
    )  # fmt: skip
    async with connection.transaction():
        message = await messages.record_submitted(connection, _new(content, user))
        await variants.record(
            connection,
            message.number,
            [_mail(audience, language, day) for audience in audiences for language in ("nl", "fr")],
        )
        planned = PlanFor(
            message=message.number, language="nl", channels=("mail",), people=audiences, feeds=(),
            audience_order=audiences,
        )  # fmt: skip
        await messages.set_proofed(connection, message.number, await plan.write(connection, planned))
        await connection.execute(
            "INSERT INTO edition (newsletter, date, decision, due, decided_at, number, message_id, content)"
            " VALUES (%s, %s, 'made', now(), now(), %s, %s, %s)",
            (newsletter, day, number, message.id, Jsonb(content.model_dump(mode="json"))),
        )
        return await messages.set_released(connection, message.number, user) if released else message


async def link_of(connection: Connection, keys: Keys, message: Message, contact: int) -> str:
    """The reader's link of the mail that stands for this contact."""
    row = await (
        await connection.execute(
            "SELECT sequence FROM delivery WHERE message = %(m)s AND contact = %(c)s"
            " UNION SELECT sequence FROM shared_delivery WHERE message = %(m)s AND contact = %(c)s",
            {"m": message.number, "c": contact},
        )
    ).fetchone()
    assert row
    return reader_path(Reader(message.number, row[0]), keys)


def _new(content: EditionContent, user: int) -> NewMessage:
    return NewMessage(
        id=UUID(str(uuid7())), incident=content.incident, kind="edition", lane="routine", priority=4, phase="acute",
        exercise=False, content=content.model_dump(mode="json"), content_hash=str(uuid7()), corrects=None, findings=[],
        submitted_by=user, expires_at=None, next_update_at=None, issued_at=datetime.now(UTC),
    )  # fmt: skip


def _mail(audience: str, language: str, day: date) -> Variant:
    html = (
        f'<!DOCTYPE html><html lang="{language}"><head><title>x</title></head><body><p>Dag {slot("name")}</p>'
        f'<p>{audience} {language} {day}</p><a href="{slot("reader")}/preferences">x</a></body></html>'
    )
    return Variant(audience, language, "", "mail", f"Editie {day}", "tekst", html)
