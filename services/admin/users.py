"""`roeland users …`: who may act, and the keys by which their commands are known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, WrongUsage, lines, table
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.users import User

app = group("users", "Who may act, in which roles, and the keys that prove their commands.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the user.")]


@command(
    app,
    "add",
    examples=[
        "users add schrijver@ccvo.example --role author",
        "users add wacht@ccvo.example --role crisis-manager --role approver --mobile +32470123456",
    ],
)
async def add(
    email: Email,
    role: Annotated[
        list[str], typer.Option("--role", help="author, approver, crisis-manager, auditor, administrator.")
    ],
    mobile: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Where notices go by SMS. Left out: as it was.")
    ] = None,
) -> Answer:
    """Add a user; of one who exists, set the roles to these and no others, and enable them again."""
    from services.admin.acting import acting
    from services.store import audit
    from services.store.users import find_user, save_user, set_mobile

    address, roles = _address(email), _roles(role)
    number = _number(mobile) if mobile is not None else None
    async with acting() as (connection, actor), connection.transaction():
        before = await find_user(connection, address)
        await _refuse_without_administrator(connection, before, roles)
        user = await save_user(connection, address, roles)
        if number:
            user = await set_mobile(connection, user.id, number)
        change = _change(before, user)
        if change != "unchanged":
            detail: dict[str, Any] = {"roles": user.roles, "roles_before": before.roles if before else []}
            if number:
                detail["mobile"] = True
            await audit.record(
                connection, actor=actor, action=f"user.{change}", subject=f"user:{user.id}", detail=detail
            )
    return Answer({**_document(user), "change": change}, lines(f"{user.email}: {', '.join(user.roles)} ({change})"))


@command(app, "list", examples=["users list", "users list --json"])
async def list_() -> Answer:
    """Everybody, their roles, whether they have a key, where they get SMS (masked), and who is disabled."""
    from services.admin.acting import acting
    from services.domain.contact_fields import masked
    from services.store.users import all_users

    async with acting() as (connection, _):
        users = await all_users(connection)
    rows = [
        (u.email, ", ".join(u.roles), "yes" if u.public_key else "no", masked(u.mobile), u.disabled_at and "disabled")
        for u in users
    ]
    shown = (
        table(["user", "roles", "key", "mobile", ""], rows)
        if rows
        else "nobody yet: `roeland users add EMAIL --role author`"
    )
    return Answer([_document(user) for user in users], lambda out: out.print(shown))


@command(
    app,
    "mobile",
    examples=["users mobile wacht@ccvo.example +32470123456", "users mobile wacht@ccvo.example --none"],
)
async def mobile(
    email: Email,
    number: Annotated[str | None, typer.Argument(metavar="NUMBER", help="Where notices go by SMS.")] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="Notices go by mail alone.")] = False,
) -> Answer:
    """Set the number to which Roeland sends notices: who is on duty is called there, by SMS."""
    from services.admin.acting import acting
    from services.store import audit
    from services.store.users import set_mobile

    if (number is None) is not none:
        raise WrongUsage("give a number, or --none")
    wanted = None if number is None else _number(number)
    async with acting() as (connection, actor), connection.transaction():
        before = await _known(connection, email)
        user = await set_mobile(connection, before.id, wanted)
        if before.mobile != wanted:
            detail = {"set": wanted is not None, "was_set": before.mobile is not None}
            await audit.record(connection, actor=actor, action="user.mobile", subject=f"user:{user.id}", detail=detail)
    document = _document(user)
    return Answer(document, lines(f"{user.email}: {document['mobile'] or 'no mobile number'}"))


@command(app, "disable", examples=["users disable schrijver@ccvo.example"])
async def disable(email: Email) -> Answer:
    """From now on no command of this user counts, and they are signed out. `users add` enables them again."""
    from services.admin.acting import acting
    from services.store import audit, one_time_links, sessions
    from services.store.users import disable_user

    async with acting() as (connection, actor), connection.transaction():
        user = await _known(connection, email)
        await _refuse_without_administrator(connection, user, [])
        disabled = await disable_user(connection, user.id)
        await sessions.end_all(connection, user.id)
        await one_time_links.forget(connection, user.id)
        if user.disabled_at is None:
            await audit.record(connection, actor=actor, action="user.disabled", subject=f"user:{user.id}")
    return Answer(_document(disabled), lines(f"{disabled.email} is disabled"))


@command(app, "invite", examples=["users invite schrijver@ccvo.example", "users invite wacht@ccvo.example --anew"])
async def invite(
    email: Email,
    *,
    anew: Annotated[
        bool, typer.Option("--anew", help="Also forget their app and recovery codes: the device was lost.")
    ] = False,
) -> Answer:
    """Make a link with which a user chooses a password for the console: once, within 24 hours.

    For a new user, and for one who cannot sign in any more. A former link counts no more. Hand it over so that you
    know who gets it.
    """
    from secrets import token_urlsafe

    from services.admin.acting import acting
    from services.runtime.console_url import ConsoleUrlSettings
    from services.store import audit, one_time_links

    token = token_urlsafe(32)
    async with acting() as (connection, actor), connection.transaction():
        user = await _known(connection, email)
        if user.disabled_at:
            raise Refusal(f"the user {email} is disabled: `roeland users add {email} --role …` enables them again")
        link = await one_time_links.keep(connection, token, user.id, by=actor, anew=anew)
        detail = {"anew": anew, "until": link.expires_at.isoformat()}
        await audit.record(connection, actor=actor, action="user.invited", subject=f"user:{user.id}", detail=detail)
    address = f"{ConsoleUrlSettings().url}/welcome?token={token}"
    document = {"email": user.email, "link": address, "anew": anew, "expires_at": link.expires_at}
    return Answer(document, lines(f"{user.email}: {address}", "It counts once, for 24 hours. Whoever has it gets in."))


@command(app, "key", examples=["users key wacht@ccvo.example", "users key wacht@ccvo.example --public wacht.pub.pem"])
async def key(
    email: Email,
    public: Annotated[
        Path | None, typer.Option("--public", help="Register this Ed25519 public key (PEM) instead of making a pair.")
    ] = None,
) -> Answer:
    """Make the key pair that signs a user's commands on this machine.

    The private key stays in <data dir>/keys, readable by its owner only, and is never shown; the public key goes to
    the database. A former key counts no more: what it signed and was not handled yet will be refused.
    """
    from services.admin import keys
    from services.admin.acting import acting
    from services.store import audit
    from services.store.users import register_key

    async with acting() as (connection, actor):
        async with connection.transaction():
            user = await _known(connection, email)
            made = keys.read_public(public) if public else keys.make_pair(user.email)
            await register_key(connection, user.id, made.public)
            detail = {"fingerprint": made.fingerprint, "replaces": keys.fingerprint(user.public_key)}
            await audit.record(connection, actor=actor, action="user.key", subject=f"user:{user.id}", detail=detail)
        path = keys.put_in_place(made)
    former = user.public_key not in {None, made.public}
    document = {"email": user.email, **detail, "private_key": str(path) if path else None}
    return Answer(document, lines(*_about_key(user.email, made.fingerprint, path, former=former)))


def _about_key(email: str, fingerprint: str, path: Path | None, *, former: bool) -> list[str]:
    told = [f"{email}: key {fingerprint} is registered"]
    if path:
        told.append(f"The private key is in {path}. Whoever has that file can act as {email}: never send it to anyone.")
    if former:
        told.append("The former key counts no more: commands that it signed and that were not handled yet are refused.")
    return told


def _roles(given: list[str]) -> list[str]:
    from services.domain.identity import ROLES
    from services.domain.municipalities import near_misses

    for role in given:
        if role not in ROLES:
            likely = near_misses(role, ROLES)
            raise Refusal(
                f"there is no role {role!r}: {f'did you mean {likely[0]}? ' if likely else ''}{', '.join(ROLES)}"
            )
    return given


def _address(email: str) -> str:
    from services.domain.contact_fields import Unusable
    from services.domain.contact_fields import email as checked

    try:
        return (checked(email.strip()) or "").lower() or _no_address()
    except Unusable as why:
        raise Refusal(why.problem) from None


def _number(written: str) -> str:
    from services.domain.contact_fields import Unusable
    from services.domain.contact_fields import mobile as checked

    try:
        number = checked(written.strip())
    except Unusable as why:
        raise Refusal(f"that is not a mobile number: {why.remedy}") from None
    if not number:
        raise Refusal("the number is empty: `users mobile EMAIL --none` takes one away")
    return number


def _no_address() -> str:
    raise Refusal("the address is empty")


async def _known(connection: "Connection", email: str) -> "User":
    from services.store.users import find_user

    user = await find_user(connection, email)
    if user is None:
        raise Refusal(f"there is no user {email}: `roeland users list` shows who there is", missing=[email])
    return user


async def _refuse_without_administrator(connection: "Connection", user: "User | None", roles: list[str]) -> None:
    """At the console the last administrator stays one: there nobody could undo it. Who has the database always can."""
    from services.admin.invocation import current
    from services.store.users import lock_administrators

    if user is None or current.get().voucher is None or "administrator" in roles:
        return
    if await lock_administrators(connection) == [user.id]:
        raise Refusal(f"{user.email} is the last administrator: make somebody else one first")


def _change(before: "User | None", after: "User") -> str:
    if before is None:
        return "added"
    same = before.roles == after.roles and before.disabled_at is None and before.mobile == after.mobile
    return "unchanged" if same else "changed"


def _document(user: "User") -> dict[str, Any]:
    from services.domain.contact_fields import masked

    return {
        "id": user.id,
        "email": user.email,
        "roles": user.roles,
        "key": user.public_key is not None,
        "mobile": masked(user.mobile),
        "created_at": user.created_at,
        "disabled_at": user.disabled_at,
    }
