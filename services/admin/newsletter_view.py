"""What is shown of a newsletter: as JSON has it, and as lines for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from services.admin.answers import instant

if TYPE_CHECKING:
    from services.newsletter.defining import Defined
    from services.newsletter.upcoming import Coming
    from services.runtime.postgres import Connection
    from services.store.newsletters import NewsletterRow

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHOWN_DATES: Final = 5
LOOK_AHEAD: Final = 14


async def document_of(connection: "Connection", newsletter: "NewsletterRow", days: int) -> dict[str, Any]:
    """What a newsletter is, as JSON has it, with so many of the dates to come."""
    from services.newsletter import upcoming
    from services.rendering.centre import zone_in_force
    from services.store import messages, newsletter_approvals, subscriptions

    definition, now = newsletter.definition, await messages.database_time(connection)
    standing = await newsletter_approvals.in_force(connection, newsletter.id)
    coming = await upcoming.coming(connection, newsletter, zone_in_force(), now, days)
    subscribed, unsubscribed = await subscriptions.counts(connection, newsletter.id)
    void = newsletter_approvals.why_void(standing, newsletter) if standing else ""
    return {
        "newsletter": newsletter.slug,
        "id": newsletter.id,
        "list_id": newsletter.list_id,
        "incident": newsletter.incident,
        "state": "paused" if newsletter.paused(now) else "runs",
        "paused_until": newsletter.paused_until if newsletter.paused(now) else None,
        "paused_reason": newsletter.paused_reason if newsletter.paused(now) else "",
        "title": next(each.text for each in definition.title if each.language == definition.language),
        "definition": definition.model_dump(mode="json"),
        "hash": newsletter.hash,
        "approval": None if standing is None else "void" if void else "stands",
        "approval_void": void,
        "subscribed": subscribed,
        "unsubscribed": unsubscribed,
        "begins": newsletter.begins.isoformat(),
        "coming": [coming_document(each) for each in coming],
    }


def coming_document(each: "Coming") -> dict[str, Any]:
    """A date to come, as JSON has it."""
    return {
        "date": each.day.date.isoformat(),
        "at": each.day.moment,
        "made_at": each.day.prepared,
        "plan": each.plan,
        "reason": each.reason,
    }


def dates(coming: Sequence[dict[str, Any]]) -> list[str]:
    """The dates to come, a line for each."""
    return [_date(each) for each in coming]


def _date(each: dict[str, Any]) -> str:
    from datetime import date

    from services.rendering.centre import zone_in_force

    local = each["at"].astimezone(zone_in_force())
    weekday = WEEKDAYS[date.fromisoformat(each["date"]).weekday()]
    why = f"{each['plan']}: {each['reason']}" if each["reason"] else each["plan"]
    hour = f"{local:%H:%M}" if each["plan"] == "goes-out" else "     "
    return f"    {weekday} {each['date']}  {hour}  {why}"


def about(document: dict[str, Any]) -> list[str]:
    """What a list says of it."""
    goes = next((each for each in document["coming"] if each["plan"] == "goes-out"), None)
    following = f"next {instant(goes['at'])}" if goes else f"none in the next {LOOK_AHEAD} days"
    kind = "exercise" if document["definition"]["exercise"] else ""
    return [document["state"], ", ".join(document["definition"]["audiences"]), kind, following]


def particulars(document: dict[str, Any]) -> list[str]:
    """What it is, a line for each."""
    definition = document["definition"]
    schedule = definition["schedule"]
    return [
        f"for {', '.join(definition['audiences'])}" + (" (an exercise)" if definition["exercise"] else ""),
        f"at {schedule['time'][:5]} on {', '.join(schedule['weekdays'])}; holidays: {schedule['holidays']}",
        f"made {schedule['prepare_minutes']} minutes before; sent up to {schedule['late_minutes']} minutes late",
        f"collects {_of(definition['incidents'], 'incidents')}, {_of(definition['phases'], 'phases')}",
        f"a day without news: {definition['quiet_day']}",
        f"standing approval: {document['approval'] or 'none'}"
        + (f" ({document['approval_void']}): a person approves each edition" if document["approval_void"] else ""),
        f"{document['subscribed']} get it, {document['unsubscribed']} have unsubscribed",
        *_paused(document),
    ]


def _of(ids: Sequence[str], what: str) -> str:
    return ", ".join(ids) if ids else f"all {what}"


def _paused(document: dict[str, Any]) -> list[str]:
    if document["state"] != "paused":
        return []
    until = f"until {instant(document['paused_until'])}" if document["paused_until"] else "until it is resumed"
    return [f"PAUSED {until}" + (f": {document['paused_reason']}" if document["paused_reason"] else "")]


def approval_note(made: "Defined") -> list[str]:
    """What a change did to the standing approval."""
    if made.voided:
        return ["Its standing approval was for what it said before, and does not hold any more."]
    if made.holds_again:
        return ["Its standing approval was for just this, and holds again: it goes out by itself."]
    return []
