"""What `fact impact` tells of a message, and the corrections that it drafts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from services.admin.answers import Refusal
from services.domain.message_file import parse_message_file
from services.incidents.draft import draft
from services.incidents.impact import Impact
from services.runtime.configuration import configuration_in_force
from services.runtime.postgres import Connection
from services.store import messages
from services.store.facts import as_stated


def about(impact: Impact) -> dict[str, Any]:
    """For programs: what was said, what holds now, and to how many people."""
    return {
        "message": impact.message,
        "state": impact.state,
        "released_at": impact.released_at,
        "fact": impact.key,
        "differs": list(impact.differs),
        "stated": _said(impact.stated),
        "now": _said(impact.now),
        "people": impact.people,
        "feeds": list(impact.feeds),
        "corrected_by": impact.corrected_by,
    }


async def drafted(connection: Connection, found: Sequence[Impact], path: Path) -> dict[str, str]:
    """A correction of each released message that has none yet, in a new file; the files by message."""
    owed = [impact for impact in found if impact.released_at and impact.corrected_by is None]
    by_message = [list(group) for _, group in groupby(owed, key=lambda impact: impact.number)]
    if not by_message:
        raise Refusal("there is nothing to correct: no released message without a correction said anything else")
    paths = [path, *(path.with_stem(f"{path.stem}-{place}") for place in range(2, len(by_message) + 1))]
    if there := [each for each in paths if each.exists()]:
        raise Refusal(f"{there[0]} is there already: choose another name")
    texts = {each: await _text(connection, group, each) for each, group in zip(paths, by_message, strict=False)}
    for each, text in texts.items():
        with each.open("x", encoding="utf-8") as file:
            file.write(text)
    return {str(group[0].message): str(each) for each, group in zip(paths, by_message, strict=False)}


async def _text(connection: Connection, impacts: Sequence[Impact], path: Path) -> str:
    original = await messages.by_number(connection, impacts[0].number)
    assert original is not None  # noqa: S101 - it has an impact
    text = draft(await as_stated(connection, original), impacts)
    parse_message_file(text, name=str(path), now=datetime.now(UTC), configuration=configuration_in_force())
    return text


def _said(version: Any) -> dict[str, Any]:
    return {
        "version": version.version,
        "status": version.status,
        "statements": dict(version.statements),
        "values": dict(version.literals),
    }
