"""What a correction or an all-clear must be, seen from what was said before it in its incident."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from services.domain.commands import SubmitMessage
from services.domain.content import MessageContent
from services.domain.problems import Finding
from services.editorial.refusal import Refusal, problem
from services.runtime.postgres import Connection
from services.store import corrections
from services.store.messages import Message

SAYS_SO: Final = re.compile("rechtzet|rechtgezet|rectifi|correct|berichtig", re.IGNORECASE)


async def refuse_second(
    connection: Connection, body: SubmitMessage, content: MessageContent, corrected: Message | None
) -> None:
    """Refuse a second correction of one message, and a second all-clear of one danger. Raises `Refused`, `Refusal`.

    Call with what is corrected, or the incident, locked: of two at once the second sees the first.
    """
    if corrected is not None:
        await _refuse_second_correction(connection, body.message_id, corrected)
    elif content.kind == "all-clear" and not body.again:
        await _refuse_second_all_clear(connection, body.message_id, content.incident)


async def _refuse_second_correction(connection: Connection, message_id: UUID, corrected: Message) -> None:
    other = await corrections.of(connection, corrected.number, apart_from=message_id)
    if other is None:
        return
    if other.released_at is not None:
        remedy = f"Correct that one, `corrects: {other.id}`: it reaches whoever got either of them."
        raise problem("corrects", f"Message {corrected.id} was put right already, by {other.id}.", remedy)
    what = f"There is a correction of message {corrected.id} already, {other.id}, which is {other.state}."
    remedy = f"Submit this with --revises {other.id}, or `roeland message reject {other.id}` first."
    raise problem("corrects", what, remedy)


async def _refuse_second_all_clear(connection: Connection, message_id: UUID, incident: str) -> None:
    other = await corrections.all_clear_of(connection, incident, apart_from=message_id)
    if other is None:
        return
    waits = "" if other.released_at else f", which is {other.state}: revise it with --revises {other.id}"
    raise Refusal(
        f"there is an all-clear of {incident} already, {other.id}{waits}; nobody was alerted since."
        " --again sends a second one",
        existing=str(other.id),
    )


def findings(content: MessageContent, owed: Mapping[str, Collection[str]]) -> list[Finding]:
    """Warnings. `owed`: by audience the channels on which those who must get it were told before."""
    if content.kind not in ("correction", "all-clear"):
        return []
    return _narrower(content, {channel for channels in owed.values() for channel in channels}) + _unsaid(content)


def _narrower(content: MessageContent, used: Collection[str]) -> list[Finding]:
    if not (missing := set(used) - set(content.channels)):
        return []
    before = "Wat dit rechtzet" if content.kind == "correction" else "Wat in dit incident gezegd is"
    what = f"{before}, ging ook langs {', '.join(sorted(missing))}."
    remedy = "Laat `channels` weg. Wie op de genoemde niet te bereiken is, krijgt het op het kanaal van toen."
    return [Finding("warning", "channels", what, remedy)]


def _unsaid(content: MessageContent) -> list[Finding]:
    """An SMS that is given is sent as it is."""
    if content.kind != "correction":
        return []
    return [
        Finding("warning", f"sms[{number}]", "Deze sms zegt niet dat hij iets rechtzet.", "Begin met RECHTZETTING.")
        for number, text in enumerate(content.sms)
        if not SAYS_SO.search(text.text)
    ]
