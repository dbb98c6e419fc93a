"""The glass was broken: an alarm rings, and everyone with the role is told."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from services.editorial import telling
from services.editorial.desk import Desk
from services.editorial.duty import about
from services.rendering.notices import notice
from services.runtime.postgres import Connection
from services.store import alarms, approvals, glass, notices
from services.store.alarms import GLASS_BROKEN, Alarm
from services.store.messages import Message
from services.store.users import User, user_by_id, with_role

BROKEN: Final = "glass-broken"
DISPUTED: Final = "glass-disputed"
TELL_AFTER: Final = timedelta(seconds=1)
"""The crisis goes first: the notice is written, and goes out, when the message is on its way."""

log = structlog.get_logger(__name__)


async def tell_everyone(connection: Connection, message: Message, _: Desk) -> None:
    """Ring the alarm, and have everyone told right after this transaction, which records the act, has committed."""
    detail = {"message": message.number, "incident": message.incident}
    await alarms.ring(connection, Alarm(GLASS_BROKEN, str(message.id), detail))
    await telling.ask(connection, BROKEN, message.number, TELL_AFTER)


async def _tell_of_broken(connection: Connection, message: Message, desk: Desk) -> None:
    """Everyone who may judge it, except who did it."""
    broken = await glass.broken(connection, message.number)
    if broken is not None:
        everyone = await with_role(connection, ["approver", "crisis-manager"])
        told = [each for each in everyone if each.id != broken.by_id]
        await _tell(connection, message, BROKEN, told, by=broken.by_id, reason=broken.reason, desk=desk)


async def _tell_of_dispute(connection: Connection, message: Message, desk: Desk) -> None:
    """The crisis managers, also who broke the glass; except who disputes it."""
    decided = [each for each in await approvals.of(connection, message.number) if each.act == "dispute"]
    if decided:
        by = decided[-1].user_id
        told = [each for each in await with_role(connection, ["crisis-manager"]) if each.id != by]
        await _tell(connection, message, DISPUTED, told, by=by, reason=decided[-1].reason, desk=desk)


async def _tell(
    connection: Connection, message: Message, name: str, users: Sequence[User], *, by: int, reason: str, desk: Desk
) -> None:
    if not users:
        log.warning("nobody_to_tell", what=name, message=message.number)
        return
    who = await user_by_id(connection, by)
    said = await about(connection, message, desk, by=who.email if who else "", reason=reason)
    told = notice(name, said, desk.templates)
    await notices.tell(connection, users, told, about=message, by=by, source=desk.source)
    log.info("told", what=name, message=message.number, users=[user.id for user in users])


TELLS: Final[Mapping[str, telling.TellOfMessage]] = {BROKEN: _tell_of_broken, DISPUTED: _tell_of_dispute}
"""What users are told about broken glass, by what was asked for."""
