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
from services.store import plan_sql, release_steps, threads, told
from services.store.selecting import EVERYONE, Selected

_STATES: Final = {"planned": int(State.PLANNED), "suppressed": int(State.SUPPRESSED)}


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
    await connection.execute(plan_sql.DROP)
    await _choose(connection, plan)
    await release_steps.record(connection, plan.message, plan.release_order)
    return await _write_all(connection, plan)


async def write_again(connection: Connection, plan: PlanFor) -> int:
    """Write the plan of a message that was not released anew, for those among its contacts who are still to get it.

    Returns how many these are. Nobody is added: whoever approves it saw for how many it is. Nor is its selection asked
    again, which was settled at the proof.
    """
    await connection.execute(plan_sql.DROP)
    await _choose(connection, replace(plan, selection=EVERYONE))
    await connection.execute(plan_sql.NOBODY_NEW, _values(plan))
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
    row = await (await connection.execute(plan_sql.REACHED_SINCE, values)).fetchone()
    return bool(row and row[0])


async def _choose(connection: Connection, plan: PlanFor) -> None:
    query = plan_sql.RECIPIENTS.replace(plan_sql.NARROWED, plan.selection.narrows("contact"))
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
    row = await (await connection.execute(plan_sql.SEAL, {"message": plan.message})).fetchone()
    await connection.execute(plan_sql.DROP)
    return int(row[0]) if row else 0


async def _write_people(connection: Connection, plan: PlanFor, channel: str, after: int) -> int:
    steps = [step_of(plan.release_order, audience, channel) for audience in plan.audience_order or plan.people]
    values = {**_values(plan), "channel": channel, "after": after, "steps": steps, **_STATES}
    await connection.execute("DROP TABLE IF EXISTS planned_delivery")
    await connection.execute(plan_sql.candidates(in_steps=any(steps), in_segments=bool(plan.segments)), values)
    await connection.execute("ANALYZE planned_delivery")
    count = (await connection.execute(plan_sql.DELIVERIES, values)).rowcount
    await connection.execute(plan_sql.SHARED, values)
    in_steps = await (await connection.execute(plan_sql.IN_STEPS)).fetchall() if any(steps) else [(0, count)]
    if plan.told and channel == "mail" and not plan.widely:
        await threads.write(connection, values)
    await connection.execute("DROP TABLE planned_delivery")
    await write_steps(connection, plan, channel, after, in_steps)
    return count


async def _write_feeds(connection: Connection, plan: PlanFor, after: int) -> int:
    steps = [step_of(plan.release_order, audience, "newsfeed") for audience in plan.feeds]
    values = {**_values(plan), "after": after, "steps": steps}
    rows = await (await connection.execute(plan_sql.FEEDS, values)).fetchall()
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
    await connection.execute(plan_sql.BATCHES, {**values, "size": BATCH_SIZE, **_STATES}, prepare=False)


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
