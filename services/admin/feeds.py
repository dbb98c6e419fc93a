"""`roeland feed …`: where each audience reads its own newsfeed, and who was given an address of it."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from services.admin.answers import Answer, Refusal, entries, instant, lines, table
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.domain.configuration import Configuration
    from services.store.feed_tokens import FeedToken

app = group("feed", "The newsfeeds, and the addresses of those that are closed.")
tokens = group("tokens", "Addresses given to somebody by name. Each is shown once, and is revoked by itself.")
app.add_typer(tokens)

Form = Literal["atom", "rss", "json", "cap"]

AUDIENCE_HELP: Final = "Its id, as `roeland feed urls` shows."


@command(app, "urls", examples=["feed urls", "feed urls --json", "feed urls --incident cyber-2026-014 --format rss"])
async def urls(
    incident: Annotated[str | None, typer.Option(metavar="INCIDENT", help="Of this incident alone.")] = None,
    form: Annotated[Form, typer.Option("--format", help="In which form.")] = "atom",
) -> Answer:
    """The address of every audience's feed. All but the public one carry a secret: give each to its audience only."""
    from services.admin.acting import acting
    from services.runtime.configuration import configuration_in_force
    from services.store.feed_tokens import feed_urls
    from services.store.incidents import find

    root, ending = _root(), f"/incidents/{incident}.{form}" if incident else f".{form}"
    async with acting() as (connection, _), connection.transaction():
        if incident and await find(connection, incident) is None:
            raise Refusal(f"there is no incident {incident}: see `roeland incident list`", missing=[incident])
        found = await feed_urls(connection, configuration_in_force(), root, ending=ending)
    document = [{"audience": audience, "url": url} for audience, url in found]
    return Answer(document, entries([(audience, [url]) for audience, url in found], none="no audience has a feed"))


@command(app, "renew", examples=["feed renew governors", "feed renew governors --json"])
async def renew(audience: Annotated[str, typer.Argument(metavar="AUDIENCE", help=AUDIENCE_HELP)]) -> Answer:
    """Give an audience's feed another address: the one that it had leads nowhere from now on.

    Addresses that were given by name (`feed tokens`) go on; revoke them by themselves. Whoever follows the old address
    must be told the new one.
    """
    from services.admin.acting import acting
    from services.runtime.configuration import configuration_in_force
    from services.store import audit, feed_tokens

    root, configuration = _root(), configuration_in_force()
    _refuse_unless_closed(audience, configuration)
    async with acting() as (connection, actor), connection.transaction():
        await feed_tokens.renew(connection, audience)
        await audit.record(connection, actor=actor, action="feed.renewed", subject=f"feed:{audience}")
        url = dict(await feed_tokens.feed_urls(connection, configuration, root))[audience]
    document = {"audience": audience, "url": url}
    return Answer(document, lines(f"the feed of {audience} is now at", url))


@command(
    tokens,
    "add",
    examples=['feed tokens add governors --name "Kabinet Antwerpen"', "feed tokens add partners --name NCCN --json"],
)
async def add(
    audience: Annotated[str, typer.Argument(metavar="AUDIENCE", help=AUDIENCE_HELP)],
    *,
    name: Annotated[str, typer.Option(metavar="TEXT", help="Whom it is for.")],
) -> Answer:
    """An address of an audience's feed for one reader. It is shown now and never again: only its hash is kept."""
    from services.admin.acting import acting
    from services.runtime.configuration import configuration_in_force
    from services.store import audit, feed_tokens

    root = _root()
    _refuse_unless_closed(audience, configuration_in_force())
    if not name.strip():
        raise Refusal("a token needs a name: whoever revokes it later must know whose it is")
    async with acting() as (connection, actor), connection.transaction():
        made, token = await feed_tokens.add(connection, audience, name.strip(), actor)
        detail = {"audience": audience}
        subject = f"feed-token:{made.id}"
        await audit.record(connection, actor=actor, action="feed-token.added", subject=subject, detail=detail)
    url = f"{root}/feeds/{audience}/{token}.atom"
    return Answer(
        {**_document(made), "url": url},
        lines(f"token {made.id}, for {made.name}: write this address down, it is not shown again", url),
    )


@command(tokens, "list", examples=["feed tokens list", "feed tokens list --json"])
async def list_() -> Answer:
    """Who was given an address, of which feed; those that were revoked last. The addresses themselves nobody knows."""
    from services.admin.acting import acting
    from services.store import feed_tokens

    async with acting() as (connection, _):
        found = await feed_tokens.listed(connection)
    rows = [
        (each.id, each.audience, each.name, instant(each.created_at), _document(each)["revoked_at"] or "")
        for each in found
    ]
    shown = table(["id", "audience", "name", "given", "revoked"], rows)
    none = lines("nobody was given an address by name")
    return Answer([_document(each) for each in found], (lambda out: out.print(shown)) if rows else none)


@command(tokens, "revoke", examples=["feed tokens revoke 3", "feed tokens revoke 3 --json"])
async def revoke(id_: Annotated[int, typer.Argument(metavar="ID", help="As `feed tokens list` shows.")]) -> Answer:
    """Have an address lead nowhere, within a second. Nobody else's is touched."""
    from services.admin.acting import acting
    from services.store import audit, feed_tokens

    async with acting() as (connection, actor), connection.transaction():
        revoked = await feed_tokens.revoke(connection, id_, actor)
        if revoked is None:
            raise Refusal(f"there is no token {id_}: see `roeland feed tokens list`", missing=[id_])
        detail = {"audience": revoked.audience}
        subject = f"feed-token:{revoked.id}"
        await audit.record(connection, actor=actor, action="feed-token.revoked", subject=subject, detail=detail)
    return Answer(_document(revoked), lines(f"token {revoked.id}, of {revoked.name}, leads nowhere any more"))


def _root() -> str:
    from services.runtime.public_url import PublicUrlSettings

    root = PublicUrlSettings().public_url
    if not root:
        raise Refusal("ROELAND_PUBLIC_URL is not set: set it to what recipients see, as https://roeland.example")
    return root


def _refuse_unless_closed(audience: str, configuration: "Configuration") -> None:
    from services.store.feeds import PUBLIC

    if audience == PUBLIC:
        raise Refusal("the public feed is open to everyone: it has no secret address")
    if audience not in {each.id for each in configuration.audiences if "newsfeed" in each.channels}:
        raise Refusal(f"no audience {audience} has a feed: see `roeland feed urls`")


def _document(token: "FeedToken") -> dict[str, Any]:
    return {
        "id": token.id, "audience": token.audience, "name": token.name, "created_at": instant(token.created_at),
        "revoked_at": instant(token.revoked_at) if token.revoked_at else None,
    }  # fmt: skip
