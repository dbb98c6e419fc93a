"""What an approver sees before they approve at a terminal, and what they are told afterwards."""

import sys
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any
from uuid import UUID

import typer

from services.admin.answers import Refusal, console, lines
from services.admin.giving import known
from services.admin.invocation import current
from services.runtime.postgres import connect
from services.store.facts import as_stated


async def ask(message_id: UUID, *, break_glass: str | None) -> None:
    """On a terminal: say what would go out to how many, and ask. Raises `Refusal` when the answer is no."""
    if current.get().json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    async with connect() as connection:
        message = await as_stated(connection, await known(connection, message_id))
    titles = message.content.get("title") or [{"text": ""}]
    exercise = "OEFENING, " if message.exercise else ""
    lines(
        f"{titles[0]['text']}  ({exercise}{message.kind}, {message.lane}, {message.incident})",
        f"{message.recipients} recipients by {', '.join(message.content.get('channels', []))};"
        f" {len(message.findings)} findings; revision {message.revision}",
        *(["The glass is broken: everyone with the role is told at once."] if break_glass is not None else []),
    )(console())
    if not typer.confirm("Release it?"):
        raise Refusal("nothing was approved")


def show_changed(refusal: Refusal) -> None:
    """What each version said at the proof and says now, on stderr; for programs it stands in the answer."""
    if current.get().json:
        return
    for each in refusal.more.get("changed", ()):
        lines(f"{each['audience']} · {each['language']} · {each['channel']}")(console(stderr=True))
        before, now = ((each[part] or "").splitlines() for part in ("before", "now"))
        lines(*(line for line in unified_diff(before, now, n=1, lineterm="") if line[:3] not in ("---", "+++", "@@ ")))(
            console(stderr=True)
        )


async def proof_of(message_id: UUID) -> str | None:
    """The hash of the proof that stands; None while there is none."""
    async with connect() as connection:
        return (await known(connection, message_id)).proof_hash


def told(written: str, result: Mapping[str, Any]) -> Sequence[str]:
    """What became of it, and what to do next."""
    if lacking := result.get("lacking"):
        return f"{written}: your approval is recorded; it still needs {', '.join(lacking)}", "Nothing was released yet"
    following = f"Follow it: `roeland message status {written} --watch`"
    if result.get("state") == "approved":
        following = f"Until it goes out: `roeland message take-back {written}`"
    return f"{written}: {result.get('state')}", following
