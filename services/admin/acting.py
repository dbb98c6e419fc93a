"""Who acts: the user named by `--as`, else by ROELAND_USER; and the connection to act with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field

from services.admin.answers import Refusal
from services.admin.invocation import current
from services.runtime.postgres import Connection, connect
from services.runtime.settings import RoelandSettings
from services.store.users import User, find_user


class ActingSettings(RoelandSettings):
    """Who acts from this machine."""

    user: str | None = Field(default=None, description="Address of the user who acts, unless --as says otherwise.")


@asynccontextmanager
async def acting() -> AsyncIterator[tuple[Connection, int | None]]:
    """A connection, and the acting user's id for the audit; None for whoever acts by the right to the database."""
    async with connect() as connection:
        email = acting_email()
        user = await find_user(connection, email) if email else None
        await connection.commit()
        yield connection, user.id if user and not user.disabled_at else None


async def acting_user(connection: Connection) -> User:
    """The user who gives a command that needs one. Raises `Refusal` when nobody is named, known and enabled."""
    email = acting_email()
    if not email:
        raise Refusal("this needs to know who you are: add --as EMAIL, or set ROELAND_USER")
    user = await find_user(connection, email)
    if user is None:
        raise Refusal(f"there is no user {email}: `roeland users add {email} --role …`", missing=[email])
    if user.disabled_at:
        raise Refusal(f"the user {email} is disabled: `roeland users add {email} --role …` enables them again")
    return user


def acting_email() -> str | None:
    """What `--as` says, else ROELAND_USER, else None."""
    return current.get().as_email or ActingSettings().user
