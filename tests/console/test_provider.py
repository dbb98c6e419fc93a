"""Signing in through a real OpenID provider (Canaille), by its own pages."""

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.console.access import COOKIE
from services.console.app import make_app
from services.console.desk import Desk
from services.store.users import disable_user, find_user, save_user
from tests.console import openid
from tests.console.conftest import URL, Console
from tests.console.signing import csrf_of

pytestmark = pytest.mark.stack
CALLBACK = f"{URL}/sign-in/provider/callback"
ROLES = {"ccvo-crisis": ["crisis-manager"], "ccvo-write": ["author"]}
AN = "an@ccvo.example"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid.running(CALLBACK, f"{URL}/sign-in?told=signed-out") as address:
        yield address


@pytest.fixture
def console(desk: Desk, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Console:
    for name, value in {
        "ISSUER": issuer,
        "CLIENT_ID": openid.CLIENT,
        "CLIENT_SECRET": openid.SECRET,
        "NAME": "Toegang Vlaanderen",
        "SCOPES": "openid email profile groups",
        "ROLES": json.dumps(ROLES),
        "TRUST_EMAIL": "true",
    }.items():
        monkeypatch.setenv(f"ROELAND_OIDC_{name}", value)
    return Console(make_app(desk), desk)


async def through(client: httpx.AsyncClient, login: str, onwards: str = "/messages", **more: str) -> httpx.Response:
    """The whole way: our button, the provider's pages, and back."""
    answer = await client.get("/sign-in/provider", params={"next": onwards, **more})
    assert answer.status_code == 303
    async with httpx.AsyncClient() as browser:
        back = await openid.walk(browser, answer.headers["location"], login, CALLBACK)
    return await client.get(back)


async def test_whoever_the_provider_knows_comes_in_with_the_roles_of_their_groups(console: Console) -> None:
    """A user is made at the first sign-in, and changed at each; back at the page where they were going."""
    client = await console.anyone()
    assert "Toegang Vlaanderen" in (await client.get("/sign-in")).text
    answer = await through(client, "an")
    assert (answer.status_code, answer.headers["location"]) == (303, "/messages")
    assert (await client.get("/")).status_code == 200
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
        assert user
        assert user.roles == ["author", "crisis-manager"]
        await save_user(connection, AN, ["administrator"])
        await save_user(connection, "cas@ccvo.example", ["administrator"])
    await through(await console.anyone(), "an")
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
    assert user
    assert user.roles == ["author", "crisis-manager"], "what the provider says counts"


async def test_who_is_in_no_group_of_ours_does_not_come_in(console: Console) -> None:
    """And who is disabled here stays so, whatever the provider says."""
    client = await console.anyone()
    answer = await through(client, "cas")
    assert answer.status_code == 403
    assert "U hebt hier geen rol" in answer.text
    await through(client, "bo")
    async with console.desk.pool.connection() as connection:
        assert await find_user(connection, "cas@ccvo.example") is None
        user = await find_user(connection, "bo@ccvo.example")
        assert user
        await disable_user(connection, user.id)
    assert (await client.get("/")).status_code == 303
    answer = await through(client, "bo")
    assert answer.status_code == 403
    assert "uitgeschakeld" in answer.text


async def test_who_left_the_group_loses_role_and_session(console: Console) -> None:
    """At the next sign-in; a session that stood elsewhere ends with it."""
    elsewhere = await console.as_("author", email="cas@ccvo.example")
    assert (await through(await console.anyone(), "cas")).status_code == 403
    assert (await elsewhere.get("/")).status_code == 303


async def test_of_whom_the_provider_says_no_groups_nothing_changes(console: Console) -> None:
    """This one leaves the claim out for who is in none; it may as well be a scope that was taken away over there."""
    elsewhere = await console.as_("author", email="dirk@ccvo.example")
    answer = await through(await console.anyone(), "dirk")
    assert answer.status_code == 403
    assert "zei niet in welke groepen u zit" in answer.text
    assert (await elsewhere.get("/")).status_code == 200


async def test_where_the_centre_says_so_whoever_it_says_no_groups_of_loses_roles_and_session(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Canaille leaves the claim out for who is in none; yet not where the groups were not asked for."""
    monkeypatch.setenv("ROELAND_OIDC_ROLES_MISSING", "none")
    elsewhere = await console.as_("author", email="dirk@ccvo.example")
    monkeypatch.setenv("ROELAND_OIDC_SCOPES", "openid email profile")
    unasked = Console(make_app(console.desk), console.desk)
    answer = await through(await unasked.anyone(), "dirk")
    assert (answer.status_code, "zei niet in welke groepen u zit" in answer.text) == (403, True)
    assert (await elsewhere.get("/")).status_code == 200
    monkeypatch.setenv("ROELAND_OIDC_SCOPES", "openid email profile groups")
    asked = Console(make_app(console.desk), console.desk)
    answer = await through(await asked.anyone(), "dirk")
    assert (answer.status_code, "U hebt hier geen rol" in answer.text) == (403, True)
    assert (await elsewhere.get("/")).status_code == 303
    assert (await through(await asked.anyone(), "an")).status_code == 303, "who is in a group comes in as before"


async def test_only_the_browser_that_went_comes_back_and_once(console: Console) -> None:
    """A link with somebody else's code signs nobody in (login CSRF); neither does a code twice."""
    client, victim = await console.anyone(), await console.anyone()
    answer = await client.get("/sign-in/provider")
    async with httpx.AsyncClient() as browser:
        back = await openid.walk(browser, answer.headers["location"], "an", CALLBACK)
    assert (await victim.get(back)).status_code == 403
    assert COOKIE not in victim.cookies
    assert (await client.get(back)).status_code == 303
    assert (await client.get(back)).status_code == 403
    await victim.get("/sign-in/provider")
    assert (await victim.get(f"{CALLBACK}?state=x&code=y")).status_code == 403


async def test_what_goes_out_has_state_nonce_and_pkce(console: Console) -> None:
    """None of it readable in the cookie."""
    client = await console.anyone()
    answer = await client.get("/sign-in/provider?next=//evil.example")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert query["state"][0] not in client.cookies["__Host-roeland-provider"]
    assert query["redirect_uri"] == [CALLBACK]


async def test_signing_out_can_go_on_at_the_provider(console: Console) -> None:
    """The session here ends at once; a page says that the other one stands, and where to end it."""
    client = await console.anyone()
    await through(client, "an")
    answer = await client.post("/sign-out", data={"csrf": csrf_of(await client.get("/"))})
    assert answer.status_code == 200
    assert "end_session" in answer.text
    assert (await client.get("/")).status_code == 303


async def test_break_glass_through_the_provider_needs_a_proof_of_just_now(console: Console) -> None:
    """Who signed in there this morning types their password again; the ID token says when they did."""
    client = await console.anyone()
    await through(client, "an")
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET proved_at = proved_at - interval '1 hour'")
    page = await client.get("/sign-in/again?next=/blast")
    assert "again=1" in page.text
    assert 'type="password"' not in page.text
    former = client.cookies[COOKIE]
    answer = await through(client, "an", "/blast", again="1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/blast")
    assert client.cookies[COOKIE] != former
    answer = await through(client, "bo", "/blast", again="1")
    assert answer.status_code == 403, "somebody else does not prove it for them"


async def test_a_provider_that_is_away_is_told_and_local_accounts_work(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day that it is down is a likely day for a crisis."""
    monkeypatch.setenv("ROELAND_OIDC_ISSUER", "http://127.0.0.1:9")
    away = Console(make_app(console.desk), console.desk)
    client = await away.anyone()
    began = asyncio.get_running_loop().time()
    answer = await client.get("/sign-in/provider?next=/board")
    assert asyncio.get_running_loop().time() - began < 6
    assert answer.headers["location"] == "/sign-in?told=away&next=/board"
    page = await client.get(answer.headers["location"])
    assert "Uw organisatie antwoordt niet" in page.text
    assert 'name="password"' in page.text
