"""An event becomes a report: it opens an incident, in preparation, or adds to the history of one that is open."""

from typing import Final

from services.console.outside.correlating import correlation_of, open_incident, quiet, slug_of, tell
from services.domain import limits
from services.domain.configuration import Configuration
from services.domain.event_mapping import Report, Rule
from services.rendering.event_words import cut, fill
from services.runtime.postgres import Connection
from services.store import audit, incidents, outside_events
from services.store.incidents import Incident
from services.store.outside_events import Claimed

REASON_CHARACTERS: Final = 1000


async def to_report(
    connection: Connection, event: Claimed, rule: Rule, report: Report, configuration: Configuration
) -> int:
    """The thread that it belongs to; the caller commits. Raises `CannotFill`, `Foreseen`."""
    correlation = correlation_of(event, rule)
    text = fill(report.text, event.body, event.sender_name, field="report.text", most=REASON_CHARACTERS)
    there = await outside_events.latest_thread(connection, correlation, draft=False)
    if there is not None and there.incident:
        if await outside_events.join(connection, there.id, quiet(rule)):
            more = f" ({there.events + 1} meldingen)"
            await incidents.note(connection, there.incident, event.sender_name, cut(text, REASON_CHARACTERS) + more)
        return there.id
    incident, opened = await open_incident(connection, _incident(event, rule, report, configuration))
    await incidents.note(connection, incident.slug, event.sender_name, text)
    if opened:
        await audit.record(
            connection, actor=None, action="incident.opened", subject=f"incident:{incident.slug}",
            detail={"exercise": incident.exercise, "phase": incident.phase, "event": event.number},
        )  # fmt: skip
    thread = await outside_events.open_thread(
        connection, correlation, incident.title, event.sender, draft=None, incident=incident.slug
    )
    await tell(connection, rule, thread)
    return thread


def _incident(event: Claimed, rule: Rule, report: Report, configuration: Configuration) -> Incident:
    title = fill(report.title, event.body, event.sender_name, field="report.title", most=limits.TITLE_CHARACTERS)
    phase = report.phase if report.phase in configuration.phase_ids else configuration.phase_ids[0]
    slug = slug_of(event, rule, report.incident)
    return Incident(slug, title or slug, phase, report.exercise, report.type, report.level)
