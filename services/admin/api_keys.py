"""`roeland keys …`: keys by which a program of yours calls the API in your name."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, Refusal, entries, instant, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.store.api_keys import ApiKey
    from services.store.users import User

app = group("keys", "Keys for the API (docs/api.md): each acts as you, within its scopes and your roles.")

NAME_CHARACTERS: Final = 64
GOOD_FOR: Final = timedelta(days=365)
LONGEST: Final = timedelta(days=3650)


@command(
    app,
    "add",
    examples=[
        "keys add meldkamer --scope see --as wacht@ccvo.example",
        "keys add storingen --scope see --scope submit --expires 2027-03-01 --as schrijver@ccvo.example",
    ],
)
async def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    *,
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do: see, submit, approve, halt, …")],
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="Until when it is good: 2027-03-01. Default: a year.")
    ] = None,
) -> Answer:
    """Make a key of your own. It is shown this once: only its hash is kept.

    What it may do is the less of its scopes and your roles, each time that it is used.
    """
    from services.admin.acting import acting, acting_user
    from services.store import api_keys, audit

    until = _until(expires)
    async with acting() as (connection, _), connection.transaction():
        user = await acting_user(connection)
        _refuse_unfit(name, scope, user)
        token = api_keys.new_token()
        made = await api_keys.add(
            connection, token, user.id, name=name.strip(), scopes=list(dict.fromkeys(scope)), expires_at=until
        )
        detail = {"scopes": made.scopes, "expires_at": instant(until)}
        await audit.record(connection, actor=user.id, action="key.added", subject=f"key:{made.id}", detail=detail)
    document = {**_document(made, user.email), "token": token}
    told = f"key {made.id}, {made.name}: {', '.join(made.scopes)}, until {instant(until)}"
    return Answer(document, lines(told, "It is shown this once:", token))


@command(app, "list", examples=["keys list --as wacht@ccvo.example", "keys list --all --json"])
async def list_(
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's, not only your own.")] = False,
) -> Answer:
    """Your keys: what each may do, until when it is good, and when it was last used."""
    from services.admin.acting import acting, acting_user
    from services.store import api_keys

    async with acting() as (connection, _):
        mine = None if everybody else (await acting_user(connection)).id
        found = [_document(key, email) for key, email in await api_keys.listed(connection, mine)]
    return Answer(found, entries(map(_shown, found), none="no keys: `roeland keys add NAME --scope …`"))


@command(app, "revoke", examples=["keys revoke 3 --as wacht@ccvo.example"])
async def revoke(
    id_: Annotated[int, typer.Argument(metavar="ID", help="As `keys list` shows.")],
    *,
    anybodys: Annotated[bool, typer.Option("--any", help="Also a key of somebody else.")] = False,
) -> Answer:
    """From now on this key opens nothing. What was done by it stays on record."""
    from services.admin.acting import acting, acting_user
    from services.store import api_keys, audit

    async with acting() as (connection, actor), connection.transaction():
        mine = None if anybodys else (await acting_user(connection)).id
        found = await api_keys.revoke(connection, id_, mine)
        if found is None:
            raise Refusal(f"there is no key {id_}: `roeland keys list` shows what there is", missing=[id_])
        key, email = found
        await audit.record(connection, actor=actor, action="key.revoked", subject=f"key:{key.id}")
    return Answer(_document(key, email), lines(f"key {key.id}, {key.name}, opens nothing any more"))


def _until(expires: str | None) -> datetime:
    from services.admin.moments import moment

    now = datetime.now(UTC)
    until = moment(expires, "--expires") or now + GOOD_FOR
    if not now < until <= now + LONGEST:
        raise Refusal("a key is good until a moment to come, ten years from now at most")
    return until


def _refuse_unfit(name: str, scopes: list[str], user: "User") -> None:
    from services.domain.identity import MAY, may

    if not 1 <= len(name.strip()) <= NAME_CHARACTERS or not name.isprintable():
        raise Refusal(f"a key has a name of at most {NAME_CHARACTERS} characters: whoever revokes it must know which")
    if not scopes:
        raise Refusal(f"a key needs a scope: {', '.join(MAY)}")
    for each in scopes:
        if each not in MAY:
            raise Refusal(f"there is no scope {each!r}: {', '.join(MAY)}")
        if not may(each, user.roles):
            raise Refusal(f"your roles do not allow {each}: a key cannot do more than you can")


def _document(key: "ApiKey", email: str | None) -> dict[str, Any]:
    return {
        "id": key.id, "name": key.name, "user": email, "scopes": key.scopes, "created_at": key.created_at,
        "expires_at": key.expires_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at,
    }  # fmt: skip


def _shown(each: dict[str, Any]) -> tuple[str, list[str]]:
    used = f"last used {instant(each['last_used_at'])}" if each["last_used_at"] else "never used"
    until = f"until {instant(each['expires_at'])}" if each["expires_at"] else ""
    revoked = f"REVOKED {instant(each['revoked_at'])}" if each["revoked_at"] else ""
    return f"{each['id']}  {each['name']}", [each["user"] or "", ", ".join(each["scopes"]), until, used, revoked]
