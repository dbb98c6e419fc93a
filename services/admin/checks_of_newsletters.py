"""The check of newsletters: whether their clock goes, and whether what it makes becomes messages."""

from services.admin.checks_of_servers import Finding
from services.runtime.postgres import connect
from services.store import editions, newsletter_approvals, newsletters


async def newsletters_go() -> Finding:
    """No date waits for the clock, no edition for editorial; what needs a person each day is told."""
    async with connect() as connection:
        found = await newsletters.all_newsletters(connection)
        waiting = await editions.waits_for_clock(connection)
        late = await editions.waits_for_editorial(connection)
        unapproved = [each.slug for each in found if not await newsletter_approvals.stands(connection, each)]
    if waiting:
        return (
            "problem",
            f"no clock decides {', '.join(waiting)}",
            "Start `python -m services.newsletter`, see its log.",
        )
    if late:
        return "problem", f"{late} editions are no message yet", "Start `python -m services.editorial`, see its log."
    if unapproved:
        what = f"no standing approval for {', '.join(unapproved)}: each edition waits for a person"
        return "remark", what, "If that is not meant: `roeland newsletter approve NAME`."
    return "ok", f"{len(found)} go out by the clock" if found else "there is none", ""
