"""Deliveries that a released message gets beyond its plan: a fall-back, the second channel, a deputy.

A row in `addition` makes each once, whatever is repeated or crashes. They get batches of their own with their origin;
who shares an address with somebody who has it on this channel stands behind that copy, as at the proof (`newcomers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from services.domain.batches import BatchRef
from services.domain.states import State
from services.domain.variants import FALLBACK
from services.runtime.postgres import Connection
from services.store import announcements, newcomers, plan, plan_sql
from services.store.messages import Message
from services.store.participants import TAKES_PART

Origin = Literal["fallback", "second-channel", "deputy"]
Standing = Literal["goes-on", "waits", "over"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`recipient` is to get it on behalf of `contact`, who is the same or for whom they stand in.

    `audience`: whose version; `variant`: the number of another one. `reason`: a short word of the ledger's. `step`: of
    the release order, so that nobody is told before their time.
    """

    contact: int
    recipient: int
    audience: str
    reason: str = ""
    variant: int | None = None
    step: int = 0


async def standing(connection: Connection, message: int) -> Standing:
    """Whether anything may be added to this message. Its row is locked, so that this holds until the commit.

    `over` for good: stopped, withdrawn, expired, put right, or its incident was over. `waits`: it is paused, or what
    puts it right is being approved.
    """
    row = await (await connection.execute(_STANDING, {"message": message})).fetchone()
    found: Standing = row[0] if row else "over"
    return found


async def append(
    connection: Connection, message: Message, origin: Origin, channel: str, wanted: Sequence[Wanted], *, source: str
) -> list[int]:
    """Send it to these on this channel too, and announce it; returns for which contacts that is new. Commits later.

    Call with the message's row locked, when it `goes-on`. Left out: who has no address there, opted out, or takes no
    part in the exercise; who was added before; who has it on this channel; and a deputy to whose number an SMS with
    the very same words goes already, for that would tell them nothing.
    """
    if not wanted:
        return []
    values = _values(message, origin, channel, wanted) | {"source": source}
    await connection.execute("DROP TABLE IF EXISTS wanted, planned_delivery")
    await connection.execute(_WANTED, values)
    await connection.execute("ANALYZE wanted")
    made = [contact for (contact,) in await (await connection.execute(_ONCE, values)).fetchall()]
    if made:
        await _count_recipients(connection, values)
        await _plan(connection, message, origin, channel, values)
    await connection.execute("DROP TABLE wanted")
    return made


async def _count_recipients(connection: Connection, values: dict[str, Any]) -> None:
    """Whoever gets it on one more channel was a recipient before; a deputy may not have been."""
    if values["origin"] == "deputy":
        await connection.execute(_RECIPIENTS, values)


async def _plan(connection: Connection, message: Message, origin: Origin, channel: str, values: dict[str, Any]) -> None:
    row = await (await connection.execute(newcomers.LAST, values)).fetchone()
    values = values | {"after": row[0] if row else 0}
    await connection.execute(_PLANNED, values)
    if origin != "deputy":  # whose copy says more than the one that lies there
        await connection.execute(newcomers.MET, values)
        await newcomers.stand_behind(connection, values)
    await connection.execute(newcomers.RENUMBER)
    await connection.execute(plan_sql.DELIVERIES, values)
    await connection.execute(plan_sql.SHARED, values)
    in_steps = await (await connection.execute(plan_sql.IN_STEPS)).fetchall()
    await connection.execute("DROP TABLE planned_delivery")
    after = values["after"]
    for step, count in in_steps:
        await plan.write_batches(connection, message.number, channel, after, count, step=step, origin=origin)
        after += count
    for (number,) in await (await connection.execute(_BATCHES, values)).fetchall():
        await announcements.announce_one(connection, BatchRef(message.number, number), source=values["source"])


def _values(message: Message, origin: Origin, channel: str, wanted: Sequence[Wanted]) -> dict[str, Any]:
    return {
        "message": message.number, "origin": origin, "channel": channel, "epoch": -1,
        "language": message.content.get("language", ""), "fallback": FALLBACK, "deputy": origin == "deputy",
        "contacts": [each.contact for each in wanted], "recipients": [each.recipient for each in wanted],
        "audiences": [each.audience for each in wanted], "reasons": [each.reason for each in wanted],
        "variants": [each.variant for each in wanted], "steps": [each.step for each in wanted],
        "planned": int(State.PLANNED), "suppressed": int(State.SUPPRESSED),
    }  # fmt: skip


_STANDING: Final = """
SELECT CASE
    WHEN m.state <> 'released' OR m.expires_at <= clock_timestamp() THEN 'over'
    WHEN m.kind IN ('alert', 'update') AND EXISTS (
        SELECT FROM message clear WHERE clear.incident = m.incident AND clear.kind = 'all-clear'
        AND clear.number > m.number AND clear.released_at IS NOT NULL AND clear.state <> 'withdrawn') THEN 'over'
    WHEN EXISTS (
        SELECT FROM message c WHERE c.corrects = m.number AND c.kind = 'correction'
        AND c.released_at IS NOT NULL AND c.state <> 'withdrawn') THEN 'over'
    WHEN m.paused_at IS NOT NULL OR EXISTS (
        SELECT FROM message c WHERE c.corrects = m.number AND c.kind = 'correction'
        AND c.state IN ('submitted', 'proofed', 'approved')) THEN 'waits'
    ELSE 'goes-on' END
FROM message m WHERE m.number = %(message)s
"""

_OWN: Final = "(SELECT m.incident FROM message m WHERE m.number = %(message)s AND m.exercise)"

# From the person to their copies, never from the message to all of its copies: a look for fall-backs comes four times
# a second in a flood. `+ 0`, or a planner that knows nothing of a message this young reads all of it by its key.
_HAS: Final = """EXISTS (
    SELECT FROM address theirs JOIN delivery d ON d.address = theirs.id AND d.message + 0 = %(message)s
    WHERE theirs.contact = w.recipient AND theirs.channel = %(channel)s OFFSET 0
) OR EXISTS (
    SELECT FROM shared_delivery s JOIN delivery d ON d.message = s.message AND d.sequence = s.sequence
    JOIN address theirs ON theirs.id = d.address AND theirs.channel = %(channel)s
    WHERE s.contact = w.recipient AND s.message = %(message)s OFFSET 0
)"""
"""Whether `w.recipient` has a copy on this channel, or stands behind one; also at an address that they had before."""

# Whoever stands in is told again in words of their own; in an SMS these may have no room.
_SAME_SMS: Final = """EXISTS (
    SELECT FROM address theirs JOIN delivery d ON d.address = theirs.id AND d.message + 0 = %(message)s
    JOIN variant v ON v.message = d.message AND v.number = d.variant AND v.text = own.text
    WHERE theirs.channel = 'sms' AND theirs.value = a.value OFFSET 0
)"""

_WANTED: Final = f"""
CREATE TEMP TABLE wanted AS
SELECT w.contact, w.recipient, w.reason, w.place, w.step, a.id AS address, own.number AS variant,
    CASE WHEN NOT %(deputy)s THEN lower(a.value)
        WHEN %(channel)s = 'sms' THEN a.value || ' ' || own.text ELSE w.recipient::text END COLLATE "C" AS shares
FROM unnest(%(contacts)s::bigint[], %(recipients)s::bigint[], %(audiences)s::text[], %(reasons)s::text[],
    %(variants)s::smallint[], %(steps)s::smallint[])
    WITH ORDINALITY w (contact, recipient, audience, reason, variant, step, place)
JOIN contact c ON c.id = w.recipient AND c.removed_at IS NULL
JOIN address a ON a.contact = w.recipient AND a.channel = %(channel)s AND a.current AND a.value IS NOT NULL
CROSS JOIN LATERAL (
    SELECT v.number, v.text FROM variant v WHERE v.message = %(message)s AND (v.number = w.variant
        OR w.variant IS NULL AND v.audience = w.audience
        AND v.channel = %(channel)s AND v.segment IN ('', %(fallback)s)
        AND v.language IN (coalesce(c.chosen_language, c.language), %(language)s))
    ORDER BY v.language = coalesce(c.chosen_language, c.language) DESC, v.segment LIMIT 1
) own
WHERE CASE WHEN %(deputy)s THEN %(channel)s <> 'sms' OR NOT {_SAME_SMS} ELSE NOT ({_HAS}) END
AND (%(channel)s <> 'sms' OR NOT EXISTS (SELECT FROM opt_out o WHERE o.number = a.value))
AND {TAKES_PART.format(incident=_OWN, contact="c.id")}
"""

_ONCE: Final = """
WITH made AS (
    INSERT INTO addition (message, origin, contact, recipient, channel, reason)
    SELECT %(message)s, %(origin)s, contact, recipient, %(channel)s, reason FROM wanted
    ON CONFLICT DO NOTHING RETURNING contact, recipient
), gone AS (
    DELETE FROM wanted w WHERE NOT EXISTS (
        SELECT FROM made WHERE made.contact = w.contact AND made.recipient = w.recipient)
)
SELECT DISTINCT contact FROM made ORDER BY 1
"""

_RECIPIENTS: Final = """
UPDATE message SET recipients = recipients + (
    SELECT count(DISTINCT w.recipient) FROM wanted w WHERE w.recipient NOT IN (
        SELECT contact FROM delivery WHERE message = %(message)s AND contact IS NOT NULL
        UNION ALL SELECT contact FROM shared_delivery WHERE message = %(message)s)
) WHERE number = %(message)s
"""

_PLANNED: Final = """
CREATE TEMP TABLE planned_delivery AS
WITH chosen AS (
    SELECT DISTINCT ON (recipient) recipient AS contact, address, variant, shares, step, place
    FROM wanted ORDER BY recipient, step, place
), placed AS (
    SELECT *, first_value(contact) OVER sharing AS stands, count(*) OVER (PARTITION BY shares) AS contacts
    FROM chosen WINDOW sharing AS (PARTITION BY shares ORDER BY step, place)
)
SELECT contact, address, variant, stands, contacts, step,
    CASE WHEN contact = stands
        THEN row_number() OVER (PARTITION BY contact = stands ORDER BY step, place)
    END AS sequence
FROM placed
"""

_BATCHES: Final = """
SELECT number FROM batch WHERE message = %(message)s AND first_sequence > %(after)s ORDER BY number
"""
