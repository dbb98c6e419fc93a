"""An event becomes a draft, for a person to finish at `/compose/{id}`: nothing that came from outside sends itself."""

import asyncio
from typing import Any
from uuid import UUID

from uuid_utils import uuid7

from services.admin.playbook_entries import begun
from services.console.composing.shape import normal
from services.console.outside.correlating import correlation_of, keeper, open_incident, quiet, slug_of, tell
from services.domain import limits
from services.domain.configuration import Configuration
from services.domain.event_mapping import PREPARATION, Draft, Rule
from services.rendering.event_words import fill, fill_all
from services.runtime.postgres import Connection
from services.store import audit, outside_events
from services.store.incidents import Incident
from services.store.outside_events import Claimed


async def to_draft(
    connection: Connection, event: Claimed, rule: Rule, draft: Draft, configuration: Configuration
) -> int:
    """The thread that it belongs to; the caller commits. Raises `CannotFill`, `Foreseen`, `Refusal`, `Refused`."""
    correlation = correlation_of(event, rule)
    there = await outside_events.latest_thread(connection, correlation, draft=True)
    if there is not None and there.is_within(quiet(rule)):
        await outside_events.join(connection, there.id, quiet(rule))
        return there.id
    title = fill(draft.title, event.body, event.sender_name, field="draft.title", most=limits.TITLE_CHARACTERS)
    incident, _ = await open_incident(connection, _incident(event, rule, draft, title, configuration))
    content = await asyncio.to_thread(_content, event, draft, incident.slug)
    made, by = UUID(str(uuid7())), await keeper(connection, event)
    await outside_events.begin_draft(connection, made, content, by)
    await audit.record(
        connection, actor=None, action="draft.begun", subject=f"draft:{made}", detail={"event": event.number}
    )
    thread = await outside_events.open_thread(connection, correlation, title, event.sender, draft=made, incident=None)
    await tell(connection, rule, thread)
    return thread


def _incident(event: Claimed, rule: Rule, draft: Draft, title: str, configuration: Configuration) -> Incident:
    phases = configuration.phase_ids
    slug = slug_of(event, rule, draft.incident)
    phase = PREPARATION if PREPARATION in phases else phases[0]
    return Incident(slug, title or slug, phase, draft.exercise)


def _content(event: Claimed, draft: Draft, incident: str) -> dict[str, Any]:
    """As somebody would have begun it: the file of a message with what is known, and the questions that are open."""
    sender, body = event.sender_name, event.body
    if draft.playbook:
        holes = {name: fill(text, body, sender, field=f"draft.holes.{name}") for name, text in draft.holes.items()}
        playbook, entry, file = begun(
            draft.playbook, incident=incident, entry=draft.entry, given=holes, exercise=draft.exercise
        )
        questions = {name: f"{hole.ask} ({hole.limits})" for name, hole in entry.holes.items() if name not in holes}
        return {"file": normal(file), "questions": questions, "about": f"{sender}: {playbook.title}, {entry.entry}"}
    filled: dict[str, Any] = fill_all(draft.file, body, sender, ("draft", "file"))
    exercise = {"exercise": True} if draft.exercise else {}
    return {"file": normal({"incident": incident, **filled, **exercise}), "questions": {}, "about": sender}
