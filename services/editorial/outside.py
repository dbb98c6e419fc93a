"""An outside system reported something, or had a draft made: who is on duty is told, once for all events about it.

Where nobody is on duty the crisis managers are told: what comes at night must not wait until somebody looks.
"""

import structlog

from services.editorial.desk import Desk
from services.editorial.missed import on_duty
from services.rendering.notices import About, notice
from services.runtime.postgres import Connection
from services.store import incidents, notices, outside_events
from services.store.incidents import Incident
from services.store.notices import Subject
from services.store.outside_events import Thread
from services.store.users import with_role

log = structlog.get_logger(__name__)


async def tell(connection: Connection, number: int, desk: Desk) -> None:
    """Tell of this thread, if what it led to is still there to be decided on."""
    thread = await outside_events.thread(connection, number)
    incident = await incidents.find(connection, thread.about) if thread and thread.about else None
    if thread is None or incident is None or incident.closed_at:
        return
    users = await on_duty(connection) or await with_role(connection, ["crisis-manager"])
    if not users:
        log.warning("nobody_to_tell", what="outside", thread=number)
        return
    about = Subject(incident.slug, incident.phase, incident.exercise, f"outside:{number}")
    told = notice("outside", _about(thread, incident, desk), desk.templates)
    await notices.tell(connection, users, told, about=about, by=users[0].id, source=desk.source)
    log.info("told", what="outside", thread=number, users=[user.id for user in users])


def _about(thread: Thread, incident: Incident, desk: Desk) -> About:
    console = desk.duty.console_url
    path = f"compose/{thread.draft}" if thread.draft else f"incidents/{incident.slug}"
    return About(
        message_id="",
        incident=incident.slug,
        incident_title=incident.title,
        title=thread.title,
        kind="alert",
        urgency="urgent",
        exercise=incident.exercise,
        recipients=0,
        channels=[],
        console_url=console,
        by=thread.sender,
        link=f"{console}/{path}" if console else "",
    )
