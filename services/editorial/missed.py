"""Editions of a newsletter were missed: who is on duty is told, all of them at once, for nobody answers to this.

Where nobody is on duty, or no duty list was ever set, the crisis managers are told: a missed edition is never unsaid.
"""

from collections.abc import Sequence
from datetime import date

import structlog

from services.domain.identity import may
from services.editorial.desk import Desk
from services.rendering.dates import day_in_full
from services.rendering.notices import LANGUAGE, About, notice
from services.runtime.postgres import Connection
from services.store import duty, editions, incidents, newsletters, notices
from services.store.newsletters import NewsletterRow
from services.store.notices import Subject
from services.store.users import User, user_by_id, with_role

log = structlog.get_logger(__name__)


async def tell(connection: Connection, number: int, desk: Desk) -> None:
    """Tell of every edition of this newsletter that was missed and not told of yet, in one notice."""
    newsletter = await newsletters.by_id(connection, number, lock="wait")
    if newsletter is None:
        return
    dates = await editions.missed_untold(connection, number)
    users = await on_duty(connection) or await with_role(connection, ["crisis-manager"])
    if not dates:
        return
    if not users:
        log.warning("nobody_to_tell", what="editions-missed", newsletter=number)
        return
    series = await incidents.find(connection, newsletter.incident)
    assert series is not None  # noqa: S101 - a newsletter refers to it
    about = Subject(series.slug, series.phase, series.exercise, f"newsletter:{number}")
    told = notice("edition-missed", _about(newsletter, dates, desk), desk.templates)
    await notices.tell(connection, users, told, about=about, by=newsletter.written_by, source=desk.source)
    await editions.set_told(connection, number, dates)
    log.info("told", what="editions-missed", newsletter=number, dates=len(dates), users=[user.id for user in users])


async def on_duty(connection: Connection) -> list[User]:
    """Those of the shift in force who may approve; nobody when none is."""
    shift = await duty.in_force(connection)
    found = [await user_by_id(connection, each) for each in (shift.users if shift else ())]
    return [user for user in found if user and user.disabled_at is None and may("approve", user.roles)]


def _about(newsletter: NewsletterRow, dates: Sequence[date], desk: Desk) -> About:
    definition = newsletter.definition
    word = desk.templates.words.of(LANGUAGE)
    title = next(each.text for each in definition.title if each.language == definition.language)
    return About(
        message_id="",
        incident=newsletter.slug,
        incident_title=title,
        title=title,
        kind="update",
        urgency="routine",
        exercise=definition.exercise,
        recipients=0,
        channels=[],
        dates=[day_in_full(each, language=LANGUAGE, word=word) for each in dates],
    )
