"""Whoever holds a one-time link chooses a password (`roeland users invite`, or an administrator in the settings)."""

from dataclasses import dataclass

from services.console.doors import passwords
from services.runtime.postgres import Connection
from services.store import accounts, audit, one_time_links, sessions, sign_in_guard
from services.store.users import User, user_by_id


@dataclass(frozen=True, slots=True)
class Welcomed:
    """`enters`: the link is proof enough. Not for who has an app: its code is asked as ever."""

    user: User
    enters: bool


async def invited(connection: Connection, token: str) -> User | None:
    """Whom this link is for; None when it counts no more."""
    link = await one_time_links.standing(connection, token)
    user = await user_by_id(connection, link.user_id) if link and link.user_id else None
    return user if user and not user.disabled_at else None


async def welcome(connection: Connection, token: str, password: str) -> Welcomed | None:
    """Use the link; every former session of theirs ends. The caller commits."""
    user = await invited(connection, token)
    kept = await passwords.hashed(password)
    link = await one_time_links.use(connection, token) if user else None
    if user is None or link is None:
        return None
    await accounts.set_password(connection, user.id, kept)
    if link.anew:
        await accounts.forget_second(connection, user.id)
        await sign_in_guard.forget_devices(connection, user.id)
    await sessions.end_all(connection, user.id)
    detail = {"anew": link.anew}
    await audit.record(connection, actor=user.id, action="user.password", subject=f"user:{user.id}", detail=detail)
    account = await accounts.account_of(connection, user.id)
    return Welcomed(user, enters=account is not None and account.second is None)
