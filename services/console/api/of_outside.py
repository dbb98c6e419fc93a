"""Systems outside: those that send us events, and those that are told."""

from typing import Final

from services.admin import sources, webhook_secrets, webhooks
from services.console.api.ability import Ability, Pages

OUTSIDE: Final = (
    Ability(
        command="sources list", function=sources.list_, method="GET", path="/sources", action="administer",
        pages=Pages("name"),
    ),
    Ability(
        command="sources add", function=sources.add, method="POST", path="/sources", action="administer", status=201,
        person=True,
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
    Ability(
        command="webhooks list", function=webhooks.list_, method="GET", path="/webhooks", action="administer",
        pages=Pages("id"),
    ),
    Ability(
        command="webhooks add", function=webhooks.add, method="POST", path="/webhooks", action="administer", status=201,
        person=True,
    ),
    Ability(
        command="webhooks remove", function=webhooks.remove, method="DELETE", path="/webhooks/{id}",
        action="administer",
    ),
    Ability(
        command="webhooks enable", function=webhooks.enable, method="POST", path="/webhooks/{id}/enable",
        action="administer",
    ),
    Ability(
        command="webhooks rotate", function=webhook_secrets.rotate, method="POST", path="/webhooks/{id}/rotate",
        person=True,
        action="administer",
    ),
    Ability(
        command="webhooks test", function=webhooks.test, method="POST", path="/webhooks/{id}/test",
        action="administer",
    ),
    Ability(
        command="webhooks deliveries", function=webhooks.deliveries, method="GET", path="/webhooks/deliveries",
        action="administer",
    ),
    Ability(
        command="webhooks resend", function=webhooks.resend, method="POST", path="/webhooks/deliveries/{id}/resend",
        action="administer",
    ),
)  # fmt: skip
