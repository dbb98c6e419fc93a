"""Whether a date of a newsletter goes out: the rule, pure."""

from datetime import datetime
from typing import Literal

from services.domain.schedules import Day
from services.store.editions import SkippedDate
from services.store.newsletters import NewsletterRow

No = Literal["not-a-weekday", "holiday", "skipped", "paused", "too-late"]


def why_not(newsletter: NewsletterRow, day: Day, skipped: SkippedDate | None, now: datetime) -> tuple[No | None, str]:
    """Why nothing goes out on this date, with a person's or a holiday's own words; (None, "") when it does.

    What was meant comes before what happened: a date on which nothing was to go out is never missed.
    """
    if day.no:
        return day.no, day.holiday
    if skipped:
        return "skipped", skipped.reason
    if _paused(newsletter, day, now):
        return "paused", newsletter.paused_reason
    return ("too-late", "") if now > day.too_late else (None, "")


def _paused(newsletter: NewsletterRow, day: Day, now: datetime) -> bool:
    """It is paused now, or was when it was to go out. What a pause found missed, it decided first (`arrears`)."""
    since, until = newsletter.paused_at, newsletter.paused_until
    return since is not None and since <= now and (until is None or day.moment < until)
