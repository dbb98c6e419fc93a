"""The statements by which a plan is made (`services.store.plan`): recipients, their deliveries, and batches of these.

`planned_recipient` is who gets the message, `planned_delivery` what they get on one channel; both are temporary.
"""

from typing import Final

from services.store.opt_outs import WANTED
from services.store.participants import TAKES_PART

DROP: Final = "DROP TABLE IF EXISTS planned_recipient"

_TAKES_PART: Final = TAKES_PART.format(
    incident="(SELECT m.incident FROM message m WHERE m.number = %(message)s AND m.exercise)", contact="c.id"
)

NARROWED: Final = "/* narrowed */"

# A contact in several audiences is planned in the first of them. `told` brings those who were reached, or possibly
# so, in the audience whose version they got; also the contacts for whom another's delivery stood. `channels` are those
# on which they were reached; null: not at all.
RECIPIENTS: Final = (
    """
CREATE TEMP TABLE planned_recipient AS
WITH reached AS (
    SELECT d.message, d.sequence, d.contact, v.audience, v.channel FROM delivery d
    JOIN variant v ON v.message = d.message AND v.number = d.variant
    WHERE d.message = ANY(%(told)s::bigint[]) AND d.contact IS NOT NULL
    AND (d.state = ANY(%(reached)s::smallint[]) OR d.doubts > 0)
    AND (d.step = 0 OR d.step <= (SELECT o.open_step FROM message o WHERE o.number = d.message))
),
named AS (
    SELECT contact, audience, NULL AS channel FROM contact_audience
    WHERE audience = ANY(%(people)s::text[])/* narrowed */
    UNION ALL SELECT contact, audience, channel FROM reached
    UNION ALL SELECT s.contact, r.audience, r.channel FROM shared_delivery s JOIN reached r USING (message, sequence)
)
SELECT c.id AS contact, coalesce(c.chosen_language, c.language) AS language,
    CASE WHEN c.province = ANY(%(segments)s::text[]) THEN c.province ELSE '' END AS segment,
    min(array_position(%(order)s::text[], n.audience)) AS rank,
    nullif(array_remove(ARRAY[CASE WHEN bool_or(n.channel = 'mail') THEN 'mail' END,
        CASE WHEN bool_or(n.channel = 'sms') THEN 'sms' END], NULL), '{}') AS channels
FROM named n JOIN contact c ON c.id = n.contact AND c.removed_at IS NULL
WHERE n.audience = ANY(%(order)s::text[]) AND """
    + _TAKES_PART
    + """ AND (%(newsletter)s::bigint IS NULL OR NOT EXISTS (
    SELECT FROM unsubscription u WHERE u.newsletter = %(newsletter)s AND u.contact = c.id))
AND (%(exercises)s::text[] = '{}' OR NOT EXISTS (
    SELECT FROM incident_participant p WHERE p.incident = ANY(%(exercises)s::text[])
    GROUP BY p.incident HAVING NOT bool_or(p.contact = c.id)))
GROUP BY c.id
"""
)

# An approval is bound to the contacts of the plan, whatever becomes of their addresses.
SEAL: Final = """
UPDATE message SET contacts_hash = planned.hash FROM (
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(contact::text, ',' ORDER BY contact), ''), 'UTF8')),
        'hex') AS hash
    FROM planned_recipient
) planned WHERE number = %(message)s RETURNING planned.count
"""

NOBODY_NEW: Final = """
DELETE FROM planned_recipient r USING (
    SELECT contact FROM planned_recipient
    EXCEPT SELECT contact FROM delivery WHERE message = %(message)s
    EXCEPT SELECT contact FROM shared_delivery WHERE message = %(message)s
) newcomer WHERE r.contact = newcomer.contact
"""

# Equal addresses become one delivery, that of the first audience and then the lowest contact.
_PLANNED: Final = """
CREATE TEMP TABLE planned_delivery AS
WITH chosen AS (
    SELECT r.contact, r.rank, a.id AS address,
        coalesce(lower(a.value), 'none ' || r.contact) COLLATE "C" AS place,
        coalesce({numbers}) AS variant
    FROM planned_recipient r
    LEFT JOIN address a ON a.contact = r.contact AND a.channel = %(channel)s AND a.current AND a.value IS NOT NULL
        AND {wanted}
    {versions}
    WHERE coalesce({numbers}) IS NOT NULL
    AND %(channel)s = ANY(coalesce(r.channels, %(named)s::text[]))
), placed AS (
    SELECT *, first_value(contact) OVER sharing AS stands, count(*) OVER (PARTITION BY place) AS contacts
    FROM chosen WINDOW sharing AS (PARTITION BY place ORDER BY rank, contact)
)
SELECT contact, address, variant, stands, contacts, {step} AS step,
    CASE WHEN contact = stands
        THEN row_number() OVER (PARTITION BY contact = stands ORDER BY {first}address IS NULL, rank, contact)
    END AS sequence
FROM placed
"""

_VERSION: Final = """LEFT JOIN variant {name} ON {name}.message = %(message)s
        AND {name}.audience = (%(order)s::text[])[r.rank] AND {name}.channel = %(channel)s
        AND {name}.language = {language} AND {name}.segment = {segment}"""
_WHOLE: Final = {"own": ("r.language", "''"), "common": ("%(language)s", "''")}
_IN_SEGMENTS: Final = {
    "own_near": ("r.language", "r.segment"), "own": _WHOLE["own"],
    "common_near": ("%(language)s", "r.segment"), "common": _WHOLE["common"],
}  # fmt: skip
"""What somebody gets, the first that there is: in their language before that of the message, near before at large."""

_STEP: Final = "(%(steps)s::smallint[])[rank]"


def candidates(*, in_steps: bool, in_segments: bool) -> bytes:
    """The statement that plans a channel: `planned_delivery` from `planned_recipient`. Fewer joins where few do."""
    versions = _IN_SEGMENTS if in_segments else _WHOLE
    return _PLANNED.format(
        numbers=", ".join(f"{name}.number" for name in versions),
        versions="\n    ".join(
            _VERSION.format(name=name, language=language, segment=segment)
            for name, (language, segment) in versions.items()
        ),
        step=_STEP if in_steps else "0::smallint",
        first=f"{_STEP}, " if in_steps else "",
        wanted=WANTED.format(channel="%(channel)s", number="a.value"),
    ).encode()


IN_STEPS: Final = """
SELECT step, count(*) FROM planned_delivery WHERE sequence IS NOT NULL GROUP BY step ORDER BY step
"""

DELIVERIES: Final = """
INSERT INTO delivery (message, sequence, contact, address, variant, contacts, step, state, reason)
SELECT %(message)s, %(after)s + sequence, contact, address, variant, contacts, step,
    CASE WHEN address IS NULL THEN %(suppressed)s ELSE %(planned)s END,
    CASE WHEN address IS NOT NULL THEN NULL WHEN EXISTS (
        SELECT FROM address a WHERE a.contact = planned_delivery.contact AND a.channel = %(channel)s AND a.current
        AND a.value IS NOT NULL
    ) THEN 'opted-out' ELSE 'no-address' END
FROM planned_delivery WHERE sequence IS NOT NULL ORDER BY sequence
"""

SHARED: Final = """
INSERT INTO shared_delivery (message, contact, sequence)
SELECT %(message)s, other.contact, %(after)s + main.sequence
FROM planned_delivery other JOIN planned_delivery main ON main.contact = other.stands
WHERE other.sequence IS NULL
"""

# Anyone of an audience may read its feed, so an exercise with a list of participants is in none.
FEEDS: Final = """
INSERT INTO delivery (message, sequence, variant, step)
SELECT %(message)s, %(after)s + row_number() OVER (ORDER BY o.step, o.rank), v.number, o.step
FROM unnest(%(feeds)s::text[], %(steps)s::smallint[]) WITH ORDINALITY o (audience, step, rank)
JOIN variant v ON v.message = %(message)s AND v.audience = o.audience AND v.channel = 'newsfeed'
    AND v.language = %(language)s AND v.segment = ''
WHERE NOT EXISTS (
    SELECT FROM message m JOIN incident_participant p ON p.incident = m.incident AND m.exercise
    WHERE m.number = %(message)s
)
RETURNING step
"""

# Never prepared: a plan of when the table was small would read all of it for each batch.
BATCHES: Final = """
INSERT INTO batch (message, number, channel, lane, priority, step, origin, first_sequence,
    last_sequence, planned, suppressed)
SELECT m.number, before.batches + 1 + (first - %(after)s - 1) / %(size)s, %(channel)s, m.lane, m.priority, %(step)s,
    %(origin)s,
    first, least(first + %(size)s - 1, %(last)s), n.planned, n.suppressed
FROM message m
CROSS JOIN (SELECT coalesce(max(number), 0) AS batches FROM batch WHERE message = %(message)s) before
CROSS JOIN generate_series(%(after)s + 1, %(last)s, %(size)s) first
CROSS JOIN LATERAL (
    SELECT coalesce(sum(contacts) FILTER (WHERE state = %(planned)s), 0) AS planned,
        coalesce(sum(contacts) FILTER (WHERE state = %(suppressed)s), 0) AS suppressed
    FROM delivery WHERE message = m.number AND sequence BETWEEN first AND least(first + %(size)s - 1, %(last)s)
) n
WHERE m.number = %(message)s
"""

# The first condition is cheap, and nearly always false: what a correction corrects is paused.
REACHED_SINCE: Final = (
    """
SELECT EXISTS (
    SELECT FROM batch b JOIN message m ON m.number = %(message)s
    WHERE b.message = %(told)s AND b.claimed_at > m.proofed_at
) AND EXISTS (
    SELECT FROM (
        SELECT d.contact FROM delivery d WHERE d.message = %(told)s AND d.contact IS NOT NULL
        AND (d.state = ANY(%(reached)s::smallint[]) OR d.doubts > 0)
        UNION SELECT s.contact FROM shared_delivery s JOIN delivery d USING (message, sequence)
        WHERE d.message = %(told)s AND (d.state = ANY(%(reached)s::smallint[]) OR d.doubts > 0)
        EXCEPT SELECT contact FROM delivery WHERE message = %(message)s
        EXCEPT SELECT contact FROM shared_delivery WHERE message = %(message)s
    ) missed JOIN contact c ON c.id = missed.contact WHERE c.removed_at IS NULL AND """
    + _TAKES_PART
    + """
)
"""
)
