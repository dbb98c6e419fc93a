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
from services.domain.edition_selection import Released
from services.domain.editions import EditionContent, EditionItem, messages_of
from services.domain.facts import resolution_of
from services.domain.release_order import ReleaseStep, step_of
from services.domain.states import REACHED, UNSENT, State
from services.runtime.postgres import Connection
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
    row = await (await connection.execute(_WRONG_NOW, {"shown": shown})).fetchone()
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
            _RECORD,
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
    rows = await _rows(connection, _RELEASED, {"ids": list(named)})
    quoted = {UUID(row["content"]["corrects"]) for row in rows if row["content"].get("corrects")} - named
    rows += await _rows(connection, _RELEASED, {"ids": list(quoted)}) if quoted else []
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
    for row in await _rows(connection, _HEARD, _values(asked)):
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
    for row in await _rows(connection, _BEFORE, {**_values(asked), "among": list(incidents)}):
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


_REACHED = " + ".join(f"b.{state.word}" for state in sorted(REACHED))
_UNSENT = " + ".join(f"b.{state.word}" for state in sorted(UNSENT | {State.SUPERSEDED, State.EXPIRED}))

# An edition counts while it may still go out, and for good once it did. One that was sent to somebody, and reached
# nobody (stopped at once, or its relay was away until it expired), told nothing.
COUNTED: Final = f"""
SELECT e.newsletter, e.date, e.content, e.decided_at FROM edition e LEFT JOIN LATERAL (
    SELECT m.number, m.state, m.released_at, m.expires_at FROM message m
    WHERE m.id = e.message_id ORDER BY m.revision DESC LIMIT 1
) m ON true
WHERE e.message_id IS NOT NULL AND (
    m.number IS NULL AND e.taken_up_at IS NULL
    OR m.released_at IS NULL AND m.state IN ('submitted', 'proofed', 'approved')
    OR m.released_at IS NOT NULL AND NOT (
        (m.state <> 'released' OR coalesce(m.expires_at <= clock_timestamp(), false))
        AND EXISTS (SELECT FROM batch b WHERE b.message = m.number AND {_UNSENT} > 0)
        AND NOT EXISTS (SELECT FROM batch b WHERE b.message = m.number AND {_REACHED} > 0)
    )
)
"""

# `back` is counted from the form that the newsletter has only while no edition told the audience anything.
_HEARD: Final = f"""
WITH counted AS MATERIALIZED (
    SELECT date FROM ({COUNTED}) e WHERE newsletter = %(newsletter)s AND date <> %(date)s
), told AS MATERIALIZED (
    SELECT i.message, i.audience, bool_or(i.withdrawn) AS withdrawn FROM edition_item i JOIN counted USING (date)
    WHERE i.newsletter = %(newsletter)s GROUP BY 1, 2
), since AS MATERIALIZED (
    SELECT a.audience, CASE WHEN EXISTS (SELECT FROM told t WHERE t.audience = a.audience) THEN n.created_at
        ELSE greatest(n.created_at, n.written_at) END - %(back)s::interval AS at
    FROM newsletter n CROSS JOIN unnest(%(audiences)s::text[]) a (audience) WHERE n.id = %(newsletter)s
), heard AS MATERIALIZED (
    SELECT m.id, m.number, m.incident, m.kind, m.corrects, m.released_at, m.open_step,
        m.content->'release_order' AS release_order, v.audience, v.channels,
        m.withdrawn_at IS NOT NULL OR m.state = 'stopped' AND t.message IS NULL AS void,
        m.withdrawn_at IS NOT NULL AS withdrawn,
        m.released_at > s.at AND CASE
            WHEN m.withdrawn_at IS NOT NULL THEN NOT coalesce(t.withdrawn, false) AND (t.message IS NOT NULL
                OR EXISTS (SELECT FROM batch b WHERE b.message = m.number AND {_REACHED} > 0))
            ELSE t.message IS NULL AND m.state = 'released' AND m.paused_at IS NULL
        END AS news
    FROM message m
    JOIN LATERAL (
        SELECT v.audience, array_agg(DISTINCT v.channel) AS channels FROM variant v
        WHERE v.message = m.number AND v.audience = ANY(%(audiences)s) GROUP BY v.audience
    ) v ON true
    JOIN since s ON s.audience = v.audience
    LEFT JOIN told t ON t.message = m.number AND t.audience = v.audience
    WHERE m.kind = ANY(%(kinds)s) AND m.released_at IS NOT NULL AND m.exercise = %(exercise)s
        AND (%(incidents)s::text[] = '{{}}' OR m.incident = ANY(%(incidents)s::text[]))
        AND (%(phases)s::text[] = '{{}}' OR m.phase = ANY(%(phases)s::text[]))
)
SELECT h.id, h.number, h.incident, h.kind, c.id AS corrects, h.released_at, h.news, h.void, h.withdrawn, h.audience,
    h.channels, h.open_step, h.release_order
FROM heard h LEFT JOIN message c ON c.number = h.corrects
WHERE h.incident IN (SELECT incident FROM heard WHERE news)
"""

_WRONG_NOW: Final = """
SELECT EXISTS (
    SELECT FROM message m WHERE m.id = ANY(%(shown)s::uuid[]) AND m.released_at IS NOT NULL AND (
        m.state <> 'released' OR m.paused_at IS NOT NULL
        OR EXISTS (SELECT FROM message c WHERE c.corrects = m.number AND c.kind = 'correction'
            AND c.released_at IS NOT NULL AND c.withdrawn_at IS NULL)
        OR m.kind <> 'all-clear' AND EXISTS (SELECT FROM message o WHERE o.incident = m.incident
            AND o.kind = 'all-clear' AND o.released_at > m.released_at AND o.withdrawn_at IS NULL)
    )
)
"""

_BEFORE: Final = f"""
SELECT item FROM ({COUNTED}) e CROSS JOIN LATERAL jsonb_array_elements(e.content->'items') item
WHERE e.newsletter = %(newsletter)s AND e.date <> %(date)s AND item->>'incident' = ANY(%(among)s)
    AND NOT coalesce((item->>'withdrawn')::boolean, false)
ORDER BY e.date, e.decided_at
"""

_RELEASED: Final = """
SELECT m.id, m.number, m.content, m.phase, m.released_at, i.title AS incident_title
FROM message m JOIN incident i ON i.slug = m.incident WHERE m.id = ANY(%(ids)s) AND m.released_at IS NOT NULL
"""

_RECORD: Final = """
INSERT INTO edition_item (newsletter, date, message, audience, withdrawn)
SELECT %(newsletter)s, %(date)s, m.number, %(audience)s, %(withdrawn)s
FROM message m WHERE m.id = %(message)s AND m.released_at IS NOT NULL
ON CONFLICT (newsletter, date, message, audience) DO UPDATE SET withdrawn = edition_item.withdrawn OR excluded.withdrawn
"""
