"""`roeland newsletter subscribers|unsubscribe|resubscribe NAME`: who gets a newsletter, and who does not want it."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from services.admin.answers import Answer, Refusal, entries, lines
from services.admin.command import command
from services.admin.newsletters import Name, app, keeper, known

if TYPE_CHECKING:
    from services.runtime.postgres import Connection

ExternalIds = Annotated[
    list[str], typer.Argument(metavar="EXTERNAL_ID...", help="Contacts, as `contacts list` has them.")
]
URGENT = "Urgent messages reach them as before."


@command(
    app,
    "subscribers",
    examples=["newsletter subscribers lokale-besturen", "newsletter subscribers lokale-besturen --unsubscribed --json"],
)
async def subscribers(
    name: Name,
    unsubscribed: Annotated[bool, typer.Option("--unsubscribed", help="Those who do not want it.")] = False,
    after: Annotated[str, typer.Option(help="Begin after this external id.")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most.")] = 100,
) -> Answer:
    """Who of its audiences gets a newsletter, or has unsubscribed from it and how: one-click, page or operator."""
    from services.admin.acting import acting
    from services.store import subscriptions

    async with acting() as (connection, _):
        newsletter = await known(connection, name)
        found = await subscriptions.subscribers(
            connection, newsletter.id, unsubscribed=unsubscribed, after=after, most=most
        )
        wanted, unwanted = await subscriptions.counts(connection, newsletter.id)
    document = {
        "newsletter": newsletter.slug, "subscribed": wanted, "unsubscribed": unwanted,
        "contacts": [
            {"external_id": each.external_id, "name": each.name, "organisation": each.organisation, "how": each.how}
            for each in found
        ],
    }  # fmt: skip
    told = [(f"{each.external_id}  {each.name}", [each.organisation, each.how or ""]) for each in found]
    none = "nobody has unsubscribed" if unsubscribed else "nobody gets it"

    def show(out: Any) -> None:
        entries(told, none=none)(out)
        lines(f"{wanted} get it, {unwanted} do not want it")(out)

    return Answer(document, show)


@command(app, "unsubscribe", examples=["newsletter unsubscribe lokale-besturen mun-044-b --as an@ccvo.example"])
async def unsubscribe(name: Name, external_id: ExternalIds) -> Answer:
    """End a newsletter for contacts who asked for that. Urgent messages reach them as before.

    An edition that is not released yet leaves them out too. Contacts who share an address are named one by one.
    """
    return await _change("unsubscribe", name, external_id)


@command(app, "resubscribe", examples=["newsletter resubscribe lokale-besturen mun-044-b --as an@ccvo.example"])
async def resubscribe(name: Name, external_id: ExternalIds) -> Answer:
    """Let contacts who asked for it get a newsletter again, from its next edition on."""
    return await _change("resubscribe", name, external_id)


async def _change(what: Literal["unsubscribe", "resubscribe"], name: str, external_ids: list[str]) -> Answer:
    from services.admin.acting import acting
    from services.store import subscriptions

    change = subscriptions.unsubscribe if what == "unsubscribe" else subscriptions.resubscribe
    async with acting() as (connection, _), connection.transaction():
        user, newsletter = await keeper(connection), await known(connection, name)
        contacts = await _contacts(connection, external_ids)
        changed = await change(connection, newsletter.id, contacts, "operator", actor=user.id)
        wanted, unwanted = await subscriptions.counts(connection, newsletter.id)
    document = {
        "newsletter": newsletter.slug, "changed": len(changed), "unchanged": len(contacts) - len(changed),
        "subscribed": wanted, "unsubscribed": unwanted,
    }  # fmt: skip
    told = f"{len(changed)} {what}d; {wanted} get it, {unwanted} do not want it"
    return Answer(document, lines(told, *([URGENT] if what == "unsubscribe" else [])))


async def _contacts(connection: "Connection", external_ids: list[str]) -> list[int]:
    from services.store.contacts import unknown_contacts
    from services.store.subscriptions import ids_of

    if unknown := await unknown_contacts(connection, list(dict.fromkeys(external_ids))):
        raise Refusal(
            f"there is no contact {', '.join(unknown)}: `roeland contacts list`. Nothing was changed", missing=unknown
        )
    return await ids_of(connection, external_ids)
