"""Between approval and release: routine messages may be taken back for ten seconds, embargoed ones wait for their hour.

A timer only says that it may be time. Whether it is, is asked of the message's row, locked: a timer of an approval that
was taken back finds nothing to do.
"""

from datetime import datetime, timedelta
from typing import Final

from uuid_utils import uuid7

from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message

KIND: Final = "release"
"""Kind of the timer that releases what was approved; its subject is the message's number."""

NEVER_HELD: Final = frozenset({"correction", "all-clear"})
"""Kinds for which nobody waits: an error stands until then, or people stay inside."""


def due(message: Message, approved_at: datetime, take_back: timedelta) -> datetime:
    """When it goes out, approved then: not before its embargo ends, nor while it may be taken back."""
    held = message.lane == "routine" and message.kind not in NEVER_HELD
    return max(approved_at + (take_back if held else timedelta(0)), message.release_at or approved_at)


async def must_wait(connection: Connection, message: Message, take_back: timedelta) -> bool:
    """Whether it goes out later than at once, if it is approved now."""
    now = await messages.database_time(connection)
    return due(message, now, take_back) > now


async def wait(connection: Connection, message: Message, approved_by: int, take_back: timedelta) -> Message:
    """Approve it, and have it released when it is due; returns it as it then is."""
    approved = await messages.set_approved(connection, message.number, approved_by)
    await set_timer(connection, approved, take_back)
    return approved


async def set_timer(connection: Connection, message: Message, take_back: timedelta) -> None:
    """Have an approved message looked at when it is due."""
    assert message.approved_at is not None  # noqa: S101 - it is approved
    moment = due(message, message.approved_at, take_back)
    await timers.set_timer(connection, KIND, str(message.number), str(uuid7()), moment)
