"""What `message status` says of a correction, and of a message that was corrected or withdrawn."""

from typing import TYPE_CHECKING, Any

from services.admin.answers import instant, lines
from services.runtime.postgres import Connection
from services.store import corrections
from services.store.messages import Message

if TYPE_CHECKING:
    from rich.console import Console


async def put_right(connection: Connection, message: Message) -> dict[str, Any]:
    """`correction`, `corrected_by` and `withdrawn_at`: each only where there is something to say."""
    said: dict[str, Any] = {
        "correction": await corrections.about(connection, message),
        "corrected_by": await corrections.corrected_by(connection, message.number),
        "withdrawn_at": message.withdrawn_at,
    }
    return {name: value for name, value in said.items() if value}


def show_put_right(out: "Console", said: dict[str, Any]) -> None:
    """The same, for people."""
    if (correction := said.get("correction")) is not None:
        minutes = {name: value for name, value in correction.minutes_to_correction.items() if value is not None}
        after = "; ".join(f"{name} accepted after {value:g} minutes" for name, value in minutes.items())
        lines(f"puts right {correction.corrects}{f': {after}' if after else ''}")(out)
        if correction.not_reached:
            missed = f"{correction.not_reached} who got the error have no accepted copy of this"
            lines(f"{missed}: `roeland message who ID --not-corrected`")(out)
    for each in said.get("corrected_by", ()):
        lines(f"put right by {each}")(out)
    if withdrawn_at := said.get("withdrawn_at"):
        lines(f"withdrawn {instant(withdrawn_at)}")(out)
