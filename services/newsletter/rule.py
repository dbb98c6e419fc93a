"""Whether a date of a newsletter goes out: the rule, pure; first why not, then whether it is too late."""

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
    if newsletter.paused(day.moment, now):
        return "paused", newsletter.paused_reason
    return ("too-late", "") if now > day.too_late else (None, "")
