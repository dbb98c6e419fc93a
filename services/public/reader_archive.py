"""Editions in the browser: the reader's own, and those that went to their audience before and after it."""

import re
from datetime import date
from typing import Final

from services.domain.variants import Variant
from services.public.reader_choices import common
from services.public.reader_pages import Reply
from services.public.reader_visit import Visit
from services.public.reader_whole import uncut
from services.store import archive as editions
from services.store import variants

ON_A_PAGE: Final = 60

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # Python reads other forms too; an address has one


async def own_edition(visit: Visit) -> Reply:
    """What they got by mail; that it was withdrawn, if it was."""
    if visit.them.withdrawn_at is not None:
        return await _withdrawn(visit, visit.them.withdrawn_at)
    found = await variants.read(visit.connection, visit.them.message, [visit.them.variant])
    return await _edition(visit, visit.them.message, found[visit.them.variant])


async def archive(visit: Visit) -> Reply:
    """The editions of their audience, as long as they are in it."""
    them, before = visit.them, _day(visit.request.query.get("before", ""))
    found = (
        await editions.issues(visit.connection, them.newsletter, them.audience, before=before, most=ON_A_PAGE + 1)
        if them.listed
        else ()
    )
    older = found[ON_A_PAGE - 1].date.isoformat() if len(found) > ON_A_PAGE else ""
    values = {"at": "archive", "listed": them.listed, "issues": found[:ON_A_PAGE], "older": older}
    return Reply("archive", {**await common(visit), **values})


async def edition_of(visit: Visit) -> Reply | None:
    """That of one date, in the language that they read; None when it is not theirs to read."""
    them, day = visit.them, _day(visit.request.match_info["day"])
    if day is None or not them.listed:
        return None
    issue = await editions.issue(visit.connection, them.newsletter, them.audience, day)
    if issue is None:
        return None
    if issue.withdrawn_at is not None:
        return await _withdrawn(visit, issue.withdrawn_at)
    version = await editions.version(
        visit.connection, issue.message, them.audience, language=them.language, segment=them.segment
    )
    return await _edition(visit, issue.message, version) if version else None


async def _edition(visit: Visit, message: int, mailed: Variant) -> Reply:
    return Reply(edition=mailed, uncut=await uncut(visit.connection, message, mailed))


async def _withdrawn(visit: Visit, at: object) -> Reply:
    return Reply("withdrawn", {**await common(visit), "at": "edition", "withdrawn_at": at})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
