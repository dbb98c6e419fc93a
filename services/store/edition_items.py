"""What the editions of a newsletter told of, and what is news for the next. docs/decisions/0020-what-is-news.md.

What is news is never asked of the clock: it is what was released and stands in no edition that went out or still may.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from services.domain.content import MessageContent
from services.domain.edition_folding import Heard, folded, merged
from services.domain.edition_stories import Released
from services.domain.editions import EditionContent, EditionItem, messages_of
from services.domain.facts import resolution_of
from services.domain.release_order import ReleaseStep, step_of
from services.runtime.postgres import Connection
from services.store.edition_items_sql import BEFORE, COUNTED, HEARD, RECORD, RELEASED, WRONG_NOW
from services.store.facts import stated_by
from services.store.newsletters import NewsletterRow

FIRST_LOOKS_BACK: Final = timedelta(hours=24)
"""The first edition for an audience tells of what was released so long before the newsletter took its present form."""

TOLD_KINDS: Final = ("alert", "update", "correction", "all-clear")


@dataclass(frozen=True, slots=True)
class Collected:
    """What a newsletter collects. Empty `incidents` and `phases` are all. `date`: that of the edition to be made, which
    is not asked what it told."""

    newsletter: int
    date: date
    audiences: Sequence[str]
    incidents: Sequence[str] = ()
    phases: Sequence[str] = ()
    exercise: bool = False


async def collect(connection: Connection, asked: Collected) -> tuple[EditionItem, ...]:
    """The items of an edition that is made now. Call with the newsletter's row locked, unless it is only looked at."""
    heard = await _heard(connection, asked)
    incidents = {each.incident for of in heard.values() for each in of}
    before = await _before(connection, asked, incidents)
    return merged(
        item
        for audience in asked.audiences
        for item in folded(heard.get(audience, ()), before=before.get(audience, {}), audience=audience)
    )


def collected(newsletter: NewsletterRow, day: date) -> Collected:
    """What this newsletter collects for an edition of that date."""
    definition = newsletter.definition
    return Collected(
        newsletter=newsletter.id,
        date=day,
        audiences=definition.audiences,
        incidents=definition.incidents,
        phases=definition.phases,
        exercise=definition.exercise,
    )


async def wrong_now(connection: Connection, items: Collection[EditionItem]) -> bool:
    """Whether something that these items show was put right, withdrawn, held, or is over, since they were made."""
    shown = [item.message for item in items if not item.withdrawn]
    row = await (await connection.execute(WRONG_NOW, {"shown": shown})).fetchone()
    return bool(row and row[0])


async def last_made_at(connection: Connection, newsletter: int, but: date) -> datetime | None:
    """When the last edition that counts was made, apart from that of a date; None when there is none."""
    query = f"SELECT max(decided_at) FROM ({COUNTED}) e WHERE newsletter = %(newsletter)s AND date <> %(date)s"
    row = await (await connection.execute(query.encode(), {"newsletter": newsletter, "date": but})).fetchone()
    at: datetime | None = row[0] if row else None
    return at


async def record(connection: Connection, content: EditionContent) -> None:
    """Record what this edition tells whom; again replaces what was recorded. Its row must be there."""
    values = {"newsletter": content.newsletter, "date": content.date}
    await connection.execute("DELETE FROM edition_item WHERE newsletter = %(newsletter)s AND date = %(date)s", values)
    async with connection.cursor() as cursor:
        await cursor.executemany(
            RECORD,
            [
                {**values, "message": message, "audience": audience, "withdrawn": item.withdrawn}
                for item in content.items
                for message in messages_of(item)
                for audience in item.audiences
            ],
        )


async def released(connection: Connection, items: Collection[EditionItem]) -> dict[UUID, Released]:
    """Every message that is shown, quoted or compared with in these items, as its readers got it."""
    named = {each for item in items for each in (item.message, item.before, item.notice) if each is not None}
    rows = await _rows(connection, RELEASED, {"ids": list(named)})
    quoted = {UUID(row["content"]["corrects"]) for row in rows if row["content"].get("corrects")} - named
    rows += await _rows(connection, RELEASED, {"ids": list(quoted)}) if quoted else []
    facts = await stated_by(connection, [row["number"] for row in rows])
    return {row["id"]: _released(row, facts.get(row["number"], {})) for row in rows}


def _released(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Released:
    content = MessageContent.model_validate(row["content"])
    if facts:
        content = resolution_of(content, {key: version.fact for key, version in facts.items()}).content
    return Released(row["id"], content, row["phase"], row["incident_title"], row["released_at"])


async def _heard(connection: Connection, asked: Collected) -> dict[str, list[Heard]]:
    """By audience all that it may know of, in the incidents that have news for somebody."""
    found: dict[str, list[Heard]] = {}
    for row in await _rows(connection, HEARD, _values(asked)):
        order = [ReleaseStep.model_validate(step) for step in row["release_order"] or ()]
        opened = min(step_of(order, row["audience"], channel) for channel in row["channels"]) <= row["open_step"]
        if opened:  # else others are told first, and nobody may read it here before that
            parts = {name: row[name] for name in Heard.__dataclass_fields__}
            found.setdefault(row["audience"], []).append(Heard(**parts))
    return found


async def _before(connection: Connection, asked: Collected, incidents: Collection[str]) -> dict[str, dict[str, UUID]]:
    """By audience and incident: the latest that an edition told of it."""
    found: dict[str, dict[str, UUID]] = {}
    if not incidents:
        return found
    for row in await _rows(connection, BEFORE, {**_values(asked), "among": list(incidents)}):
        item = EditionItem.model_validate(row["item"])
        for audience in item.audiences:
            found.setdefault(audience, {})[item.incident] = item.message
    return found


def _values(asked: Collected) -> dict[str, Any]:
    return {
        "newsletter": asked.newsletter, "date": asked.date, "audiences": list(asked.audiences),
        "incidents": list(asked.incidents), "phases": list(asked.phases), "exercise": asked.exercise,
        "kinds": list(TOLD_KINDS), "back": FIRST_LOOKS_BACK,
    }  # fmt: skip


async def _rows(connection: Connection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
