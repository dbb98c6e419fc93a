"""At release: the plan gets the addresses that its contacts have now, and says when that would not be enough."""

from typing import Final

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.opt_outs import WANTED


async def pin_addresses(connection: Connection, message: int) -> int | None:
    """Bring the plan's addresses up to date for contacts that changed since the proof; returns how many rows did.

    None, and nothing was done, when contacts no longer share an address that shared one, or now do: then the plan must
    be made anew (`plan.write_again`), else one would get no copy and another two.

    The planner knows nothing of rows this young, and takes a million of them for one: each table that it might loop
    over has an index, so that a list imported just before a message is not compared row with row. And the time that
    this takes goes by the message's size, not by that of the list: five governors do not wait for a million others.
    """
    row = await (await connection.execute(_SO_MANY_CHANGED, {"message": message})).fetchone()
    if not row or not row[0]:
        return 0
    await connection.execute(_CHANGED_HERE if row[1] else _CHANGED, {"message": message})
    await connection.execute("CREATE UNIQUE INDEX ON changed_contact (contact)")
    await connection.execute(_STALE.encode(), {"message": message})
    await connection.execute("CREATE UNIQUE INDEX ON stale_delivery (sequence)")
    await connection.execute("ANALYZE changed_contact, stale_delivery")
    if await _shared_otherwise(connection, message):
        return None
    pinned = (await connection.execute(_PIN, {"message": message, **_STATES})).rowcount
    if pinned:
        await connection.execute(_PINNED_BATCHES, {"message": message, **_STATES}, prepare=False)
    return pinned


async def _shared_otherwise(connection: Connection, message: int) -> bool:
    for query in (_LEFT, _MET):
        row = await (await connection.execute(query, {"message": message}, prepare=False)).fetchone()
        if row and row[0]:
            return True
    return False


_STATES: Final = {"planned": int(State.PLANNED), "suppressed": int(State.SUPPRESSED)}

# An import that began before the proof may commit after it, with times of before: hence the margin.
_SO_MANY_CHANGED: Final = """
SELECT changed.count, changed.count > m.recipients FROM message m CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM contact c WHERE c.updated_at > m.proofed_at - interval '10 minutes' LIMIT m.recipients + 1
    ) those
) changed WHERE m.number = %(message)s
"""

_CHANGED: Final = """
CREATE TEMP TABLE changed_contact ON COMMIT DROP AS
SELECT c.id AS contact, c.removed_at FROM contact c, message m
WHERE m.number = %(message)s AND c.updated_at > m.proofed_at - interval '10 minutes'
"""

# OFFSET 0 keeps the condition on the time out: by its index, every contact of the list would be read for each delivery.
_CHANGED_HERE: Final = """
CREATE TEMP TABLE changed_contact ON COMMIT DROP AS
SELECT DISTINCT p.contact, c.removed_at FROM message m CROSS JOIN (
    SELECT contact FROM delivery WHERE message = %(message)s
    UNION ALL SELECT contact FROM shared_delivery WHERE message = %(message)s
) p
CROSS JOIN LATERAL (SELECT c.removed_at, c.updated_at FROM contact c WHERE c.id = p.contact OFFSET 0) c
WHERE m.number = %(message)s AND c.updated_at > m.proofed_at - interval '10 minutes'
"""

_STALE: Final = f"""
CREATE TEMP TABLE stale_delivery ON COMMIT DROP AS
SELECT d.sequence, a.id AS address, changed.removed_at IS NOT NULL AS removed
FROM delivery d JOIN changed_contact changed ON changed.contact = d.contact
JOIN variant v ON v.message = d.message AND v.number = d.variant
LEFT JOIN address a ON a.contact = d.contact AND a.channel = v.channel AND a.current AND a.value IS NOT NULL
    AND changed.removed_at IS NULL AND {WANTED.format(channel="v.channel", number="a.value")}
WHERE d.message = %(message)s AND d.address IS DISTINCT FROM a.id
"""

# The one whose delivery stands for others has a new address, or one of the others has.
_LEFT: Final = """
SELECT EXISTS (
    SELECT FROM stale_delivery stale JOIN delivery d ON d.message = %(message)s AND d.sequence = stale.sequence
    WHERE d.contacts > 1
) OR EXISTS (
    SELECT FROM shared_delivery s JOIN changed_contact changed ON changed.contact = s.contact
    JOIN delivery d ON d.message = s.message AND d.sequence = s.sequence
    JOIN variant v ON v.message = d.message AND v.number = d.variant
    LEFT JOIN address theirs ON theirs.id = d.address
    LEFT JOIN address own ON own.contact = s.contact AND own.channel = v.channel AND own.current
        AND changed.removed_at IS NULL
    WHERE s.message = %(message)s AND lower(own.value) IS DISTINCT FROM lower(theirs.value)
)
"""

# A new address is that of another delivery. Everyone's is looked at, where there is a new one at all.
_MET: Final = """
SELECT EXISTS (SELECT FROM stale_delivery WHERE address IS NOT NULL) AND EXISTS (
    SELECT FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
    LEFT JOIN stale_delivery stale ON stale.sequence = d.sequence
    JOIN address a ON a.id = CASE WHEN stale.sequence IS NULL THEN d.address ELSE stale.address END
    WHERE d.message = %(message)s AND a.value IS NOT NULL
    GROUP BY v.channel, lower(a.value) HAVING count(*) > 1 AND bool_or(stale.sequence IS NOT NULL)
)
"""

_PIN: Final = """
UPDATE delivery d SET address = stale.address,
    state = CASE WHEN stale.address IS NULL THEN %(suppressed)s ELSE %(planned)s END,
    reason = CASE WHEN stale.removed THEN 'removed' WHEN stale.address IS NULL THEN 'no-address' END
FROM stale_delivery stale WHERE d.message = %(message)s AND d.sequence = stale.sequence
"""

_PINNED_BATCHES: Final = """
UPDATE batch b SET planned = n.planned, suppressed = n.suppressed, version = b.version + 1
FROM (
    SELECT b.number, n.* FROM batch b CROSS JOIN LATERAL (
        SELECT coalesce(sum(d.contacts) FILTER (WHERE d.state = %(planned)s), 0) AS planned,
            coalesce(sum(d.contacts) FILTER (WHERE d.state = %(suppressed)s), 0) AS suppressed
        FROM delivery d WHERE d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
    ) n WHERE b.message = %(message)s AND (n.planned, n.suppressed) <> (b.planned, b.suppressed)
) n WHERE b.message = %(message)s AND b.number = n.number
"""
