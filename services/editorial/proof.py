"""The proof of a message: its plan is written, complete, as a job of its own that holds up nobody's commands."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from uuid_utils import uuid7

from services.domain.editions import KIND as EDITION
from services.domain.editions import EditionContent
from services.editorial import (
    binding,
    duty,
    edition_standing,
    edition_versions,
    glass_release,
    holding_release,
    recipients,
    spending,
)
from services.editorial.desk import Desk
from services.runtime import timers
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import alarms, messages, plan, variants
from services.store.alarms import Alarm
from services.store.messages import Message

KIND: Final = "proof"
"""Kind of the timer that asks for a proof; its subject is the message's number, its occurrence begins with the lane."""
ASKED: Final = "roeland_proof_asked"
"""NOTIFY channel: a proof waits."""
PROOFED: Final = "roeland_proof"
"""NOTIFY channel: a message was proofed; its id. For the door that waits."""

WAIT_FOR_CLAIMED: Final = timedelta(seconds=5)
"""How long after the pause of what it corrects a correction waits for what workers hold; then that is reached."""
LOOK_AGAIN: Final = timedelta(seconds=0.1)
TRY_AGAIN: Final = timedelta(seconds=30)

log = structlog.get_logger(__name__)


async def ask(connection: Connection, message: int, after: timedelta = timedelta(0)) -> None:
    """Have the message proofed, as soon as this transaction commits or so much later."""
    found = await messages.by_number(connection, message)
    lane = found.lane if found else "routine"
    due = await messages.database_time(connection) + after
    await timers.set_timer(connection, KIND, str(message), f"{lane}/{uuid7()}", due)
    await connection.execute(f"NOTIFY {ASKED}")


def proofing(desk: Desk) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer does: write the plan, in its transaction. A proof that fails is tried again, later."""

    async def fired(connection: Connection, subject: str) -> None:
        try:
            async with connection.transaction():
                await _proof(connection, int(subject), desk)
        except AWAY:
            raise
        except Exception as problem:
            log.error("proof_failed", message=int(subject), problem=unforeseen(problem))
            await _ring(connection, int(subject))
            await ask(connection, int(subject), TRY_AGAIN)

    return fired


async def _proof(connection: Connection, number: int, desk: Desk) -> None:
    message = await messages.by_number(connection, number)
    if message is None or message.state != "submitted":
        return
    if await _too_early(connection, message):
        await ask(connection, number, LOOK_AGAIN)
        return
    if message.kind == EDITION:
        await _render(connection, message, desk)
        await alarms.hush(connection, (alarms.EDITION_FAILS, message.incident))
    count = await plan.write(connection, await recipients.plan_for(connection, message, desk.configuration))
    await spending.tell(connection, number, desk)
    await messages.set_proofed(connection, number, count, await binding.proof_of(connection, number))
    await holding_release.release_proofed(connection, number, desk)
    await glass_release.release_proofed(connection, number, desk)
    await edition_standing.approve_proofed(connection, number, desk)
    await duty.call(connection, message, desk)
    await connection.execute("SELECT pg_notify(%s, %s)", (PROOFED, str(message.id)))
    log.info("proofed", message=number, recipients=count)


async def _ring(connection: Connection, number: int) -> None:
    """Whoever submits a message waits for its proof; for an edition's nobody does."""
    message = await messages.by_number(connection, number)
    if message is not None and message.kind == EDITION:
        detail = {"message": number, "newsletter": message.content["newsletter"]}
        await alarms.ring(connection, Alarm(alarms.EDITION_FAILS, message.incident, detail))


async def _render(connection: Connection, edition: Message, desk: Desk) -> None:
    """An edition has its versions only now: what the clock made is taken up whatever is wrong with a template."""
    if await variants.audiences(connection, [edition.number]):
        return
    content = EditionContent.model_validate(edition.content)
    await variants.record(
        connection, edition.number, await edition_versions.versions_of(connection, content, edition.id, desk)
    )


async def _too_early(connection: Connection, message: Message) -> bool:
    """Whether a worker may still be sending what this message corrects, so that it is not known whom that reached."""
    if message.corrects is None:
        return False
    chain = await recipients.owed_by(connection, message.kind, message.incident, message.corrects)
    now = await messages.database_time(connection)
    return now - _halted_at(message, chain) < WAIT_FOR_CLAIMED and any(
        [await plan.reached_still_claimed(connection, each.number) for each in chain]
    )


def _halted_at(message: Message, chain: Sequence[Message]) -> datetime:
    original = chain[0]
    return original.paused_at or original.stopped_at or message.submitted_at
