"""What stands on the overview: `roeland board` in parts, and round it what is good to know."""

from datetime import timedelta
from typing import Any, Final

from services.admin.answers import as_plain
from services.admin.board import decided
from services.admin.newsletter_view import LOOK_AHEAD
from services.console.live.facts import of_message
from services.console.live.pulse import Pulse
from services.newsletter import upcoming
from services.rendering.centre import zone_in_force
from services.runtime.postgres import Connection
from services.store import board, drafts, health, incidents, messages, newsletters, outside_events
from services.store.live import Stand, asked_to_confirm, stands

CONFIRMING: Final = timedelta(days=3)
"""So long one goes on looking for who has not said that they know."""
LISTED: Final = 8


async def whole(connection: Connection, pulse: Pulse) -> dict[str, Any]:
    """For a page: all parts at once, by event."""
    running = [each for each in await stands(connection) if each.open]
    titles = await board.titles(connection, [each.number for each in running])
    return {
        **await parts(connection, pulse, running=len(running)),
        "progress": [titled(each, titles) for each in running],
    }


async def parts(connection: Connection, pulse: Pulse, *, running: int) -> dict[str, Any]:
    """`board`: what asks for somebody now; `around`: what is good to know."""
    found: dict[str, Any] = as_plain(await decided(connection))
    promises = {each["incident"]: each for each in found.pop("promises")}
    open_incidents = [
        {**as_plain(each), "promise": promises.get(each.slug)} for each in await incidents.listed(connection)
    ]
    late = sorted(open_incidents, key=lambda each: each["promise"]["promised_at"] if each["promise"] else "9")
    return {
        "board": {**found, "running": running, "incidents": len(late), "new": await health.is_new(connection)},
        "around": {
            "incidents": late,
            "confirming": await _confirming(connection),
            "drafts": await _drafts(connection),
            "reports": as_plain(await outside_events.reports(connection, LISTED)),
            "newsletters": await _newsletters(connection),
            "health": await _health(connection, pulse),
        },
    }


def titled(stand: Stand, titles: dict[int, str]) -> dict[str, Any]:
    """A message as `facts.of_message` has it, with its title."""
    return {**of_message(stand), "title": titles.get(stand.number, "")}


async def _confirming(connection: Connection) -> list[dict[str, Any]]:
    """Where somebody has not confirmed yet."""
    found = await stands(connection, await asked_to_confirm(connection, CONFIRMING))
    missing = [each for each in found if each.confirmed is not None and each.confirmed < each.recipients]
    titles = await board.titles(connection, [each.number for each in missing])
    return [
        {
            "id": str(each.id), "title": titles.get(each.number, ""), "incident": each.incident,
            "recipients": each.recipients, "confirmed": each.confirmed, "released_at": as_plain(each.released_at),
        }
        for each in reversed(missing)
    ]  # fmt: skip


async def _drafts(connection: Connection) -> list[dict[str, Any]]:
    """What nobody handed in yet, the last changed first; `sender` is the outside system, else who wrote last."""
    senders = {each.draft: each.sender for each in await outside_events.waiting_drafts(connection, LISTED)}
    return [
        {
            "draft": str(each.id), "title": _title(each.content), "sender": senders.get(each.id) or each.editor,
            "outside": each.id in senders, "last_at": as_plain(each.changed_at),
        }
        for each in await drafts.unfinished(connection, limit=LISTED)
    ]  # fmt: skip


def _title(content: dict[str, Any]) -> str:
    """As far as it has one: a draft is whatever the form held."""
    told = (content.get("file") or {}).get("title") or []
    first = told[0] if isinstance(told, list) and told else told
    return str(first.get("text") or "") if isinstance(first, dict) else str(first or content.get("about") or "")


async def _newsletters(connection: Connection) -> list[dict[str, Any]]:
    """When the next edition of each goes out; None within two weeks where none does."""
    now, zone = await messages.database_time(connection), zone_in_force()
    found = []
    for each in await newsletters.all_newsletters(connection):
        coming = await upcoming.coming(connection, each, zone, now, LOOK_AHEAD)
        at = next((day.day.moment for day in coming if day.plan == "goes-out"), None)
        title = next(t.text for t in each.definition.title if t.language == each.definition.language)
        found.append({"slug": each.slug, "title": title, "at": as_plain(at), "paused": each.paused(now)})
    return sorted(found, key=lambda each: (each["at"] or "9", each["slug"]))


async def _health(connection: Connection, pulse: Pulse) -> dict[str, Any]:
    found = await health.undone(connection)
    since = {"publishing": found.publishing, "commands": found.commands, "timers": found.timers}
    return {"since": as_plain(since), "workers": pulse.of(found.beats)}
