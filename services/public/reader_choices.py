"""What readers may choose: to leave a newsletter or stay, and in which language they read. Urgent messages never ask.

Whoever shares an address chooses for all who share it: their mail program has one button for the one mail they get.
"""

from dataclasses import replace
from typing import Any, Final

import structlog
from babel import Locale, UnknownLocaleError
from prometheus_client import Counter

from services.public.reader_pages import Reply
from services.public.reader_visit import Visit
from services.store import readers, subscriptions
from services.store.subscriptions import How

CHANGES: Final = Counter(
    "roeland_subscriptions_changed_total", "Contacts who left a newsletter or came back, by how", ["change", "how"]
)

log = structlog.get_logger(__name__)


async def ask(visit: Visit) -> Reply:
    """Whether they want to leave; whoever has left is told so, and may take it back."""
    wanted = await subscriptions.is_wanted(visit.connection, visit.them.newsletter, visit.them.contacts)
    return await _about_leaving(visit, "leave" if wanted else "left")


async def leave_or_stay(visit: Visit) -> Reply:
    """As a mail program's one click says, or a button of ours; anything else changes nothing, and is told so."""
    if visit.form.one_click:
        await _leave(visit, visit.them.newsletter, visit.them.contacts, "one-click")
        return Reply(text="Unsubscribed\n")
    if visit.form.one("choice") == "leave":
        await _leave(visit, visit.them.newsletter, visit.them.contacts, "page")
        return await _about_leaving(visit, "left")
    if visit.form.one("choice") == "stay":
        await _stay(visit, visit.them.newsletter, visit.them.contacts, "page")
        return await _about_leaving(visit, "stays")
    return await _about_leaving(visit, "leave", unclear=True)


async def preferences(visit: Visit) -> Reply:
    """Their language and newsletters, as they are."""
    return await _preferences(visit)


async def save(visit: Visit) -> Reply:
    """All that the form says, or nothing. A newsletter that the form did not show stays as it is."""
    language = visit.form.one("language")
    if visit.form.one("choice") != "save" or language not in visit.languages:
        return await _preferences(visit, unclear=True)
    offered, wanted = set(visit.form.numbers("offered")), set(visit.form.numbers("wanted"))
    await subscriptions.choose_language(visit.connection, visit.them.contacts, language)
    for each in await subscriptions.choices(visit.connection, visit.them.contacts):
        if each.newsletter in offered:
            change = _stay if each.newsletter in wanted else _leave
            await change(visit, each.newsletter, each.contacts, "page")
    return await _preferences(replace(visit, them=replace(visit.them, language=language)), saved=True)


async def _leave(visit: Visit, newsletter: int, contacts: list[int], how: How) -> None:
    _count("left", how, newsletter, await subscriptions.unsubscribe(visit.connection, newsletter, contacts, how))


async def _stay(visit: Visit, newsletter: int, contacts: list[int], how: How) -> None:
    _count("stayed", how, newsletter, await subscriptions.resubscribe(visit.connection, newsletter, contacts, how))


def _count(change: str, how: How, newsletter: int, changed: list[int]) -> None:
    if changed:
        CHANGES.labels(change, how).inc(len(changed))
        log.info("subscriptions_changed", change=change, how=how, newsletter=newsletter, contacts=len(changed))


async def _about_leaving(visit: Visit, page: str, *, unclear: bool = False) -> Reply:
    values = {**await common(visit), "at": "unsubscribe", "changes": True, "unclear": unclear}
    return Reply(page, values, status=400 if unclear else 200)


async def _preferences(visit: Visit, *, saved: bool = False, unclear: bool = False) -> Reply:
    language = visit.them.language
    offered = [
        {"newsletter": each.newsletter, "title": each.titles.in_language(language), "wanted": each.wanted}
        for each in await subscriptions.choices(visit.connection, visit.them.contacts)
    ]
    values: dict[str, Any] = {
        **await common(visit), "at": "preferences", "changes": True, "offered": offered, "reads": language,
        "languages": [(code, _own_name(code)) for code in visit.languages], "saved": saved, "unclear": unclear,
    }  # fmt: skip
    return Reply("preferences", values, language=language, status=400 if unclear else 200)


async def common(visit: Visit) -> dict[str, Any]:
    """What each page behind a link shows."""
    titles = await readers.titles(visit.connection, visit.them.newsletter)
    return {"newsletter": titles.in_language(visit.them.language), "count": len(visit.them.contacts)}


def _own_name(language: str) -> str:
    """As those who read it call it."""
    try:
        name = str(Locale.parse(language).get_display_name(language) or language)
    except (UnknownLocaleError, ValueError):
        return language
    return name[0].upper() + name[1:]
