"""The story of the demo, told with the commands that users type: the same functions, on the same settings."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.admin import contacts, decisions, messages, users
from services.admin.answers import Answer, Refusal
from services.admin.demo_message import write_message
from services.admin.demo_place import EXAMPLES, Place
from services.admin.demo_screen import Screen
from services.admin.invocation import Invocation, current
from services.domain.states import State
from services.runtime.postgres import connect
from services.store.status import Status, status

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHOR: Final = "an@ccvo.example"
APPROVER: Final = "bo@ccvo.example"
LOOK_EVERY: Final = 0.1
GIVE_UP_AFTER: Final = 60.0
"""Seconds in which nothing changed."""
REPORTS_WITHIN: Final = 15.0
"""Seconds that delivery reports of SMS get after everything was handed over."""


@dataclass(frozen=True, slots=True)
class Played:
    """What the story came to. `contacts`: how many were imported; `status`: how the message stood at the end."""

    message_id: UUID
    contacts: int
    status: Status


async def play(place: Place, screen: Screen) -> Played:
    """Play it to the end. Raises `Refusal` when a command is refused that should not be, or the reverse."""
    await _add_users(place, screen)
    imported = await _import(place, screen)
    message_id = await _submit(place, screen)
    await _approve(message_id, screen)
    return Played(UUID(message_id), imported, await _follow(UUID(message_id), screen))


async def _add_users(place: Place, screen: Screen) -> None:
    screen.step("Two users, each with a key that signs what they ask")
    for email, roles in ((AUTHOR, ["author", "approver"]), (APPROVER, ["approver"])):
        options = " ".join(f"--role {role}" for role in roles)
        await _given(screen, f"users add {email} {options}", users.add(email, role=roles))
        key = await _given(screen, f"users key {email}", users.key(email), show=False)
        screen.told(f"key {key['fingerprint']} is registered; the private one stays in {place.short(place.keys)}")


async def _import(place: Place, screen: Screen) -> int:
    screen.step("The people to be told: governors, 285 local governments, officials …")
    file = EXAMPLES / "contacts.csv"
    answer = await _given(screen, f"contacts import {place.short(file)}", contacts.import_(file))
    return int(answer["added"])


async def _submit(place: Place, screen: Screen) -> str:
    screen.step("One of them writes: an urgent alert about a cyber incident")
    file = write_message(place.folder / "cyber-incident.yaml", now=datetime.now(ZoneInfo("Europe/Brussels")))
    command = f"message submit {place.short(file)} --as {AUTHOR}"
    answer = await _given(screen, command, messages.submit(file), as_email=AUTHOR)
    if answer["state"] != "proofed":
        raise Refusal("the message was not proofed in time: see the log of editorial")
    return str(answer["id"])


async def _approve(message_id: str, screen: Screen) -> None:
    screen.step("Four eyes: nobody approves their own message; a second user does")
    try:
        command = f"message approve {message_id} --as {AUTHOR}"
        await _given(screen, command, decisions.approve(message_id), as_email=AUTHOR)
    except Refusal as refusal:
        screen.told(f"roeland: {refusal.error}", style="yellow")
    else:
        raise Refusal("the author could approve their own message, which must never be")
    command = f"message approve {message_id} --as {APPROVER}"
    await _given(screen, command, decisions.approve(message_id), as_email=APPROVER, show=False)


async def _follow(message_id: UUID, screen: Screen) -> Status:
    """Look on until everything is handed over and the texts are reported delivered, or nothing moves any more."""
    screen.step("On its way")
    with screen.progress() as show:
        async with connect(autocommit=True) as connection:
            found, moved_at, open_until = await status(connection, message_id), time.monotonic(), time.monotonic()
            while not _over(found, moved_at, open_until):
                await asyncio.sleep(LOOK_EVERY)
                before, found = found, await status(connection, message_id)
                moved_at = time.monotonic() if found != before else moved_at
                open_until = time.monotonic() if found is None or found.open else open_until
                if found:
                    show(found)
    if found is None:
        raise Refusal(f"there is no message {message_id} any more")
    return found


def _over(found: Status | None, moved_at: float, open_until: float) -> bool:
    if found is None or found.open or found.state in {"released", "sending"}:
        return time.monotonic() - moved_at > GIVE_UP_AFTER
    unreported = found.channels.get("sms", {}).get(State.ACCEPTED.word, 0)
    return not unreported or time.monotonic() - open_until > REPORTS_WITHIN


async def _given(
    screen: Screen, command: str, answer: Awaitable[Answer], *, as_email: str | None = None, show: bool = True
) -> dict[str, Any]:
    """Show what a user types, do it as that user, and show what they would read; what a program would get."""
    screen.typed(f"roeland {command}")
    with _acting(as_email):
        given = await answer
    if show:
        given.show(screen.out)
    document: dict[str, Any] = given.document
    return document


@contextmanager
def _acting(as_email: str | None) -> "Iterator[None]":
    token = current.set(Invocation(json=current.get().json, as_email=as_email))
    try:
        yield
    finally:
        current.reset(token)
