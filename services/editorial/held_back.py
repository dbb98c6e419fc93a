"""What was approved and had to wait is looked at once more before it goes out.

Hours may lie between approval and embargo. When a template or a fact changed since, the approval was for other words;
and it counts no more when who gave it was disabled, or the policy asks more now; so it is of an approval that stood for
all editions of a newsletter. Then nothing is released, and the
message waits for approval again, which whoever is on duty and its author are told.
"""

import structlog

from services.domain.problems import Refused
from services.editorial import author, binding, drift, duty, edition_standing, telling
from services.editorial.approve import lacking_of
from services.editorial.desk import Desk
from services.runtime.postgres import Connection
from services.store import approvals, audit, messages, variants
from services.store.messages import Message

log = structlog.get_logger(__name__)


async def held_back(connection: Connection, message: Message, desk: Desk) -> bool:
    """Whether the approval of this message counts no more; then it has been taken back, in this transaction."""
    try:
        versions = await drift.changed_since_proof(connection, message, None, desk)
    except Refused as refused:
        return await _back(
            connection, message, [getattr(each, "rule", "") or each.place for each in refused.problems], desk
        )
    if versions is not None:
        await approvals.take_back(connection, message.number)
        await drift.proof_again(connection, message, versions, None, desk)
        await telling.ask(connection, author.HELD_BACK, message.number)
        log.warning("held_back", message=message.number, why="changed")
        return True
    recorded = (await variants.read(connection, message.number)).values()
    if await binding.hash_of(connection, message, recorded) != message.proof_hash:
        return await _back(connection, message, ["record-altered"], desk)
    glass = await approvals.glass_broken(connection, message.number, message.proof_hash or "")
    standing = await edition_standing.holds(connection, message, desk)
    if not glass and not standing and await lacking_of(connection, message, desk):
        return await _back(connection, message, ["approval-lacking"], desk)
    return False


async def _back(connection: Connection, message: Message, why: list[str], desk: Desk) -> bool:
    """It is proofed, and not approved; whoever approves it hears what is wrong. `why`: names of rules, or places."""
    await approvals.take_back(connection, message.number)
    await messages.set_taken_back(connection, message.number)
    await audit.record(
        connection, actor=None, action="message.held-back", subject=f"message:{message.id}",
        detail={"message": message.number, "why": why},
    )  # fmt: skip
    await duty.call(connection, message, desk)
    await telling.ask(connection, author.HELD_BACK, message.number)
    log.warning("held_back", message=message.number, why=why)
    return True
