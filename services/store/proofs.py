"""What a proof must know of people: who gets which version, who is not reached, how many SMS in which country.

The same three questions of two sources: of the contacts as they are (a file that is not submitted), or of the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg.rows import class_row

from services.domain.proofs import MOST_NAMES, Former, Missed, Reach
from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import messages
from services.store.recipients import WHERE_TO, Whom, planned, values_of


@dataclass(frozen=True, slots=True)
class Source:
    """Where people come from: `cte` defines the table `people`, `values` are its parameters."""

    cte: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Readers:
    """So many get this audience's version on this channel, if they read this language and there is one.

    `segment`: whose version of it they get; known once it is planned.
    """

    audience: str
    channel: str
    language: str
    copies: int
    prefix: str
    segment: str = ""


def as_they_are(whom: Whom, channels: Sequence[str], segments: Sequence[str] = ()) -> Source:
    """Those whom a message would reach if it went out now. `segments`: the provinces with a version of their own."""
    return Source(
        planned(whom) + _AS_THEY_ARE, {**values_of(whom), "channels": list(channels), "segments": list(segments)}
    )


def as_planned(message: int, order: Sequence[str], channels: Sequence[str]) -> Source:
    """Those in the plan of a message, with the addresses that it has pinned; `order`: audiences as configured."""
    return Source(_AS_PLANNED, {"message": message, "order": list(order), "channels": list(channels)})


async def reach(connection: Connection, source: Source, by: Literal["audience", "province"]) -> list[Reach]:
    """Contacts by audience, in the configured order, or by province, by name; '' is no province."""
    order = "min(rank)" if by == "audience" else "name"
    query = f"""{source.cte} SELECT coalesce({by}, '') AS name, count(*) AS contacts,
            count(*) FILTER (WHERE 'mail' = ANY(wanted) AND mail IS NULL) AS without_mail,
            count(*) FILTER (WHERE 'sms' = ANY(wanted) AND sms IS NULL) AS without_number,
            count(*) FILTER (WHERE {_UNREACHED}) AS unreached
        FROM people GROUP BY 1 ORDER BY {order}"""
    async with connection.cursor(row_factory=class_row(Reach)) as cursor:
        await cursor.execute(query.encode(), source.values)
        return await cursor.fetchall()


async def missed(connection: Connection, source: Source) -> tuple[list[Missed], int]:
    """Who is not reached on a channel, first those who are reached on none; at most `MOST_NAMES`, and how many in all.

    By audience, then by name.
    """
    query = f"""{source.cte}, lacking AS (
            SELECT *, {_UNREACHED} AS everywhere, array_remove(ARRAY[
                CASE WHEN 'mail' = ANY(wanted) AND mail IS NULL THEN 'mail' END,
                CASE WHEN 'sms' = ANY(wanted) AND sms IS NULL THEN 'sms' END], NULL) AS without
            FROM people
        ) SELECT c.external_id, c.name, c.organisation, l.audience, coalesce(c.province, ''), l.without, l.everywhere,
            count(*) OVER () FROM lacking l
        CROSS JOIN LATERAL (SELECT * FROM contact WHERE id = l.contact OFFSET 0) c
        WHERE cardinality(l.without) > 0
        ORDER BY l.everywhere DESC, l.rank, c.name, c.id LIMIT {MOST_NAMES}"""
    rows = await (await connection.execute(query.encode(), source.values)).fetchall()
    found = [Missed(row[0], row[1], row[2], row[3], row[4], tuple(row[5]), row[6]) for row in rows]
    return found, rows[0][7] if rows else 0


async def readers(connection: Connection, source: Source) -> list[Readers]:
    """Copies by audience, channel, language and, of numbers, the first four characters. One address gets one copy."""
    query = f"""{source.cte}, addressed AS (
            SELECT DISTINCT ON (channel, lower(value)) audience, channel, language, segment, value FROM people
            CROSS JOIN LATERAL (VALUES ('mail', mail), ('sms', sms)) there (channel, value)
            WHERE value IS NOT NULL AND channel = ANY(wanted)
            ORDER BY channel, lower(value), rank, contact
        ) SELECT audience, channel, language, count(*) AS copies,
            CASE channel WHEN 'sms' THEN left(value, 4) ELSE '' END AS prefix, segment
        FROM addressed GROUP BY 1, 2, 3, 5, 6 ORDER BY 1, 2, 3, 5, 6"""
    async with connection.cursor(row_factory=class_row(Readers)) as cursor:
        await cursor.execute(query.encode(), source.values)
        return await cursor.fetchall()


async def former(
    connection: Connection, incident: str, *, but: int | None = None
) -> dict[tuple[str, str, str, str], Former]:
    """By audience, channel, language and segment: what was released last in this incident.

    `but`: a message whose own place in the order decides; None: all that was released counts.
    """
    values = {"incident": incident, "but": but, "for_users": list(messages.FOR_USERS)}
    rows = await (await connection.execute(_FORMER, values)).fetchall()
    return {(row[2], row[5], row[3], row[4]): Former(str(row[0]), row[1], Variant(*row[2:])) for row in rows}


_UNREACHED: Final = """NOT ('mail' = ANY(wanted) AND mail IS NOT NULL)
    AND NOT ('sms' = ANY(wanted) AND sms IS NOT NULL)"""

_AS_THEY_ARE: Final = f""", people AS MATERIALIZED (
    SELECT p.contact, o.audience, p.rank, coalesce(c.chosen_language, c.language) AS language, c.province,
        CASE WHEN c.province = ANY(%(segments)s::text[]) THEN c.province ELSE '' END AS segment,
        mail.value AS mail, sms.value AS sms,
        CASE WHEN p.channels IS NULL THEN %(channels)s::text[]
            ELSE ARRAY(SELECT unnest(p.channels) INTERSECT SELECT unnest(%(channels)s::text[])) END AS wanted
    FROM planned p {WHERE_TO} JOIN contact c ON c.id = p.contact
)"""

# Who stands behind another's copy is reached by it, in that one's audience and language. Rows this young the planner
# takes for one, and would compare all with all: OFFSET 0 has each looked up by its key.
_AS_PLANNED: Final = """
WITH copies AS (
    SELECT contact, variant, address FROM delivery WHERE message = %(message)s AND contact IS NOT NULL
    UNION ALL SELECT s.contact, d.variant, d.address FROM shared_delivery s CROSS JOIN LATERAL (
        SELECT variant, address FROM delivery WHERE message = s.message AND sequence = s.sequence OFFSET 0
    ) d WHERE s.message = %(message)s
), copied AS MATERIALIZED (
    SELECT copies.contact, min(array_position(%(order)s::text[], v.audience)) AS rank, min(v.language) AS language,
        min(v.segment) AS segment,
        max(a.value) FILTER (WHERE v.channel = 'mail') AS mail, max(a.value) FILTER (WHERE v.channel = 'sms') AS sms,
        array_agg(DISTINCT v.channel) AS wanted
    FROM copies
    CROSS JOIN LATERAL (
        SELECT audience, language, segment, channel FROM variant
        WHERE message = %(message)s AND number = copies.variant OFFSET 0
    ) v
    LEFT JOIN LATERAL (SELECT value FROM address WHERE id = copies.address OFFSET 0) a ON true
    GROUP BY copies.contact
), people AS MATERIALIZED (
    SELECT copied.*, (%(order)s::text[])[copied.rank] AS audience, c.province
    FROM copied CROSS JOIN LATERAL (SELECT province FROM contact WHERE id = copied.contact OFFSET 0) c
)"""

_FORMER: Final = """
SELECT DISTINCT ON (v.audience, v.channel, v.language, v.segment)
    m.id, m.released_at, v.audience, v.language, v.segment, v.channel, v.subject, v.text, v.html
FROM message m JOIN variant v ON v.message = m.number
WHERE m.incident = %(incident)s AND m.released_at IS NOT NULL AND m.kind <> ALL(%(for_users)s)
    AND (%(but)s::bigint IS NULL OR m.released_at < coalesce(
        (SELECT own.released_at FROM message own WHERE own.number = %(but)s), 'infinity'))
ORDER BY v.audience, v.channel, v.language, v.segment, m.released_at DESC, m.number DESC
"""
