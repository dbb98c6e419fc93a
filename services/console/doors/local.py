"""Signing in with an address, a password and the code of an app; nobody can lock anybody else out with it.

What is slowed down is a network that tries one account, a network that tries many, and an account that many networks
try; a browser in which its user signed in before passes all three, and counts by itself (OWASP, device cookies).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from fastapi import Request

from services.console.client import network_of
from services.console.desk import desk_of
from services.console.doors import passwords, second_step
from services.console.doors.cookies import DEVICE
from services.runtime.postgres import Connection
from services.store import accounts, sign_in_guard
from services.store.sign_in_guard import Guard, named
from services.store.users import User, find_user

PAIR_FREE, ACCOUNT_FREE, NETWORK_FREE, DEVICE_FREE = 5, 20, 50, 10
MOST_FOR_ONE: Final = timedelta(minutes=15)
MOST_FOR_MANY: Final = timedelta(minutes=2)
"""Whoever comes from a new browser while their account is attacked waits no longer than this."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Proved:
    """Who it is. `how`: as a session has it."""

    user: User
    how: str


@dataclass(frozen=True, slots=True)
class NotProved:
    """It was wrong; or nothing was looked at, because of former tries: `wait`."""

    wait: timedelta | None = None


async def prove(request: Request, email: str, password: str, code: str) -> Proved | NotProved:
    """Who has this address, password and code; the same answer, after as long a time, for an address nobody has."""
    pool, address = desk_of(request).pool, email.strip().lower()[:254]
    async with pool.connection() as connection:
        user = await find_user(connection, address)
        account = await accounts.account_of(connection, user.id) if user and not user.disabled_at else None
        guards = await _guards(connection, request, address, user)
        wait = await sign_in_guard.begin(connection, guards)
    if wait is not None:
        log.warning("sign_in_slowed", user=user.id if user else None, network=network_of(request))
        return NotProved(wait)
    right = await passwords.verified(account.password if account else None, password)
    async with pool.connection() as connection:
        if user and account and account.password and right and await _second(connection, account, code):
            await sign_in_guard.succeed(connection, guards)
            if passwords.is_outdated(account.password):
                await accounts.rehash(connection, user.id, account.password, await passwords.hashed(password))
            return Proved(user, "password" if account.second else "password-alone")
    log.warning("sign_in_failed", user=user.id if user else None, network=network_of(request))
    return NotProved()


async def _second(connection: Connection, account: accounts.Account, code: str) -> bool:
    return account.second is None or await second_step.is_right(connection, account, code)


async def _guards(connection: Connection, request: Request, address: str, user: User | None) -> list[Guard]:
    device, network = request.cookies.get(DEVICE), network_of(request)
    if device and user and await sign_in_guard.knows_device(connection, user.id, device):
        return [Guard(named("device", device), DEVICE_FREE, MOST_FOR_ONE)]
    return [
        Guard(named("pair", address, network), PAIR_FREE, MOST_FOR_ONE),
        Guard(named("account", address), ACCOUNT_FREE, MOST_FOR_MANY),
        Guard(named("network", network), NETWORK_FREE, MOST_FOR_MANY),
    ]
