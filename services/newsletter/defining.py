"""A newsletter is made, or defined anew: its series, the first date that is decided, and the clock woken for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.domain import schedules
from services.domain.configuration import Configuration
from services.domain.newsletters import Newsletter
from services.domain.schedules import Day
from services.newsletter import arrears, upcoming, waking
from services.newsletter.refusal import Cannot
from services.runtime.postgres import Connection
from services.store import audit, editions, incidents, newsletter_approvals, newsletters
from services.store.incidents import Incident
from services.store.newsletters import NewsletterRow

Change = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Defined:
    """What came of it. `voided`: there is a standing approval, and it does not hold for what this now is.
    `holds_again`: it did not hold, and was given for just this."""

    newsletter: NewsletterRow
    change: Change
    voided: bool = False
    holds_again: bool = False


async def define(
    connection: Connection,
    definition: Newsletter,
    configuration: Configuration,
    *,
    now: datetime,
    zone: ZoneInfo,
    by: int,
) -> Defined:
    """Make it; or, if there is one of this name, define that anew. Raises `Cannot`.

    A new one begins with the first date whose hour is still to come: no date is missed before there was a newsletter.
    """
    found = await newsletters.find(connection, definition.slug, lock="wait")
    if found is None:
        return Defined(await _add(connection, definition, configuration, now=now, zone=zone, by=by), "added")
    return await redefine(connection, found, definition, now=now, zone=zone, by=by)


async def redefine(
    connection: Connection, found: NewsletterRow, definition: Newsletter, *, now: datetime, zone: ZoneInfo, by: int
) -> Defined:
    """Define this one, whose row is locked, anew. Raises `Cannot`."""
    if definition == found.definition:
        return Defined(found, "unchanged")
    if definition.exercise != found.definition.exercise:
        what = "an exercise" if found.definition.exercise else "real"
        raise Cannot(f"the newsletter {found.slug} is {what}, and stays so: give this one another name")
    await arrears.settle(connection, found, now, zone)
    before = await upcoming.next_day(connection, found, zone)
    standing = await newsletter_approvals.in_force(connection, found.id)
    changed = await newsletters.change(connection, found.id, definition, by=by)
    await _audit(connection, "changed", changed, by)
    await _skip_what_cannot_be(connection, changed, before, now, zone=zone, by=by)
    await waking.wake(connection, changed, zone)
    if standing is None or found.hash == changed.hash:
        return Defined(changed, "changed")
    held, holds = (newsletter_approvals.why_void(standing, each) == "" for each in (found, changed))
    return Defined(changed, "changed", voided=not holds, holds_again=holds and not held)


async def _skip_what_cannot_be(
    connection: Connection, changed: NewsletterRow, before: Day, now: datetime, *, zone: ZoneInfo, by: int
) -> None:
    """An hour that was to come, and has by this change long passed, is not missed: somebody meant it so."""
    day = await upcoming.next_day(connection, changed, zone)
    if before.moment > now > day.too_late:
        await editions.skip(connection, changed.id, day.date, reason="the schedule changed after its hour", by=by)


async def _add(
    connection: Connection,
    definition: Newsletter,
    configuration: Configuration,
    *,
    now: datetime,
    zone: ZoneInfo,
    by: int,
) -> NewsletterRow:
    if other := await newsletters.once_named(connection, definition.slug):
        raise Cannot(
            f"the newsletter {other.slug} was once called {definition.slug}, which its List-Id keeps: rename it"
        )
    await _open_series(connection, definition, configuration, by)
    begins = schedules.first_date(definition.schedule, now, zone)
    added = await newsletters.add(connection, definition, begins=begins, by=by)
    await _audit(connection, "added", added, by)
    await waking.wake(connection, added, zone)
    return added


async def _open_series(connection: Connection, definition: Newsletter, configuration: Configuration, by: int) -> None:
    slug = newsletters.series_of(definition.slug)
    title = next(each.text for each in definition.title if each.language == definition.language)
    series = Incident(slug, title, configuration.phase_ids[0], definition.exercise)
    if not await incidents.open_new(connection, series, by, reason="a newsletter"):
        raise Cannot(f"there is an incident {slug} already: give the newsletter another name")


async def _audit(connection: Connection, what: str, newsletter: NewsletterRow, by: int) -> None:
    detail = {"slug": newsletter.slug, "hash": newsletter.hash}
    subject = f"newsletter:{newsletter.id}"
    await audit.record(connection, actor=by, action=f"newsletter.{what}", subject=subject, detail=detail)
