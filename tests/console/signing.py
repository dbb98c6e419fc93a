"""What tests of the doors do as people do it: type an address, a password and a code into the pages."""

import re
import time

import httpx
import pyotp

from services.console.doors import passwords, second_step
from services.store import accounts
from services.store.secret_keys import signing_keys
from services.store.users import find_user, save_user
from tests.console.conftest import Console

PASSWORD = "paard batterij nietje juist"


async def account(console: Console, email: str, *roles: str, password: str = PASSWORD, app: bool = False) -> str | None:
    """A local account; the secret of its app, where it has one."""
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, email) or await save_user(connection, email, roles)
        await accounts.set_password(connection, user.id, await passwords.hashed(password))
        if not app:
            return None
        secret = pyotp.random_base32()
        keys = await signing_keys(connection)
        await accounts.offer_second(connection, user.id, second_step.sealed(keys, user.id, secret))
        await accounts.confirm_second(connection, user.id, 0)
    return secret


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """As the form sends it."""
    return await client.post("/sign-in", data={"email": email, "password": password, **more})


def code(secret: str, *, steps: int = 0) -> str:
    """What the app shows, so many half minutes from now."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


def csrf_of(answer: httpx.Response) -> str:
    """What the page's forms carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', answer.text)
    assert found, answer.text
    return found[1]
