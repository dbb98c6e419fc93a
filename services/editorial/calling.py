"""Who still has not confirmed must be telephoned: a list, and who is on duty is told where it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from services.domain.identity import may
from services.editorial import telling
from services.editorial.desk import Desk
from services.editorial.duty import about
from services.rendering.notices import notice
from services.runtime.call_links import Caller, calls_path
from services.runtime.postgres import Connection
from services.runtime.public_url import PublicUrlSettings
from services.store import additions, calls, duty, notices
from services.store.confirmations import Unconfirmed
from services.store.messages import Message
from services.store.secret_keys import signing_keys
from services.store.users import User, all_users

log = structlog.get_logger(__name__)


CALLS: Final = "calls"
"""What is told (`telling`): somebody is to be telephoned about this message."""


async def list_calls(connection: Connection, message: Message, absent: Sequence[Unconfirmed], _: Desk) -> None:
    """Put them on the list, and have who is on duty told from the commit of this transaction on."""
    await calls.put_down(connection, message.number, [each.contact for each in absent])
    await telling.ask(connection, CALLS, message.number)


async def tell_on_duty(connection: Connection, message: Message, desk: Desk) -> None:
    """Everyone on duty; each has a link of their own, so that it is known who called. Nothing once all is well."""
    waiting = [each for each in await calls.of(connection, message.number) if not each.confirmed]
    if not waiting or await additions.standing(connection, message.number) == "over":
        return
    said = replace(await about(connection, message, desk), recipients=len(waiting))
    keys, url = await signing_keys(connection), PublicUrlSettings().public_url
    users = await _on_duty(connection)
    for user in users:
        link = f"{url}{calls_path(Caller(message.number, user.id), keys)}" if url else ""
        told = notice("calls", replace(said, link=link), desk.templates)
        await notices.tell(connection, [user], told, about=message, by=message.submitted_by, source=desk.source)
    if users:
        log.info("told", what=CALLS, message=message.number, users=[user.id for user in users])
    else:
        log.warning("nobody_to_call", message=message.number)


async def _on_duty(connection: Connection) -> list[User]:
    """Those on duty now, in their order; when there is nobody, every crisis manager."""
    able = {
        user.id: user for user in await all_users(connection) if user.disabled_at is None and may("approve", user.roles)
    }
    shift = await duty.in_force(connection)
    listed = [able[user] for user in (shift.users if shift else ()) if user in able]
    return listed or [user for user in able.values() if "crisis-manager" in user.roles]
