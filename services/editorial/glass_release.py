"""A blast goes out as soon as it is proofed, where a crisis manager who confirmed it asked for that.

It is the approval that they would give a moment later, with all its refusals, and without the moment: at night a
third of the time to the first SMS was the way back to the door and here again.
"""

import structlog

from services.domain.commands import ApproveMessage
from services.domain.problems import Refused
from services.editorial.approve import approve
from services.editorial.authority import why_not
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.store import glass_at_proof, messages
from services.store.users import user_by_id

log = structlog.get_logger(__name__)


async def release_proofed(connection: Connection, number: int, desk: Desk) -> None:
    """Release this message, just proofed in this transaction, if that was asked for and these are the recipients.

    Where it is not so, or is refused, it stays proofed: the door that waits for it asks once more, and hears why.
    """
    asked = await glass_at_proof.asked(connection, number)
    message = await messages.by_number(connection, number)
    if asked is None or message is None or message.state != "proofed":
        return
    if message.recipients != asked.confirmed:
        log.warning("glass_not_broken", message=number, why="other recipients than were confirmed")
        return
    user = await user_by_id(connection, asked.user_id)
    body = ApproveMessage(message_id=message.id, proof=message.proof_hash, break_glass=asked.reason)
    if user is None or why_not(body, user):
        log.warning("glass_not_broken", message=number, why="who asked for it may no longer")
        return
    try:
        async with connection.transaction():
            await approve(connection, body, user, desk)
    except (Refusal, Refused):
        log.warning("glass_not_broken", message=number, why="refused")
