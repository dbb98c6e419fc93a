"""How this door gives a command that needs a user: signed with their key when it is on this machine."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.admin.acting import acting_user
from services.admin.answers import Refusal, Unanswered
from services.admin.invocation import current, new_id, once
from services.admin.keys import private_key
from services.domain.commands import Answer, Body, Command
from services.runtime import commands
from services.runtime.origin import origin
from services.runtime.postgres import Connection, connect
from services.store import messages

if TYPE_CHECKING:
    from services.store.messages import Message

SOURCE: Final = "/roeland/admin"
SECONDS: Final = 30.0
LOOK_EVERY: Final = 1.0
PROOFED: Final = "roeland_proof"
"""The NOTIFY channel on which editorial says that a message was proofed."""


async def give(body: Body, *, key: str | None = None) -> dict[str, Any]:
    """Give the command and wait for its answer; its result. Raises `Refusal` with the reason when it is refused.

    `key` is the incident; None looks it up by the message's id, which the body then has.
    """
    async with connect(autocommit=True) as connection:
        user = await acting_user(connection)
        incident = key or (await known(connection, body.message_id)).incident  # type: ignore[union-attr]
        command = Command(id=new_id(), user=user.id, given_at=datetime.now(UTC), body=body)
        voucher = current.get().voucher
        if voucher is None and (private := private_key(user.email)):
            command = command.signed(private)
        source = origin().partition(" ")[0] or SOURCE
        answer = await _heard_before(connection, command.id) or await commands.give(
            connection, command, key=incident, source=source, seconds=SECONDS, voucher=voucher
        )
    if answer == commands.LAPSED:
        raise Unanswered(answer.error or "refused")
    if not answer.done:
        raise Refusal(answer.error or "refused", problems=answer.problems, more=answer.result)
    return answer.result


async def _heard_before(connection: Connection, command_id: UUID) -> "Answer | None":
    """Of a call that is made again because its first answer was lost: what was answered to its command."""
    return await commands.given_before(connection, command_id, seconds=SECONDS) if once.get() else None


async def when_proofed(message_id: UUID, *, seconds: float) -> "Message":
    """The message once it is proofed, or as it stands after so many seconds."""
    deadline = time.monotonic() + seconds
    async with connect(autocommit=True) as connection:
        await connection.execute(f"LISTEN {PROOFED}".encode())
        while True:
            message = await known(connection, message_id)
            left = deadline - time.monotonic()
            if message.state != "submitted" or left <= 0:
                return message
            async for _ in connection.notifies(timeout=min(left, LOOK_EVERY), stop_after=1):
                pass


async def known(connection: Connection, message_id: UUID, *, lock: bool = False) -> "Message":
    """The message with this id. Raises `Refusal` when there is none."""
    found = await messages.find(connection, message_id, lock=lock)
    if found is None:
        raise _no(message_id)
    return found


def message_id(written: str) -> UUID:
    """An id as somebody typed it. Raises `Refusal` for what cannot be one."""
    try:
        return UUID(written)
    except ValueError:
        raise _no(written) from None


def _no(message: object) -> Refusal:
    return Refusal(f"there is no message {message}: `roeland message list` shows what there is", missing=[message])
