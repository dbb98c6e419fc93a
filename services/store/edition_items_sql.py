"""The statements of `edition_items`: which editions count, what an audience may know, what was told of an incident."""

from typing import Final

from services.domain.states import REACHED, UNSENT, State
from services.store.variants import PLANNED

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

# What only some of an audience were told, and what puts that right, is no news for the others.
_FOR_SOME: Final = """EXISTS (
            WITH RECURSIVE way AS (
                SELECT m.corrects AS next, m.content
                UNION ALL SELECT o.corrects, o.content FROM way JOIN message o ON o.number = way.next
            )
            SELECT FROM way WHERE coalesce(content->>'recipients', '') <> ''
        )"""

# `back` is counted from the form that the newsletter has only while no edition told the audience anything.
HEARD: Final = f"""
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
        m.withdrawn_at IS NOT NULL OR m.paused_at IS NOT NULL OR m.state = 'stopped' AND t.message IS NULL AS void,
        m.withdrawn_at IS NOT NULL AS withdrawn,
        m.released_at > s.at AND CASE
            WHEN m.withdrawn_at IS NOT NULL THEN NOT coalesce(t.withdrawn, false) AND (t.message IS NOT NULL
                OR EXISTS (SELECT FROM batch b WHERE b.message = m.number AND {_REACHED} > 0))
            ELSE t.message IS NULL AND m.state = 'released' AND m.paused_at IS NULL
        END AS news
    FROM message m
    JOIN LATERAL (
        SELECT v.audience, array_agg(DISTINCT v.channel) AS channels FROM variant v
        WHERE v.message = m.number AND v.audience = ANY(%(audiences)s) AND {PLANNED} GROUP BY v.audience
    ) v ON true
    JOIN since s ON s.audience = v.audience
    LEFT JOIN told t ON t.message = m.number AND t.audience = v.audience
    WHERE m.kind = ANY(%(kinds)s) AND m.released_at IS NOT NULL AND m.exercise = %(exercise)s AND NOT {_FOR_SOME}
        AND (%(incidents)s::text[] = '{{}}' OR m.incident = ANY(%(incidents)s::text[]))
        AND (%(phases)s::text[] = '{{}}' OR m.phase = ANY(%(phases)s::text[]))
)
SELECT h.id, h.number, h.incident, h.kind, c.id AS corrects, h.released_at, h.news, h.void, h.withdrawn, h.audience,
    h.channels, h.open_step, h.release_order
FROM heard h LEFT JOIN message c ON c.number = h.corrects
WHERE h.incident IN (SELECT incident FROM heard WHERE news)
"""

WRONG_NOW: Final = """
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

BEFORE: Final = f"""
SELECT item FROM ({COUNTED}) e CROSS JOIN LATERAL jsonb_array_elements(e.content->'items') item
WHERE e.newsletter = %(newsletter)s AND e.date <> %(date)s AND item->>'incident' = ANY(%(among)s)
    AND NOT coalesce((item->>'withdrawn')::boolean, false)
ORDER BY e.date, e.decided_at
"""

RELEASED: Final = """
SELECT m.id, m.number, m.content, m.phase, m.released_at, i.title AS incident_title
FROM message m JOIN incident i ON i.slug = m.incident WHERE m.id = ANY(%(ids)s) AND m.released_at IS NOT NULL
"""

RECORD: Final = """
INSERT INTO edition_item (newsletter, date, message, audience, withdrawn)
SELECT %(newsletter)s, %(date)s, m.number, %(audience)s, %(withdrawn)s
FROM message m WHERE m.id = %(message)s AND m.released_at IS NOT NULL
ON CONFLICT (newsletter, date, message, audience) DO UPDATE SET withdrawn = edition_item.withdrawn OR excluded.withdrawn
"""
