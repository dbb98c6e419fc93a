"""What one can choose from on the blast page: people, incidents, and what was approved beforehand."""

from typing import Any

from fastapi import Request

from services.console.contact_summaries import roles
from services.console.desk import desk_of
from services.console.languages import language_of
from services.domain.municipalities import PROVINCES
from services.domain.playbooks import PreparedEntry
from services.store import groups, holdings, incidents, prepared_blasts
from services.store.holdings import Holding


async def choices(request: Request, holding: str) -> dict[str, Any]:
    """All of it, for the template. `holding`: `playbook/entry` of the one that is released, if any."""
    desk, names = desk_of(request), audience_names(request)
    async with desk.pool.connection() as connection:
        approved = await holdings.all_in_force(connection)
        there = {
            "groups": await groups.every(connection),
            "incidents": await incidents.listed(connection),
            "asking": await prepared_blasts.asking(connection),
        }
    return {
        **there,
        "roles": await roles(request),
        "languages_of_texts": desk.configuration.languages,
        "audiences": [(each.id, names[each.id]) for each in desk.configuration.audiences if "sms" in each.channels],
        "provinces": PROVINCES,
        "holdings": [_named(each) for each in approved if _by_sms(each)],
        "chosen": next((_named(each) for each in approved if f"{each.playbook}/{each.entry}" == holding), None),
    }


def audience_names(request: Request) -> dict[str, str]:
    """What every audience is called in the reader's language, by its id."""
    language = language_of(request)
    listed = desk_of(request).configuration.audiences
    return {each.id: each.names.get(language) or next(iter(each.names.values())) for each in listed}


def _named(holding: Holding) -> dict[str, Any]:
    entry = PreparedEntry.model_validate(holding.content)
    title = entry.message.get("title", "")
    if isinstance(title, list) and title:
        title = title[0]["text"] if isinstance(title[0], dict) else title[0]
    return {
        "key": f"{holding.playbook}/{holding.entry}", "playbook": holding.playbook, "entry": holding.entry,
        "title": title or holding.entry, "holes": entry.holes, "approved_at": holding.approved_at,
    }  # fmt: skip


def _by_sms(holding: Holding) -> bool:
    return "sms" in PreparedEntry.model_validate(holding.content).message.get("channels", ("sms",))
