"""What the pages of newsletters show, read over the console's pool."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.admin.newsletter_history import decided
from services.admin.newsletter_view import LOOK_AHEAD, document_of
from services.domain.editions import EditionContent, says_something
from services.domain.schedules import moment
from services.newsletter.compose import as_it_is
from services.runtime.postgres import Connection
from services.store import edition_items, editions, newsletter_approvals, newsletters
from services.store.newsletter_approvals import Standing
from services.store.newsletters import NewsletterRow
from services.store.users import user_by_id

LAST: Final = 3
HISTORY: Final = 60
UNDER_WAY: Final = ("submitted", "proofed", "approved")


@dataclass(frozen=True, slots=True)
class Shown:
    """A newsletter as its page has it. `next`: the first date that goes out; `told`: what would be in it, by title.

    `made`: an edition that is made and not released. `by_itself`: the next one goes without anybody.
    """

    row: NewsletterRow
    about: dict[str, Any]
    next: dict[str, Any] | None
    told: list[str]
    says_something: bool
    by_itself: bool
    editorial: bool
    history: list[dict[str, Any]]
    made: list[dict[str, Any]]
    standing: Standing | None
    written_by: str


async def all_shown(connection: Connection, zone: ZoneInfo) -> list[Shown]:
    """Every newsletter, by name, with its last few dates."""
    return [await shown(connection, each, zone, most=LAST) for each in await newsletters.all_newsletters(connection)]


async def shown(connection: Connection, row: NewsletterRow, zone: ZoneInfo, *, most: int = HISTORY) -> Shown:
    """One, with so many of the dates that are decided."""
    about = await document_of(connection, row, LOOK_AHEAD)
    following = next((each for each in about["coming"] if each["plan"] == "goes-out"), None)
    content = await would_be(connection, row, date.fromisoformat(following["date"]), zone) if following else None
    history = [await decided(connection, each) for each in await editions.history(connection, row.id, most)]
    author = await user_by_id(connection, row.written_by)
    return Shown(
        row=row,
        about=about,
        next=following,
        told=await _titles(connection, content) if content else [],
        says_something=content is not None and says_something(content),
        by_itself=about["approval"] == "stands" and content is not None and content.editorial is None,
        editorial=content is not None and content.editorial is not None,
        history=history,
        made=[each for each in history if each["state"] in UNDER_WAY],
        standing=await newsletter_approvals.in_force(connection, row.id),
        written_by=author.email if author else "",
    )


async def would_be(connection: Connection, row: NewsletterRow, day: date, zone: ZoneInfo) -> EditionContent:
    """What the edition of this date would be made from now."""
    due = moment(row.definition.schedule.time, day, zone)
    return await as_it_is(connection, row, day, due=max(due, datetime.now(UTC)), late=False)


async def _titles(connection: Connection, content: EditionContent) -> list[str]:
    told = await edition_items.released(connection, content.items)
    return [told[each.message].content.title[0].text for each in content.items if each.message in told]
