"""A message waits for approval: who is on duty is told, then the next, until somebody has decided.

Where no duty list was ever set nobody is told. Where one was, and nobody is on duty now, all crisis managers are.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from services.domain.identity import may
from services.editorial import telling
from services.editorial.desk import Desk
from services.rendering.context import EXERCISE
from services.rendering.notices import About, notice
from services.runtime.postgres import Connection
from services.store import approvals, duty, incidents, messages, notices, variants
from services.store.messages import FOR_USERS, Message
from services.store.users import User, all_users

WAITS: Final = "waits"
"""What is told (`telling`): somebody is to decide about this message."""

log = structlog.get_logger(__name__)


async def call(connection: Connection, message: Message, _: Desk) -> None:
    """It waits for approval from the commit of this transaction on: have the first be told then."""
    if message.kind not in FOR_USERS and await duty.ever_set(connection):
        await telling.ask(connection, WAITS, message.number)


async def tell_next(connection: Connection, message: Message, desk: Desk) -> None:
    """Tell the next of who is on duty; after the last, every crisis manager, once. Nothing once it is decided."""
    if not await _waits(connection, message):
        return
    able = await _able(connection, message)
    called = {each.user_id for each in await duty.calls(connection, [message.number])}
    shift = await duty.in_force(connection)
    listed = [able[user] for user in (shift.users if shift else ()) if user in able and user not in called]
    if listed:
        await _tell(connection, message, listed[:1], desk, last=False)
        await telling.ask(connection, WAITS, message.number, desk.duty.patience(message.lane))
        return
    managers = sorted((user for user in able.values() if "crisis-manager" in user.roles), key=lambda user: user.id)
    if managers:
        await _tell(connection, message, managers, desk, last=True)
    else:
        log.warning("nobody_to_call", message=message.number)


async def _waits(connection: Connection, message: Message) -> bool:
    expired = message.expires_at and message.expires_at <= await messages.database_time(connection)
    return message.state == "proofed" and not expired


async def _able(connection: Connection, message: Message) -> dict[int, User]:
    """Who could approve it now, by number: not who wrote a revision of it, nor who approved already."""
    out = await approvals.authors(connection, message.id)
    out |= {each.user_id for each in await approvals.counting(connection, message.number, message.proof_hash or "")}
    users = await all_users(connection)
    return {u.id: u for u in users if u.disabled_at is None and may("approve", u.roles) and u.id not in out}


async def _tell(connection: Connection, message: Message, users: Sequence[User], desk: Desk, *, last: bool) -> None:
    told = notice("last-call" if last else "waits", await about(connection, message, desk), desk.templates)
    by = message.submitted_by
    await notices.tell(connection, users, told, about=message, by=by, source=desk.source)
    await duty.record_call(connection, message.number, [user.id for user in users])
    log.info("called", message=message.number, users=[user.id for user in users], last=last)


async def about(connection: Connection, message: Message, desk: Desk, *, by: str = "", reason: str = "") -> About:
    """What a notice may say of this message. `by`: an address."""
    incident = await incidents.find(connection, message.incident)
    return About(
        message_id=str(message.id),
        incident=message.incident,
        incident_title=incident.title if incident else "",
        title=await _title(connection, message),
        kind=message.kind,
        urgency=message.lane,
        exercise=message.exercise,
        recipients=message.recipients,
        channels=list(message.content.get("channels", [])),
        expires_at=message.expires_at,
        console_url=desk.duty.console_url,
        by=by,
        reason=reason,
    )


async def _title(connection: Connection, message: Message) -> str:
    """As its readers see it; where none of its versions has a subject, as its author wrote it."""
    subjects = [each.subject for each in (await variants.read(connection, message.number)).values() if each.subject]
    written = (message.content.get("title") or [{}])[0].get("text") or ""
    return (subjects[0] if subjects else written).removeprefix(f"[{EXERCISE}] ")
