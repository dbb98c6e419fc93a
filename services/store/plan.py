"""The plan of a message: who gets which variant on which channel, complete before anything is sent.

All of it is set-based SQL, so that a million contacts cost this process nothing. The order of the rows is the order
of sending: channel, then step, then audience in the configured order, then contact.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.domain.batches import BATCH_SIZE
from services.domain.lanes import CHANNELS
from services.domain.release_order import ReleaseStep, step_of
from services.domain.states import REACHED, State
from services.runtime.postgres import Connection
from services.store import release_steps, threads, told
from services.store.opt_outs import WANTED
from services.store.participants import TAKES_PART
from services.store.selecting import EVERYONE, Selected


@dataclass(frozen=True, slots=True)
class PlanFor:
    """What a plan is made from. `people` and `feeds` are audience ids in the configured order.

    `told` are the numbers of messages whose reached recipients are recipients of this one too (a correction: the
    message that it corrects; an all-clear: those of the incident); reached are those in one of `told_states`.
    `release_order`: its steps; who shares an address is in the step of the copy that stands for them.
    `named` are the channels that the author chose (left out: all). Those who were told get it on the channels on which
    they were reached, or with `widely` on all that are named: `services.store.told`.
    `newsletter`: whoever unsubscribed from it is left out. `segments`: the provinces with a version of their own.
    `exercises`: whoever is not on the list of participants of each of these, where there is one, is left out too.
    `selection` narrows `people`, and never those who were `told`.
    """

    message: int
    language: str
    channels: Sequence[str]
    people: Sequence[str]
    feeds: Sequence[str]
    told: Sequence[int] = ()
    audience_order: Sequence[str] = ()
    told_states: frozenset[State] = REACHED
    release_order: Sequence[ReleaseStep] = ()
    named: Sequence[str] = ()
    widely: bool = False
    newsletter: int | None = None
    segments: Sequence[str] = ()
    exercises: Sequence[str] = ()
    selection: Selected = EVERYONE


async def write(connection: Connection, plan: PlanFor) -> int:
    """Write deliveries and batches; returns the number of distinct contacts. The variants must be recorded."""
    await connection.execute(_DROP)
    await _choose(connection, plan)
    await release_steps.record(connection, plan.message, plan.release_order)
    return await _write_all(connection, plan)


async def write_again(connection: Connection, plan: PlanFor) -> int:
    """Write the plan of a message that was not released anew, for those among its contacts who are still to get it.

    Returns how many these are. Nobody is added: whoever approves it saw for how many it is. Nor is its selection asked
    again, which was settled at the proof.
    """
    await connection.execute(_DROP)
    await _choose(connection, replace(plan, selection=EVERYONE))
    await connection.execute(_NOBODY_NEW, _values(plan))
    for table in ("batch", "delivery", "shared_delivery", "thread"):
        await connection.execute(f"DELETE FROM {table} WHERE message = %s".encode(), (plan.message,))
    return await _write_all(connection, plan)


async def reached_still_claimed(connection: Connection, message: int) -> bool:
    """Whether a worker still holds deliveries of this message, so that it is not known whom it reached."""
    row = await (
        await connection.execute("SELECT EXISTS (SELECT FROM batch WHERE message = %s AND claimed > 0)", (message,))
    ).fetchone()
    return bool(row and row[0])


async def has_open(connection: Connection, message: int) -> bool:
    """Whether anything of this message is still to be sent, or in the hands of a worker."""
    row = await (
        await connection.execute(
            "SELECT EXISTS (SELECT FROM batch WHERE message = %s AND planned + deferred + claimed > 0)", (message,)
        )
    ).fetchone()
    return bool(row and row[0])


async def reached_since(connection: Connection, message: int, told: int) -> bool:
    """Whether `told` was sent on after this message's proof, to someone who is no recipient of this message."""
    values = {"message": message, "told": told, "reached": [int(state) for state in REACHED]}
    row = await (await connection.execute(_REACHED_SINCE, values)).fetchone()
    return bool(row and row[0])


async def _choose(connection: Connection, plan: PlanFor) -> None:
    query = _RECIPIENTS.replace(_NARROWED, plan.selection.narrows("contact"))
    await connection.execute(query.encode(), {**_values(plan), **plan.selection.values})


async def _write_all(connection: Connection, plan: PlanFor) -> int:
    if plan.told:
        await told.choose_channels(connection, _values(plan))
    await connection.execute("ANALYZE planned_recipient")
    sequence = 0
    for channel in (c for c in CHANNELS if c in plan.channels):
        if channel == "newsfeed":
            sequence += await _write_feeds(connection, plan, sequence)
        else:
            sequence += await _write_people(connection, plan, channel, sequence)
    row = await (await connection.execute(_SEAL, {"message": plan.message})).fetchone()
    await connection.execute(_DROP)
    return int(row[0]) if row else 0


async def _write_people(connection: Connection, plan: PlanFor, channel: str, after: int) -> int:
    steps = [step_of(plan.release_order, audience, channel) for audience in plan.audience_order or plan.people]
    values = {**_values(plan), "channel": channel, "after": after, "steps": steps, **_STATES}
    await connection.execute("DROP TABLE IF EXISTS planned_delivery")
    await connection.execute(candidates(in_steps=any(steps), in_segments=bool(plan.segments)), values)
    await connection.execute("ANALYZE planned_delivery")
    count = (await connection.execute(DELIVERIES, values)).rowcount
    await connection.execute(SHARED, values)
    in_steps = await (await connection.execute(IN_STEPS)).fetchall() if any(steps) else [(0, count)]
    if plan.told and channel == "mail" and not plan.widely:
        await threads.write(connection, values)
    await connection.execute("DROP TABLE planned_delivery")
    await write_steps(connection, plan, channel, after, in_steps)
    return count


async def _write_feeds(connection: Connection, plan: PlanFor, after: int) -> int:
    steps = [step_of(plan.release_order, audience, "newsfeed") for audience in plan.feeds]
    rows = await (await connection.execute(_FEEDS, {**_values(plan), "after": after, "steps": steps})).fetchall()
    in_steps = sorted(Counter(step for (step,) in rows).items())
    await write_steps(connection, plan, "newsfeed", after, in_steps)
    return len(rows)


async def write_steps(
    connection: Connection,
    plan: PlanFor,
    channel: str,
    after: int,
    in_steps: Iterable[tuple[int, int]],
    *,
    origin: str = "plan",
) -> None:
    """Batches for so many deliveries of each step, which follow each other: none is of two steps."""
    for step, count in in_steps:
        await write_batches(connection, plan.message, channel, after, count, step=step, origin=origin)
        after += count


async def write_batches(
    connection: Connection,
    message: int,
    channel: str,
    after: int,
    count: int,
    *,
    step: int = 0,
    origin: str = "plan",
) -> None:
    """Cut the message's deliveries `after + 1` to `after + count`, all of this channel and step, into batches."""
    values = {
        "message": message,
        "channel": channel,
        "after": after,
        "last": after + count,
        "step": step,
        "origin": origin,
    }
    await connection.execute(_BATCHES, {**values, "size": BATCH_SIZE, **_STATES}, prepare=False)


def _values(plan: PlanFor) -> dict[str, object]:
    return {
        "message": plan.message,
        "language": plan.language,
        "people": list(plan.people),
        "feeds": list(plan.feeds),
        "order": list(plan.audience_order or plan.people),
        "told": list(plan.told),
        "reached": [int(state) for state in plan.told_states],
        "channels": list(plan.channels),
        "named": list(plan.named or plan.channels),
        "widely": plan.widely,
        "newsletter": plan.newsletter,
        "segments": list(plan.segments),
        "exercises": list(plan.exercises),
    }


_STATES: Final = {"planned": int(State.PLANNED), "suppressed": int(State.SUPPRESSED)}

_DROP: Final = "DROP TABLE IF EXISTS planned_recipient"

_TAKES_PART: Final = TAKES_PART.format(
    incident="(SELECT m.incident FROM message m WHERE m.number = %(message)s AND m.exercise)", contact="c.id"
)

_NARROWED: Final = "/* narrowed */"

# A contact in several audiences is planned in the first of them. `told` brings those who were reached, or possibly
# so, in the audience whose version they got; also the contacts for whom another's delivery stood. `channels` are those
# on which they were reached; null: not at all.
_RECIPIENTS: Final = (
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
_SEAL: Final = """
UPDATE message SET contacts_hash = planned.hash FROM (
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(contact::text, ',' ORDER BY contact), ''), 'UTF8')),
        'hex') AS hash
    FROM planned_recipient
) planned WHERE number = %(message)s RETURNING planned.count
"""

_NOBODY_NEW: Final = """
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
_FEEDS: Final = """
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
_BATCHES: Final = """
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
_REACHED_SINCE: Final = (
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
