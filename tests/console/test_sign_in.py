"""Signing in with a local account: who may, who may not, and that nobody keeps others out."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from services.console.access import COOKIE
from services.console.doors import local, second_step
from services.console.doors.cookies import DEVICE
from services.store import accounts
from services.store.users import disable_user, find_user
from tests.console.conftest import URL, Console, hash_with
from tests.console.signing import PASSWORD, account, code, csrf_of, sign_in

pytestmark = pytest.mark.stack
AN = "an@ccvo.example"


@pytest.fixture
def real_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashed as in a crisis, not quickly as in other tests."""
    hash_with(PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY), monkeypatch)


async def test_the_right_password_signs_in_and_comes_back_to_where_one_was(console: Console) -> None:
    """With a cookie that no script reads, no other site sends along, and no plain connection carries."""
    await account(console, AN, "author")
    client = await console.anyone()
    answer = await sign_in(client, "An@CCVO.example ", next="/messages?q=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/messages?q=1")
    for name in (COOKIE, DEVICE):
        cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}="))
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert (await client.get("/")).status_code == 200


async def test_what_is_wrong_is_told_alike(console: Console) -> None:
    """An address that nobody has, one without a password, a disabled user and a wrong password: nobody learns which."""
    await account(console, AN, "author")
    await account(console, "weg@ccvo.example", "author")
    await console.as_("author", email="zonder@ccvo.example")
    async with console.desk.pool.connection() as connection:
        gone = await find_user(connection, "weg@ccvo.example")
        assert gone
        await disable_user(connection, gone.id)
    client = await console.anyone()
    told = set()
    for email, password in (
        (AN, "fout " + PASSWORD),
        ("weg@ccvo.example", PASSWORD),
        ("zonder@ccvo.example", PASSWORD),
        ("niemand@ccvo.example", PASSWORD),
    ):
        answer = await sign_in(client, email, password)
        assert COOKIE not in answer.cookies
        told.add((answer.status_code, answer.text.replace(email, "")))
    assert [status for status, _ in told] == [422]


@pytest.mark.usefixtures("real_passwords")
async def test_an_address_nobody_has_takes_as_long(console: Console) -> None:
    """By the clock nobody learns who has an account: as much is computed for either."""
    await account(console, AN, "author")
    client = await console.anyone()
    took = {}
    for email in (AN, "niemand@ccvo.example"):
        began = asyncio.get_running_loop().time()
        for _ in range(3):
            await sign_in(client, email, "fout " + PASSWORD)
        took[email] = asyncio.get_running_loop().time() - began
    assert took["niemand@ccvo.example"] > took[AN] / 3


async def test_signing_out_ends_the_session_in_every_copy(console: Console) -> None:
    """A cookie that was copied is worth nothing afterwards."""
    await account(console, AN, "author")
    client = await console.anyone()
    await sign_in(client, AN)
    copied = client.cookies[COOKIE]
    page = await client.get("/")
    answer = await client.post("/sign-out", data={"csrf": csrf_of(page)})
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, copied, domain="console.example")
    assert (await client.get("/")).headers["location"].startswith("/sign-in")


async def test_a_session_is_new_at_each_sign_in(console: Console) -> None:
    """What an attacker put in the browser beforehand never becomes somebody's session; a former one ends."""
    await account(console, AN, "author")
    client = await console.anyone()
    client.cookies.set(COOKIE, "planted", domain="console.example")
    answer = await sign_in(client, AN)
    first = answer.cookies[COOKIE]
    assert first != "planted"
    second = (await sign_in(client, AN)).cookies[COOKIE]
    other = await console.anyone()
    other.cookies.set(COOKIE, first, domain="console.example")
    assert (await other.get("/")).status_code == 303
    assert second != first


async def test_the_code_of_the_app_is_asked_and_counts_once(console: Console) -> None:
    """A password that was seen is not enough, and neither is a code that was seen."""
    secret = await account(console, AN, "approver", app=True)
    assert secret
    client = await console.anyone()
    assert (await sign_in(client, AN)).status_code == 422
    assert (await sign_in(client, AN, code="000000")).status_code == 422
    now = code(secret)
    assert (await sign_in(client, AN, code=f"{now[:3]} {now[3:]}")).status_code == 303
    other = await console.anyone()
    assert (await sign_in(other, AN, code=now)).status_code == 422, "a replayed code"
    assert (await sign_in(other, AN, code=code(secret, steps=1))).status_code == 303


async def test_who_needs_an_app_and_has_none_can_only_set_one_up(console: Console) -> None:
    """And is back where they were going when they did, with recovery codes that count once each."""
    await account(console, AN, "approver")
    client = await console.anyone()
    await sign_in(client, AN)
    answer = await client.get("/")
    assert answer.headers["location"] == "/me/second-step?next=%2F"
    page = await client.get(answer.headers["location"])
    assert (await client.get("/me/second-step/picture.svg")).headers["content-type"] == "image/svg+xml"
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
        assert user
        secret = await second_step.offered(connection, user.id)
    given = {"csrf": csrf_of(page), "next": "/"}
    assert (await client.post("/me/second-step", data={**given, "code": "000000"})).status_code == 422
    answer = await client.post("/me/second-step", data={**given, "code": code(secret)})
    assert answer.status_code == 200
    codes = answer.text.split("<code>")[1:]
    assert len(codes) == 10
    assert (await client.get("/")).status_code == 200
    other, recovery = await console.anyone(), codes[3].split("</code>")[0]
    assert (await sign_in(other, AN, code=recovery.upper())).status_code == 303
    assert (await sign_in(await console.anyone(), AN, code=recovery)).status_code == 422


async def test_a_network_that_tries_one_account_is_slowed_and_others_are_not(console: Console) -> None:
    """Whoever knows somebody's address must not be able to keep them out at night."""
    await account(console, AN, "author")
    attacker = await console.anyone()
    answers = [await sign_in(attacker, AN, "fout " + PASSWORD) for _ in range(local.PAIR_FREE + 1)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert (await sign_in(attacker, AN)).status_code == 429, "also with the right password"
    elsewhere = await _from(console, "192.0.2.77")
    assert (await sign_in(elsewhere, AN)).status_code == 303


async def test_an_account_that_many_networks_try_is_open_to_a_known_browser(console: Console) -> None:
    """New browsers wait, the one in which they signed in before does not (OWASP, device cookies)."""
    await account(console, AN, "author")
    mine = await console.anyone()
    await sign_in(mine, AN)
    for number in range(local.ACCOUNT_FREE):
        await sign_in(await _from(console, f"198.51.100.{number}"), AN, "fout " + PASSWORD)
    assert (await sign_in(await _from(console, "192.0.2.78"), AN)).status_code == 429
    mine.cookies.delete(COOKIE)
    assert (await sign_in(mine, AN)).status_code == 303
    assert timedelta(minutes=2) >= local.MOST_FOR_MANY, "nor does a new browser wait for long"


async def test_a_thousand_tries_at_once_get_no_further_than_one_after_another(console: Console) -> None:
    """A try is counted before its password is looked at. Some may pass: the first waits are of seconds."""
    await account(console, AN, "author")
    attacker = await console.anyone()
    answers = await asyncio.gather(*(sign_in(attacker, AN, "fout " + PASSWORD) for _ in range(25)))
    assert sum(answer.status_code == 422 for answer in answers) <= local.PAIR_FREE + 2


async def test_a_stolen_device_cookie_is_slowed_too(console: Console) -> None:
    """It passes the waits of strangers, and has its own."""
    await account(console, AN, "author")
    thief = await console.anyone()
    await sign_in(thief, AN)
    thief.cookies.delete(COOKIE)
    answers = [await sign_in(thief, AN, "fout " + PASSWORD) for _ in range(local.DEVICE_FREE + 1)]
    assert answers[-1].status_code == 429


async def test_what_is_about_to_be_done_alone_is_proved_again(console: Console) -> None:
    """The session goes on under a new token: a copied cookie ends there."""
    secret = await account(console, AN, "crisis-manager", app=True)
    assert secret
    client = await console.anyone()
    await sign_in(client, AN, code=code(secret, steps=-1))
    former = client.cookies[COOKIE]
    page = await client.get("/sign-in/again?next=/blast")
    given = {"csrf": csrf_of(page), "next": "/blast", "password": PASSWORD}
    assert (await client.post("/sign-in/again", data={**given, "code": ""})).status_code == 422
    answer = await client.post("/sign-in/again", data={**given, "code": code(secret)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/blast")
    thief = await console.anyone()
    thief.cookies.set(COOKIE, former, domain="console.example")
    assert (await thief.get("/")).status_code == 303


@pytest.mark.usefixtures("real_passwords")
async def test_a_password_hashed_with_other_parameters_is_hashed_anew(console: Console) -> None:
    """What was strong enough five years ago is made strong enough today, when its owner comes by."""
    await account(console, AN, "author")
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
        assert user
        await accounts.set_password(connection, user.id, PasswordHasher(1, 8, 1).hash(PASSWORD))
    assert (await sign_in(await console.anyone(), AN)).status_code == 303
    async with console.desk.pool.connection() as connection:
        kept = await accounts.account_of(connection, user.id)
    assert kept
    assert kept.password
    assert "m=65536,t=3,p=4" in kept.password


async def _from(console: Console, address: str) -> httpx.AsyncClient:
    """A browser at this address."""
    transport = httpx.ASGITransport(app=console.app, raise_app_exceptions=False, client=(address, 50000))
    return await console.stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=URL))
