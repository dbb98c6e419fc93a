"""One's own account: links, passwords, sessions."""

import asyncio
import re

import pytest

from services.admin import users
from services.console.access import COOKIE, Who
from services.console.calling import call
from services.console.doors import second_step
from services.store.users import User, find_user
from tests.console.conftest import Console
from tests.console.signing import PASSWORD, account, code, csrf_of, sign_in

pytestmark = pytest.mark.stack
AN, BO = "an@ccvo.example", "bo@ccvo.example"
ANOTHER = "zeven lange blauwe fietsen"


async def invited(console: Console, email: str, *, anew: bool = False) -> str:
    """The path of the link, as an administrator gets it."""
    admin = await _user(console, "beheer@ccvo.example", "administrator")
    document = await call(users.invite, _who(admin), email=email, anew=anew)
    assert document["link"].startswith("http://127.0.0.1:8000/welcome?token=")
    return str(document["link"]).removeprefix("http://127.0.0.1:8000")


async def test_a_link_sets_a_password_once(console: Console) -> None:
    """Whoever finds the link afterwards finds a closed door; it is in the audit who made it and that it was used."""
    await _user(console, AN, "author")
    link = await invited(console, AN)
    client = await console.anyone()
    page = await client.get(link)
    assert AN in page.text
    token = link.partition("token=")[2]
    assert (await client.post("/welcome", data={"token": token, "password": "te kort"})).status_code == 422
    answers = await asyncio.gather(
        *(client.post("/welcome", data={"token": token, "password": ANOTHER}) for _ in range(3))
    )
    assert [each.status_code for each in answers if each.headers.get("location") == "/"] == [303]
    assert (await client.get("/")).status_code == 200
    assert AN not in (await (await console.anyone()).get(link)).text
    assert (await sign_in(await console.anyone(), AN, ANOTHER)).status_code == 303
    async with console.desk.pool.connection() as connection:
        found = await connection.execute("SELECT action FROM audit ORDER BY id")
        assert [row[0] for row in await found.fetchall()][:2] == ["user.invited", "user.password"]


async def test_a_link_for_who_has_an_app_does_not_pass_it_by(console: Console) -> None:
    """Who intercepts a mail with a link still lacks the phone; `--anew` is for who lost theirs."""
    secret = await account(console, AN, "approver", app=True)
    assert secret
    client = await console.anyone()
    token = (await invited(console, AN)).partition("token=")[2]
    answer = await client.post("/welcome", data={"token": token, "password": ANOTHER})
    assert answer.headers["location"] == "/sign-in?told=password"
    assert COOKIE not in client.cookies
    assert (await sign_in(client, AN, ANOTHER, code=code(secret))).status_code == 303
    token = (await invited(console, AN, anew=True)).partition("token=")[2]
    other = await console.anyone()
    await other.post("/welcome", data={"token": token, "password": PASSWORD})
    assert (await other.get("/")).headers["location"].startswith("/me/second-step")
    assert (await client.get("/")).status_code == 303, "and former sessions ended"


async def test_a_link_of_somebody_disabled_counts_no_more(console: Console) -> None:
    """Who left does not come back by a mail of yesterday; nor by a session, when they are enabled again."""
    await account(console, AN, "author")
    client = await console.anyone()
    await sign_in(client, AN)
    link = await invited(console, AN)
    admin = await _user(console, "beheer@ccvo.example", "administrator")
    await call(users.disable, _who(admin), email=AN)
    assert AN not in (await client.get(link)).text
    await call(users.add, _who(admin), email=AN, role=["author"])
    assert AN not in (await client.get(link)).text
    assert (await client.get("/")).status_code == 303


async def test_one_sees_and_ends_ones_own_sessions_and_no_others(console: Console) -> None:
    """A laptop that was left somewhere is signed out from the phone; nobody can sign out somebody else."""
    await account(console, AN, "author")
    await account(console, BO, "author")
    laptop, phone, other = [await console.anyone() for _ in range(3)]
    laptop.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"
    for client, email in ((laptop, AN), (phone, AN), (other, BO)):
        await sign_in(client, email)
    page = await phone.get("/me")
    assert "Firefox, Windows" in page.text
    (number,) = re.findall(r"/me/sessions/(\d+)/end\"", page.text)
    theirs = csrf_of(await other.get("/me"))
    await other.post(f"/me/sessions/{number}/end", data={"csrf": theirs})
    assert (await laptop.get("/")).status_code == 200
    await phone.post(f"/me/sessions/{number}/end", data={"csrf": csrf_of(page)})
    assert (await laptop.get("/")).status_code == 303
    assert (await phone.get("/")).status_code == 200


async def test_changing_the_password_signs_out_everywhere_else(console: Console) -> None:
    """Whoever changes it because somebody knows it is rid of them."""
    await account(console, AN, "author")
    client, thief = await console.anyone(), await console.anyone()
    await sign_in(client, AN)
    await sign_in(thief, AN)
    page = await client.get("/me/password")
    answer = await client.post("/me/password", data={"csrf": csrf_of(page), "password": ANOTHER})
    assert answer.headers["location"] == "/me?told=password"
    assert (await client.get("/me")).status_code == 200
    assert (await thief.get("/me")).status_code == 303
    assert (await sign_in(thief, AN)).status_code == 422


async def test_what_guards_the_account_changes_only_after_a_proof(console: Console) -> None:
    """A browser that was left open is not enough to change the password or to see new codes."""
    secret = await account(console, AN, "approver", app=True)
    assert secret
    client = await console.anyone()
    await sign_in(client, AN, code=code(secret))
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET proved_at = proved_at - interval '6 minutes'")
    for path in ("/me/password", "/me/second-step", "/me/second-step/picture.svg"):
        assert (await client.get(path)).headers["location"].startswith("/sign-in/again?next="), path
    given = {"csrf": csrf_of(await client.get("/me")), "password": ANOTHER}
    for path in ("/me/password", "/me/recovery-codes"):
        answer = await client.post(path, data=given, headers={"Referer": "https://console.example/me?told=x"})
        assert answer.headers["location"] == "/sign-in/again?next=%2Fme%3Ftold%3Dx", path


async def test_a_session_ends_when_it_was_not_used_and_when_a_shift_is_over(console: Console) -> None:
    """By the settings of the centre."""
    for column in ("seen_at", "created_at"):
        client = await console.as_("author", email=f"{column}@ccvo.example")
        span = "121 minutes" if column == "seen_at" else "12 hours 1 minute"
        assert (await client.get("/me")).status_code == 200
        async with console.desk.pool.connection() as connection:
            await connection.execute(f"UPDATE session SET {column} = {column} - interval '{span}'")
        assert (await client.get("/me")).status_code == 303


async def _user(console: Console, email: str, *roles: str) -> User:
    await console.as_(*roles, email=email)
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, email)
    assert user
    return user


def _who(user: User) -> Who:
    """As a session of theirs would have it."""
    from datetime import UTC, datetime

    from services.store.sessions import Session

    now = datetime.now(UTC)
    return Who(user, session=Session(1, b"", user.id, "password", now, now, now, None))


async def test_whoever_finds_an_open_session_gives_it_no_app_of_their_own(console: Console) -> None:
    """Of somebody who has none, as who comes by the provider: it would make the session fresh, and with it give roles,
    keys and links."""
    found = await console.as_("administrator", email=AN)
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET how = 'oidc', proved_at = proved_at - interval '6 minutes'")
        user = await find_user(connection, AN)
        assert user
        secret = await second_step.offered(connection, user.id)
    for path in ("/me/second-step", "/me/second-step/picture.svg"):
        answer = await found.get(path)
        assert answer.headers["location"].startswith("/sign-in/again?"), path
    answer = await found.post("/me/second-step", data={"code": "000000"})
    assert answer.status_code == 303 and secret[:4] not in answer.text, "nor does a wrong code show it"
    csrf = {"csrf": csrf_of(await found.get("/me"))}
    assert (await found.post("/me/second-step", data={"code": code(secret), **csrf})).status_code == 200
    del found.headers["X-CSRF-Token"]
    invites = {"email": "x@evil.example", "role": "administrator", "csrf": csrf_of(await found.get("/me"))}
    answer = await found.post("/settings/users", data=invites)
    assert answer.headers["location"].startswith("/sign-in/again?"), "who set it up in time is not fresh by it"
