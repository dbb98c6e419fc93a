"""Whoever wrote a message is told what others decided about it: it was rejected, or held back before its release.

They may have gone home, counting on it. By mail and SMS, whoever is on duty; who is disabled meanwhile is not told.
"""

from collections.abc import Mapping
from typing import Final

import structlog

from services.editorial import telling
from services.editorial.desk import Desk
from services.editorial.duty import about
from services.rendering.notices import notice
from services.runtime.postgres import Connection
from services.store import approvals, notices
from services.store.messages import FOR_USERS, Message
from services.store.users import user_by_id

REJECTED: Final = "rejected"
HELD_BACK: Final = "held-back"

log = structlog.get_logger(__name__)


async def _tell_of_rejection(connection: Connection, message: Message, desk: Desk) -> None:
    """With who rejected it, and their reason."""
    decided = [each for each in await approvals.of(connection, message.number) if each.act == "reject"]
    if decided:
        await _tell(connection, message, REJECTED, desk, by=decided[-1].user_id, reason=decided[-1].reason)


async def _tell_of_holding_back(connection: Connection, message: Message, desk: Desk) -> None:
    """Nobody did: what was approved is not what would go out now. Nothing once it was approved anew."""
    if message.state in ("submitted", "proofed", "replaced"):
        await _tell(connection, message, HELD_BACK, desk, by=message.submitted_by, reason="")


async def _tell(connection: Connection, message: Message, name: str, desk: Desk, *, by: int, reason: str) -> None:
    writer = await user_by_id(connection, message.submitted_by)
    if message.kind in FOR_USERS or writer is None or writer.disabled_at is not None:
        return
    who = await user_by_id(connection, by)
    said = await about(connection, message, desk, by=who.email if who else "", reason=reason)
    await notices.tell(
        connection, [writer], notice(name, said, desk.templates), about=message, by=by, source=desk.source
    )
    log.info("told", what=name, message=message.number, users=[writer.id])


TELLS: Final[Mapping[str, telling.TellOfMessage]] = {REJECTED: _tell_of_rejection, HELD_BACK: _tell_of_holding_back}
"""What the author is told, by what was asked for."""
