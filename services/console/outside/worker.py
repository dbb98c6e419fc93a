"""Maps what waits, beside answering: one event in one transaction, so that kill -9 neither loses nor doubles one.

What cannot be mapped is kept as failed, with the reason; it is mapped again when somebody replays it. A mapping file
that cannot be read leaves everything waiting: mended, it goes on by itself.
"""

import asyncio
from typing import Final

import structlog
from pydantic_settings import SettingsError

from services.admin.answers import Refusal
from services.console.desk import Desk
from services.console.outside.drafting import to_draft
from services.console.outside.reporting import to_report
from services.domain.event_mapping import EventMapping
from services.domain.problems import Refused
from services.rendering.event_mapping import mapping_in_force
from services.rendering.event_words import CannotFill
from services.runtime.errors import Foreseen
from services.runtime.postgres import AWAY, Connection, Pool, listen
from services.runtime.records import unforeseen
from services.runtime.repeat import every, together, when_woken
from services.store import alarms, outside_events
from services.store.alarms import EVENTS_FAILED, Alarm
from services.store.outside_events import CHANNEL, Claimed

LOOK_SECONDS: Final = 5.0
PRUNE_SECONDS: Final = 3600.0
FORESEEN: Final = (CannotFill, Refusal, Refused, Foreseen)

log = structlog.get_logger(__name__)


async def work(desk: Desk) -> None:
    """Until it is cancelled."""
    woken = asyncio.Event()
    await together(
        listen(desk.database.url(), CHANNEL, woken.set),
        when_woken(woken, LOOK_SECONDS, lambda: map_waiting(desk), what="events from outside"),
        every(PRUNE_SECONDS, lambda: _prune(desk), what="events from outside"),
    )


async def map_waiting(desk: Desk) -> int:
    """Map all that waits; how many. Nothing while the mapping cannot be read."""
    mapping = await _mapping(desk)
    mapped = 0
    while mapping is not None and await map_next(desk, mapping):
        mapped += 1
    if mapped:
        await _alarm(desk.pool, {})
    return mapped


async def map_next(desk: Desk, mapping: EventMapping) -> bool:
    """Map the oldest that waits and nobody else maps; False when there is none."""
    async with desk.pool.connection() as connection, connection.transaction():
        event = await outside_events.claim(connection)
        if event is None:
            return False
        rule = mapping.rule_for(event.body, event.sender_name)
        name = rule.name if rule else None
        try:
            async with connection.transaction():
                state, thread = await _map(connection, event, mapping, desk)
        except AWAY:
            raise
        except FORESEEN as problem:
            await outside_events.settle(connection, event.number, "failed", rule=name, problem=str(problem))
            log.warning("event_failed", number=event.number, rule=name)
        except Exception as problem:
            why = unforeseen(problem)
            await outside_events.settle(connection, event.number, "failed", rule=name, problem=why)
            log.error("event_failed", number=event.number, rule=name, problem=why)
        else:
            await outside_events.settle(connection, event.number, state, rule=name, thread=thread)
    return True


async def _map(connection: Connection, event: Claimed, mapping: EventMapping, desk: Desk) -> tuple[str, int | None]:
    """The state that it ends in, and the thread that it belongs to."""
    rule = mapping.rule_for(event.body, event.sender_name)
    if rule is None:
        raise Foreseen(f"no rule of the mapping fits type {event.body['type']} from {event.sender_name}")
    if rule.report is not None:
        return "done", await to_report(connection, event, rule, rule.report, desk.configuration)
    if rule.draft is not None:
        return "done", await to_draft(connection, event, rule, rule.draft, desk.configuration)
    return "ignored", None


async def _mapping(desk: Desk) -> EventMapping | None:
    try:
        return await asyncio.to_thread(mapping_in_force, desk.configuration)
    except (Refused, Foreseen, SettingsError) as problem:
        log.error("event_mapping_wrong", problem=str(problem)[:500])
        await _alarm(desk.pool, {"mapping": str(problem)[:300]})
        return None


async def _alarm(pool: Pool, detail: dict[str, str]) -> None:
    """It stands while something failed, or the mapping is wrong."""
    async with pool.connection() as connection:
        failed = await outside_events.count_failed(connection)
        if failed or detail:
            await alarms.ring(connection, Alarm(EVENTS_FAILED, "events", {"failed": failed, **detail}))
        else:
            await alarms.hush(connection, (EVENTS_FAILED, "events"))


async def _prune(desk: Desk) -> None:
    async with desk.pool.connection() as connection:
        await outside_events.prune(connection, desk.settings.events_keep_days)


async def unending(desk: Desk) -> None:
    """`work`, begun again after whatever nobody foresaw: it must not end while the console answers."""
    while True:
        try:
            await work(desk)
        except Exception as problem:
            log.error("unforeseen", during="events from outside", problem=unforeseen(problem))
        await asyncio.sleep(LOOK_SECONDS)
