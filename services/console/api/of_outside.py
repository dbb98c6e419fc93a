"""Systems outside: those that send us events."""

from typing import Final

from services.admin import sources
from services.console.api.ability import Ability, Pages

OUTSIDE: Final = (
    Ability(
        command="sources list", function=sources.list_, method="GET", path="/sources", action="administer",
        pages=Pages("name"),
    ),
    Ability(
        command="sources add", function=sources.add, method="POST", path="/sources", action="administer", status=201,
    ),
    Ability(
        command="sources revoke", function=sources.revoke, method="DELETE", path="/sources/{name}", action="administer",
    ),
    Ability(
        command="sources events", function=sources.events, method="GET", path="/sources/events", action="administer",
    ),
    Ability(
        command="sources replay", function=sources.replay, method="POST", path="/sources/events/{id}/replay",
        action="administer",
    ),
)  # fmt: skip
