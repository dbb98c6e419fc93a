"""Who has to prove again who they are types nothing twice, and nothing is done that they did not see."""

import asyncio
import re
from html import unescape
from typing import Any

import httpx
import pytest

from services.console.access import COOKIE
from services.console.doors import tidying
from services.console.doors.form_to_resend import BROWSER
from services.store.users import disable_user, find_user
from tests.console.conftest import URL, Console
from tests.console.signing import PASSWORD, account, csrf_of, sign_in

pytestmark = pytest.mark.stack
ADMIN = "cas@ccvo.example"
FORM = "/sign-in/again/form"


@pytest.fixture
async def client(console: Console, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """Of an administrator who signed in this morning."""
    await account(console, ADMIN, "administrator", "author", "crisis-manager", app=False)
    object.__setattr__(console.desk.doors, "second_step_for", "nobody")
    made = await console.anyone()
    await sign_in(made, ADMIN)
    await grow_old(console)
    return made


async def grow_old(console: Console) -> None:
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET proved_at = proved_at - interval '6 minutes'")


async def posted(client: httpx.AsyncClient, path: str, page: str, **data: object) -> httpx.Response:
    """As the page's form sends it."""
    given = {"csrf": csrf_of(await client.get("/me")), **data}
    return await client.post(path, data=given, headers={"Referer": URL + page})


async def proved(client: httpx.AsyncClient, asked: str) -> httpx.Response:
    """By the password; where that leads."""
    page = await client.get(asked)
    onwards = re.search(r'name="next" value="([^"]*)"', page.text)
    assert onwards
    given = {"csrf": csrf_of(page), "next": unescape(onwards[1]), "password": PASSWORD}
    answer = await client.post("/sign-in/again", data=given)
    assert answer.status_code == 303, answer.text
    return await client.get(answer.headers["location"])


def fields(page: httpx.Response) -> tuple[str, list[tuple[str, str]]]:
    """Where the form of this page goes, and with what."""
    form = re.search(r'<form method="post" action="([^"]+)" class="door">(.*?)</form>', page.text, re.S)
    assert form, page.text
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
    return form[1], [(unescape(name), unescape(value)) for name, value in found]


async def test_what_was_filled_in_is_there_after_the_proof_and_done_by_a_button(
    console: Console, client: httpx.AsyncClient
) -> None:
    """Nothing is done by the proof alone: whoever found the session open could have prepared it."""
    new = {"email": "nieuw@ccvo.example", "role": ["author", "approver"], "mobile": ""}
    answer = await posted(client, "/settings/users", "/settings/users", **new)
    asked = answer.headers["location"]
    assert (answer.status_code, asked) == (303, "/sign-in/again?next=%2Fsign-in%2Fagain%2Fform")
    page = await proved(client, asked)
    assert "nieuw@ccvo.example" in page.text and 'href="/settings/users"' in page.text
    async with console.desk.pool.connection() as connection:
        assert await find_user(connection, "nieuw@ccvo.example") is None
    action, given = fields(page)
    assert [value for name, value in given if name == "role"] == ["author", "approver"]
    body = str(httpx.QueryParams(given))
    onwards = await client.post(action, content=body, headers=FORM_TYPE)
    assert (onwards.status_code, onwards.headers["location"]) == (307, "/settings/users")
    again = await client.post(action, content=body, headers=FORM_TYPE)
    assert (again.status_code, again.headers["location"]) == (303, "/"), "a second press finds nothing"
    done = await client.post(onwards.headers["location"], content=body, headers=FORM_TYPE)
    assert done.status_code == 303, done.text
    async with console.desk.pool.connection() as connection:
        made = await find_user(connection, "nieuw@ccvo.example")
    assert made and made.roles == ["approver", "author"]


FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_it_is_for_that_session_alone_sealed_and_not_for_long(
    console: Console, client: httpx.AsyncClient
) -> None:
    """Another session of the same user has not seen it; who reads the table reads nothing."""
    await posted(client, "/settings/webhooks", "/settings/webhooks", url="https://desk.example/geheim", event="done")
    assert "desk.example/geheim" in (await client.get(FORM)).text
    other, stranger = await console.anyone(), await console.anyone()
    await sign_in(other, ADMIN)
    assert (await other.get(FORM)).headers["location"] == "/"
    assert (await stranger.get(FORM)).headers["location"].startswith("/sign-in?")
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT body FROM api_request")).fetchone()
        assert row and b"geheim" not in bytes(row[0])
        await connection.execute("UPDATE api_request SET began_at = began_at - interval '16 minutes'")
    assert (await client.get(FORM)).headers["location"] == "/"


async def test_no_password_is_kept_and_nothing_of_another_site(console: Console, client: httpx.AsyncClient) -> None:
    """A form with one asks for the proof before it is filled in; one that was forged is refused before anything."""
    answer = await posted(client, "/me/password", "/me", password="een ander wachtwoord")
    assert answer.headers["location"] == "/sign-in/again?next=%2Fme"
    answer = await posted(client, "/settings/users/1/invite", "/settings/users/1")
    assert answer.headers["location"] == "/sign-in/again?next=%2Fsettings%2Fusers%2F1", "nothing was filled in"
    forged = {"email": "x@evil.example", "role": "administrator"}
    assert (await client.post("/settings/users", data=forged)).status_code == 403
    sent = {**forged, "csrf": csrf_of(await client.get("/me"))}
    assert (
        await client.post("/settings/users", data=sent, headers={"Origin": "https://evil.example"})
    ).status_code == 403
    assert (await client.get(FORM)).headers["location"] == "/"


async def test_the_button_sends_what_its_page_shows_and_nothing_elsewhere(
    console: Console, client: httpx.AsyncClient
) -> None:
    """Two tabs: what was filled in for one user in the first would be done to the user of the second."""
    await posted(client, "/settings/users/1/roles", "/settings/users/1", role="administrator")
    first, given = fields(await client.get(FORM))
    answer = await posted(client, "/settings/users/2/roles", "/settings/users/2", role="author")
    await proved(client, answer.headers["location"])
    pressed = await client.post(first, data=dict(given) | {"csrf": csrf_of(await client.get("/me"))})
    assert (pressed.status_code, pressed.headers["location"]) == (303, FORM), "and shows the one that waits"
    second = fields(await client.get(FORM))
    pressed = await client.post(second[0], data=dict(second[1]))
    assert (pressed.status_code, pressed.headers["location"]) == (307, "/settings/users/2/roles")


async def test_of_two_presses_at_once_one_does_it(console: Console, client: httpx.AsyncClient) -> None:
    """A double click, or both tabs: no invitation, key or message twice."""
    for _ in range(5):
        await grow_old(console)
        answer = await posted(client, "/settings/webhooks", "/settings/webhooks", url="https://x.example", event="done")
        action, given = fields(await proved(client, answer.headers["location"]))
        answers = await asyncio.gather(*(client.post(action, data=dict(given)) for _ in range(4)))
        assert sorted(each.status_code for each in answers) == [303, 303, 303, 307]


async def test_it_goes_to_that_path_whatever_is_in_it(console: Console, client: httpx.AsyncClient) -> None:
    """A sign that ends a path would send it to another action."""
    path = "/newsletters/x%3Fy%23z%2541/change"
    csrf = csrf_of(await client.get("/me"))
    await ended(console)
    answer = await client.post(path, data={**TYPED, "csrf": csrf})
    await sign_in(client, ADMIN, next=FORM)
    action, given = fields(await client.get(FORM))
    answer = await client.post(action, data=dict(given))
    assert (answer.status_code, answer.headers["location"]) == (307, path)


async def test_signing_out_leaves_nothing_that_waits(console: Console, client: httpx.AsyncClient) -> None:
    """On a laptop that several share: of the session itself, and of one before it that ended."""
    await posted(client, "/settings/webhooks", "/settings/webhooks", url="https://desk.example", event="done")
    assert await waits(console) == 1
    await client.post("/sign-out", data={"csrf": csrf_of(await client.get("/me"))})
    assert not await waits(console)
    await sign_in(client, ADMIN)
    await sent_too_late(console, client)
    await sign_in(client, ADMIN)
    assert await waits(console) == 1
    await client.post("/sign-out", data={"csrf": csrf_of(await client.get("/me"))})
    assert not await waits(console)


async def test_what_nobody_came_back_for_goes_by_itself(console: Console, client: httpx.AsyncClient) -> None:
    """The page says that it is kept for an hour: then it is, and not until somebody uses the API."""
    await sent_too_late(console, client)
    await tidying.tidy(console.desk)
    assert await waits(console) == 1
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE api_request SET began_at = began_at - interval '61 minutes'")
    await tidying.tidy(console.desk)
    assert not await waits(console)


async def test_what_was_filled_in_never_runs(console: Console, client: httpx.AsyncClient) -> None:
    """It may have been pasted."""
    evil = '"><script>alert(1)</script>'
    answer = await posted(client, "/settings/webhooks", f"/settings/webhooks?{evil}", url=evil, event="done")
    page = await proved(client, answer.headers["location"])
    assert "<script>alert" not in page.text
    assert dict(fields(page)[1])["url"] == evil


TYPED = {"incident": "cyber-1", "title": "Lonen liggen stil", "phase": "acute"}


async def sent_too_late(console: Console, client: httpx.AsyncClient) -> httpx.Response:
    """They opened a form, went to a meeting, and send it when their session is over."""
    csrf = csrf_of(await client.get("/me"))
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET seen_at = seen_at - interval '3 hours'")
    return await client.post("/incidents", data={**TYPED, "csrf": csrf}, headers={"Referer": f"{URL}/incidents"})


async def test_a_form_that_is_sent_after_the_session_ended_waits_until_they_signed_in_again(
    console: Console, client: httpx.AsyncClient
) -> None:
    """By a button, once; with the right words on the page where they sign in."""
    asked = (await sent_too_late(console, client)).headers["location"]
    assert asked == "/sign-in?next=%2Fsign-in%2Fagain%2Fform&told=kept"
    assert "is een uur bewaard" in (await client.get(asked)).text
    answer = await sign_in(client, ADMIN, next=FORM)
    page = await client.get(answer.headers["location"])
    assert "Lonen liggen stil" in page.text and "toen u afgemeld was" in page.text
    action, given = fields(page)
    body = str(httpx.QueryParams(given))
    onwards = await client.post(action, content=body, headers=FORM_TYPE)
    assert (onwards.status_code, onwards.headers["location"]) == (307, "/incidents")
    done = await client.post(onwards.headers["location"], content=body, headers=FORM_TYPE)
    assert (done.status_code, done.headers["location"]) == (303, "/incidents/cyber-1?told=opened"), done.text
    again = await client.post(action, content=body, headers=FORM_TYPE)
    assert again.headers["location"] == "/", "a second press finds nothing"


async def test_it_waits_for_that_user_in_that_browser_for_an_hour(console: Console, client: httpx.AsyncClient) -> None:
    """Whoever sits down at the same browser, or signs in as the same user elsewhere, sees nothing of it."""
    await sent_too_late(console, client)
    await account(console, "ander@ccvo.example", "crisis-manager")
    elsewhere = await console.anyone()
    await sign_in(elsewhere, ADMIN)
    assert (await elsewhere.get(FORM)).headers["location"] == "/"
    guess = client.cookies[BROWSER].partition(".")[0] + ".guessed"
    elsewhere.cookies.set(BROWSER, guess, domain="console.example")
    assert (await elsewhere.get(FORM)).headers["location"] == "/"
    await sign_in(client, "ander@ccvo.example")
    assert (await client.get(FORM)).headers["location"] == "/"
    await sign_in(client, ADMIN)
    assert "Lonen liggen stil" in (await client.get(FORM)).text
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE api_request SET began_at = began_at - interval '61 minutes'")
    assert (await client.get(FORM)).headers["location"] == "/"


async def ended(console: Console) -> None:
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET ended_at = clock_timestamp()")


async def waits(console: Console) -> int:
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT count(*) FROM api_request")).fetchone()
    assert row
    return int(row[0])


async def test_nothing_is_kept_that_our_own_page_did_not_send(console: Console, client: httpx.AsyncClient) -> None:
    """Another site's form with the old cookie, a forged token, or somebody who never was signed in."""
    csrf = csrf_of(await client.get("/me"))
    await ended(console)
    forged: list[tuple[dict[str, str], dict[str, str]]] = [
        ({**TYPED, "csrf": csrf}, {"Origin": "https://evil.example"}),
        ({**TYPED, "csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
        ({**TYPED, "csrf": "0" * 64}, {}),
        (TYPED, {}),
    ]
    for data, headers in forged:
        answer = await client.post("/incidents", data=data, headers=headers)
        assert answer.status_code == 303 and "told" not in answer.headers["location"], headers
    answer = await (await console.anyone()).post("/incidents", data={**TYPED, "csrf": csrf})
    assert "told" not in answer.headers["location"] and not await waits(console)
    answer = await client.post("/incidents", data={**TYPED, "csrf": csrf})
    assert "told=kept" in answer.headers["location"] and await waits(console), "the very same from our page is"


async def test_what_is_not_kept_is_told(console: Console, client: httpx.AsyncClient) -> None:
    """A file, a password, or more than we keep: they know that it is to be sent again."""
    csrf = csrf_of(await client.get("/me"))
    await ended(console)
    lost: list[tuple[str, dict[str, Any]]] = [
        ("/contacts/import", {"data": {"csrf": csrf}, "files": {"file": ("a.csv", b"x" * 2000, "text/csv")}}),
        ("/contacts/import", {"data": {"csrf": csrf}, "files": {"file": ("a.csv", b"x" * 400_000, "text/csv")}}),
        ("/me/password", {"data": {"csrf": csrf, "password": "x"}}),
        ("/incidents", {"data": {"csrf": csrf, "title": "x" * 160_000}}),
    ]
    for path, given in lost:
        answer = await client.post(path, **given)
        assert answer.headers["location"].endswith("&told=lost"), path
        assert "niet bewaard" in (await client.get(answer.headers["location"])).text
    answer = await client.post("/sign-out", data={"csrf": csrf})
    assert "told" not in answer.headers["location"], "nothing was filled in"
    assert not await waits(console)


async def test_of_who_is_disabled_nothing_is_kept(console: Console, client: httpx.AsyncClient) -> None:
    """They are nobody here any more."""
    csrf = csrf_of(await client.get("/me"))
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, ADMIN)
        assert user
        await disable_user(connection, user.id)
    answer = await client.post("/incidents", data={**TYPED, "csrf": csrf})
    assert "told" not in answer.headers["location"] and not await waits(console)


GIVES = {
    "/settings/users": {"email": "x@ccvo.example", "role": "author"},
    "/settings/users/1/roles": {"role": "administrator"},
    "/settings/users/1/invite": {"anew": "true"},
    "/settings/sources": {"name": "x", "types": "a.b"},
    "/settings/webhooks": {"url": "https://x.example", "event": "done"},
    "/settings/webhooks/1/rotate": {"hours": "24"},
    "/feeds/tokens": {"audience": "governors", "name": "x"},
}
TAKES = (
    "/settings/keys/1/revoke",
    "/feeds/tokens/1/revoke",
    "/settings/webhooks/1/remove",
    "/settings/users/1/disable",
)


async def test_what_gives_rights_or_secrets_needs_a_proof_and_what_takes_away_does_not(
    client: httpx.AsyncClient,
) -> None:
    """Whoever finds an administrator's session open makes no way in; what leaked is closed at once."""
    for path, data in GIVES.items():
        answer = await posted(client, path, "/settings", **data)
        assert answer.headers["location"].startswith("/sign-in/again?"), path
    for path in TAKES:
        answer = await posted(client, path, "/settings")
        assert answer.status_code in {303, 404, 409} and "/sign-in" not in answer.headers.get("location", ""), path


API = {
    ("PUT", "/users/x@ccvo.example"): {"role": ["author"]},
    ("POST", "/users/cas@ccvo.example/invitations"): {},
    ("POST", "/keys"): {"name": "x", "scope": ["see"]},
    ("POST", "/sources"): {"name": "x", "types": ["a.b"], "bearer": True},
    ("POST", "/webhooks"): {"url": "https://x.example", "events": ["done"]},
    ("POST", "/webhooks/1/rotate"): {},
    ("POST", "/feed-tokens"): {"audience": "governors", "name": "x"},
}


async def test_no_key_makes_what_outlives_it(console: Console, client: httpx.AsyncClient) -> None:
    """Else one that leaked would make others, and revoking it would be of no use: roles, invitations, keys, secrets are
    a person's to give, who proved just now who they are."""
    program = await console.with_key("administrator", scopes=("see", "administer"))
    fresh = await console.as_("administrator", email="fresh@ccvo.example")
    for (method, path), body in API.items():
        answer = await program.request(method, f"/api/v1{path}", json=body)
        assert (answer.status_code, answer.json()["title"]) == (403, "Proof needed"), path
        client.headers["X-CSRF-Token"] = csrf_of(await client.get("/me"))
        answer = await client.request(method, f"/api/v1{path}", json=body)
        assert (answer.status_code, answer.json()["title"]) == (403, "Proof needed"), path
        answer = await fresh.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code in {200, 201, 409}, (path, answer.text)
    assert COOKIE in client.cookies
