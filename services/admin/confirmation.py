"""How many of a message's recipients confirmed that they know, as `message status` tells it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.confirmations import Tally
    from services.store.messages import Message


async def confirmation_of(connection: "Connection", message: "Message") -> dict[str, Any]:
    """`confirmation`, of a message that asks for it, else nothing.

    Counted are those who were asked: a deputy who only stands in for another is a recipient, and is not asked.
    """
    from services.store import confirmations

    if message.confirm_minutes is None:
        return {}
    tallies = await confirmations.tallies(connection, message.number)
    asked = sum(each.asked for each in tallies.by_audience.values())
    known = sum(each.confirmed for each in tallies.by_audience.values())
    released = message.released_at
    return {
        "confirmation": {
            "asked": asked,
            "confirmed": known,
            "not_confirmed": asked - known,
            "deadline": released + timedelta(minutes=message.confirm_minutes) if released else None,
            "by_audience": {name: _counted(each) for name, each in tallies.by_audience.items()},
            "by_province": {name: _counted(each) for name, each in tallies.by_province.items()},
        }
    }


def confirmation_told(written: str, found: dict[str, Any]) -> list[str]:
    """In words; those who did not are named by another command."""
    from services.admin.answers import instant

    if not found:
        return []
    about = found["confirmation"]
    until = f", asked until {instant(about['deadline'])}" if about["deadline"] else ""
    told = [f"{about['confirmed']} of {about['asked']} confirmed{until}"]
    behind = [f"{name or '(no province)'} {each['not_confirmed']}" for part in ("by_audience", "by_province")
              for name, each in about[part].items() if each["not_confirmed"]]  # fmt: skip
    if about["not_confirmed"]:
        told.append(f"not yet: {', '.join(behind)}")
        told.append(f"Who they are: `roeland message who {written} --not-confirmed`")
    return told


def _counted(each: "Tally") -> dict[str, int]:
    return {"asked": each.asked, "confirmed": each.confirmed, "not_confirmed": each.not_confirmed}
