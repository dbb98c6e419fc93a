"""Whom of ours the provider speaks of: by what it called them before, else by their address; roles by its claims."""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from services.console.doors.provider import Said
from services.console.doors.provider_settings import ProviderSettings
from services.runtime.postgres import Connection
from services.store import accounts, audit, sessions
from services.store.kept_roles import administrator_kept
from services.store.users import User, change_roles, find_user, lock_administrators, save_user, user_by_id

ADMINISTRATOR: Final = "administrator"
TOO_LONG: Final = ("_claim_names", "hasgroups")
"""By these a provider says that a claim is elsewhere (OpenID Connect Core 1.0 §5.6.2; Entra ID)."""

log = structlog.get_logger(__name__)


class Unwelcome(Exception):
    """They are known at the provider, and may not come in here. `why`: a word for the page."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def user_of(connection: Connection, said: Said, settings: ProviderSettings) -> User:
    """The user, made or changed as the provider has them; the caller commits, also when it is `Unwelcome`."""
    user = await _known(connection, said, settings)
    if user and user.disabled_at:
        raise Unwelcome("disabled")
    if not settings.oidc_roles:
        if user is None:
            raise Unwelcome("unknown")
        return user
    roles = roles_of(said.claims, settings, whole=said.whole)
    if roles is None:
        raise Unwelcome("roles-unsaid")
    kept = await _kept(connection, user, roles)
    roles = sorted({*roles, *kept})
    if user is None or sorted(user.roles) != roles or (kept and await administrator_kept(connection) is None):
        user = await _changed(connection, said, settings, user, roles, kept=kept)
    if user is None or not roles:
        raise Unwelcome("no-role")
    return user


def roles_of(claims: Mapping[str, Any], settings: ProviderSettings, *, whole: bool = False) -> list[str] | None:
    """Roles by what is in the claim: a text, or a list of them. None: it does not say, in no form that we read.

    That is not the same as being in no group. A provider that was set up otherwise, or leaves the claim out because it
    would be long, must not take everybody's roles. Only where the centre says so (`oidc_roles_missing`), a claim that
    is missing in all that was asked (`whole`) is an empty one.
    """
    found: Any = claims
    for part in settings.oidc_roles_claim.split("."):
        if found is not None and not isinstance(found, Mapping):
            return None
        found = found.get(part) if found is not None else None
    if found is None and whole and settings.oidc_roles_missing == "none" and not any(map(claims.get, TOO_LONG)):
        found = []
    values = [found] if isinstance(found, str) else found
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        return None
    return sorted({role for each in values for role in settings.oidc_roles.get(each, ())})


async def _known(connection: Connection, said: Said, settings: ProviderSettings) -> User | None:
    issuer = str(settings.oidc_issuer)
    if number := await accounts.user_at_provider(connection, issuer, said.subject):
        return await user_by_id(connection, number)
    user = await find_user(connection, _address(said, settings))
    if user and not await accounts.link_to_provider(connection, user.id, issuer, said.subject):
        raise Unwelcome("another")
    return user


async def _kept(connection: Connection, user: User | None, roles: list[str]) -> list[str]:
    """What the last administrator who is left keeps, whatever the provider says: without one nobody gives roles back.

    Administrators are locked until the caller commits: of the last two who sign in at once, one keeps it.
    """
    if user is None or ADMINISTRATOR not in user.roles or ADMINISTRATOR in roles:
        return []
    if await lock_administrators(connection) != [user.id]:
        return []
    log.warning("last_administrator_kept", user=user.id)
    return [ADMINISTRATOR]


async def _changed(
    connection: Connection,
    said: Said,
    settings: ProviderSettings,
    user: User | None,
    roles: list[str],
    *,
    kept: list[str],
) -> User | None:
    if user is None and not roles:
        return None
    before = user.roles if user else []
    if user is None:
        saved = await save_user(connection, _address(said, settings), roles)
        await accounts.link_to_provider(connection, saved.id, str(settings.oidc_issuer), said.subject)
    elif (changed := await change_roles(connection, user.id, roles)) is None:
        raise Unwelcome("disabled")  # by somebody who pressed it while this was going on
    else:
        saved = changed
    if not roles:
        await sessions.end_all(connection, saved.id)
    detail = {"roles": saved.roles, "roles_before": before, **({"kept": kept} if kept else {})}
    await audit.record(connection, actor=saved.id, action="user.provided", subject=f"user:{saved.id}", detail=detail)
    return saved


def _address(said: Said, settings: ProviderSettings) -> str:
    """Theirs, where the provider vouches for it: else anyone could write an administrator's in their profile there."""
    address = said.claims.get("email")
    if not isinstance(address, str) or "@" not in address:
        raise Unwelcome("no-address")
    if said.claims.get("email_verified") is not True and not settings.oidc_trust_email:
        raise Unwelcome("unverified")
    return address.strip().lower()
