"""The common part of every statement that changes deliveries: lock, read, judge, write, count, tell.

A claim, a settlement, a report and a withdrawal are each one statement, and so one question and one transaction:

    locked    the batches, FOR UPDATE, and then their message's row FOR SHARE, as they are now
    rows      all deliveries of these batches, as the statement's snapshot has them
    judged    what each of them becomes (the part that differs)
    written   the rows that change
    settled   the batches, their counts made anew from `judged`
    told      the event in the outbox

A statement reads by the snapshot of its beginning, and may wait for a lock after that. So `rows` is empty for a batch
that is no longer the row that the snapshot has: somebody changed it in between, were it only by announcing it again.
Nothing is written then, and the caller asks again. Everything that changes deliveries of a released message holds the
batch's lock and writes the batch, also version 8dcac9b, which may run beside this one. docs/decisions/0007.
"""

from typing import Final

from services.domain.events import BatchSettled
from services.domain.states import Halt, State, after_halt

HALTED: Final = (
    """(m.state IN ('stopped', 'rejected', 'withdrawn', 'replaced', 'expired') OR m.expires_at <= clock_timestamp())"""
)
"""Whether message `m` was ended, by the database's clock; `HALT` says how."""

HALT: Final = f"""CASE WHEN m.state IN ('stopped', 'rejected', 'withdrawn', 'replaced') THEN '{Halt.STOPPED}'
    WHEN m.state = 'expired' OR m.expires_at <= clock_timestamp() THEN '{Halt.EXPIRED}' ELSE '{Halt.NONE}' END"""
"""How message `m` was ended, by the database's clock."""

# Its columns by name: one that a later migration adds must not come between ours while this version still runs.
ROWS: Final = """
rows AS MATERIALIZED (
    SELECT l.number, {more} d.* FROM locked l
    JOIN batch seen ON seen.message = l.message AND seen.number = l.number AND seen.ctid = l.place
    CROSS JOIN LATERAL (
        SELECT ctid AS place, message, sequence, state, epoch, attempt, given_back, contacts, doubts, again, code,
            reason, provider_id, accepted_at FROM delivery
        WHERE message = l.message AND sequence BETWEEN l.first_sequence AND l.last_sequence OFFSET 0
    ) d
)"""

COUNTED: Final = f"""
counted AS (
    SELECT message, number, count(*) FILTER (WHERE epoch = %(epoch)s) AS owed,
        count(*) FILTER (WHERE again) AS again, min(accepted_at) AS first_accepted_at,
        max(accepted_at) AS last_accepted_at,
        {", ".join(f"coalesce(sum(contacts) FILTER (WHERE state = {state:d}), 0) AS {state.word}" for state in State)}
    FROM judged GROUP BY message, number
)"""

COUNTS: Final = (
    "version = b.version + 1, possible_duplicates = n.again,"
    " first_accepted_at = n.first_accepted_at, last_accepted_at = n.last_accepted_at, "
    + ", ".join(f"{state.word} = n.{state.word}" for state in State)
)
"""For `UPDATE batch b SET … FROM counted n WHERE {COUNTED_BATCH}`."""

COUNTED_BATCH: Final = "b.ctid = ANY(ARRAY(SELECT place FROM locked)) AND b.message = n.message AND b.number = n.number"
"""The rows that were read are found again by their place, `ctid = ANY(ARRAY(…))`: whatever PostgreSQL believes of a
table that grew by a million a moment ago, it never reads all of it for that."""

TOLD: Final = f"""
told AS (
    INSERT INTO outbox (topic, key, event)
    SELECT 'outcomes', s.message::text, jsonb_build_object('specversion', '1.0', 'id', gen_random_uuid(),
        'source', %(source)s::text, 'type', '{BatchSettled.TYPE}', 'time', clock_timestamp(),
        'datacontenttype', 'application/json', 'data', jsonb_build_object('message', s.message, 'batch', s.number,
        'channel', s.channel, 'lane', s.lane, 'version', s.version, 'possible_duplicates', s.possible_duplicates,
        'first_accepted_at', s.first_accepted_at, 'last_accepted_at', s.last_accepted_at,
        'counts', jsonb_strip_nulls(jsonb_build_object(
            {", ".join(f"'{state.word}', nullif(s.{state.word}, 0)" for state in State)}))))
    FROM settled s
)"""


def halted_case(*, unless: str, doubt: str) -> str:
    """SQL for the state of an unsent delivery, by the table of transitions; `unless`: when its message goes on."""
    ends = " ".join(
        f"WHEN halt = '{halt}' AND {'' if doubted else 'NOT '}({doubt}) THEN {after_halt(halt, doubt=doubted):d}"
        for halt in (Halt.STOPPED, Halt.EXPIRED)
        for doubted in (True, False)
    )
    return f"CASE {ends} ELSE {unless} END"
