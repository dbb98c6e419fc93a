"""The first administrator: made by whoever can read the log of the console, once.

Each console process prints a token of its own while no administrator can sign in, and PostgreSQL has its hash: any of
them counts at any process, and when one was used none does.
"""

import structlog

from services.console.doors import passwords
from services.console.settings import ConsoleSettings
from services.console.tokens import new_token
from services.runtime.postgres import Connection, Pool
from services.store import accounts, audit, one_time_links
from services.store.users import User, find_user, save_user

log = structlog.get_logger(__name__)


async def announce(pool: Pool, settings: ConsoleSettings) -> None:
    """One line in the log, while it is needed: where to go, and the token."""
    async with pool.connection() as connection:
        if await accounts.administrator_can_sign_in(connection):
            return
        token = new_token()
        link = await one_time_links.keep(connection, token, None)
    log.info("first_start", page=f"{settings.url}/first-start", token=token, until=link.expires_at.isoformat())


async def is_over(connection: Connection) -> bool:
    """Whether an administrator can sign in, so that no token counts any more."""
    return await accounts.administrator_can_sign_in(connection)


async def make_administrator(connection: Connection, token: str, email: str, password: str) -> User | None:
    """The first administrator; None when the token does not count. The caller commits."""
    await one_time_links.lock_first_start(connection)
    if await is_over(connection):
        return None
    link = await one_time_links.use(connection, token)
    if link is None or link.user_id is not None:
        return None
    before = await find_user(connection, email)
    roles = {"administrator", *(before.roles if before else ())}
    user = await save_user(connection, email, roles)
    await accounts.set_password(connection, user.id, await passwords.hashed(password))
    await audit.record(
        connection,
        actor=None,
        action="user.first-administrator",
        subject=f"user:{user.id}",
        detail={"roles": user.roles, "roles_before": before.roles if before else []},
    )
    return user
