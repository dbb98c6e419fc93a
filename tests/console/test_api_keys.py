"""Keys: a program acts as its person, and never does more than they may."""

import pytest

from services.console.api import rates
from services.store import api_keys
from services.store.users import find_user, save_user
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
API = "/api/v1"


def test_a_token_carries_its_own_check() -> None:
    """A scanner that finds one in a repository knows it for ours, and we ask PostgreSQL about no other."""
    token = api_keys.new_token()
    assert token.startswith("rld_")
    assert api_keys.is_well_formed(token)
    assert not api_keys.is_well_formed(token[:-1] + ("A" if token[-1] != "A" else "B"))
    assert not api_keys.is_well_formed("rld_")
    assert not api_keys.is_well_formed(token.replace("rld_", "rlé_"))


async def test_a_person_makes_a_key_uses_it_and_takes_it_back(console: Console) -> None:
    """It is shown once, works at once, and not a moment longer than it is wanted."""
    client = await console.as_("author")
    made = await client.post(f"{API}/keys", json={"name": "meldkamer", "scope": ["see"]})
    assert made.status_code == 201, made.text
    listed = (await client.get(f"{API}/keys")).json()["items"]
    assert [each["name"] for each in listed] == ["meldkamer"]
    assert "token" not in listed[0]
    program = await console.anyone(Authorization=f"Bearer {made.json()['token']}")
    assert (await program.get(f"{API}/messages")).status_code == 200
    assert (await client.delete(f"{API}/keys/{made.json()['id']}")).status_code == 200
    assert (await program.get(f"{API}/messages")).status_code == 401


async def test_a_key_does_not_more_than_its_scopes_nor_than_its_user(console: Console) -> None:
    """Roles that are taken away are taken from every key too, at once."""
    program = await console.with_key("crisis-manager", scopes=("see", "keep-incidents"))
    assert (await program.post(f"{API}/incidents", json={"incident": "a-1", "title": "x"})).status_code == 201
    assert (await program.get(f"{API}/contacts")).status_code == 403
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, "crisis-manager@ccvo.example")
        assert user
        await save_user(connection, user.email, ["auditor"])
    assert (await program.post(f"{API}/incidents", json={"incident": "a-2", "title": "x"})).status_code == 403


async def test_a_key_makes_no_keys_and_nobody_revokes_those_of_others(console: Console) -> None:
    """Else one that leaked would live for ever, and anybody could silence anybody's systems."""
    program = await console.with_key("administrator", scopes=("see", "administer"))
    assert (await program.post(f"{API}/keys", json={"name": "x", "scope": ["see"]})).status_code == 403
    assert (await program.post(f"{API}/users/administrator@ccvo.example/invitations", json={})).status_code == 403
    other = await console.as_("author")
    found = (await program.get(f"{API}/keys")).json()["items"][0]["id"]
    assert (await other.delete(f"{API}/keys/{found}")).status_code == 404
    assert (await other.delete(f"{API}/keys/{found}?anybodys=true")).status_code == 403
    assert (await other.get(f"{API}/keys?everybody=true")).status_code == 403
    too_much = await other.post(f"{API}/keys", json={"name": "x", "scope": ["approve"]})
    assert (too_much.status_code, "roles do not allow" in too_much.json()["detail"]) == (409, True)


async def test_a_key_revokes_itself_and_no_other(console: Console) -> None:
    """One that leaked and may only see would silence all that its owner runs; that it may end itself is right."""
    program, other = [await console.with_key("author", scopes=("see",)) for _ in range(2)]
    mine, others = [each["id"] for each in (await program.get(f"{API}/keys")).json()["items"]]
    for query in ("", "?anybodys=true"):
        assert (await program.delete(f"{API}/keys/{others}{query}")).status_code == 403
    assert (await program.delete(f"{API}/keys/4711")).status_code == 403, "nor does it hear which there are"
    assert (await other.get(f"{API}/keys")).status_code == 200
    assert (await program.delete(f"{API}/keys/{mine}")).status_code == 200
    assert (await program.get(f"{API}/keys")).status_code == 401
    warden = await console.with_key("administrator", scopes=("see", "administer"))
    assert (await warden.delete(f"{API}/keys/{others}?anybodys=true")).status_code == 200


async def test_a_key_opens_the_api_and_no_page(console: Console) -> None:
    """Pages are for people: there a key that may only see would read the secret of somebody's app, and one of an
    administrator would make the link by which anybody comes in."""
    program = await console.with_key("administrator", scopes=("see", "administer"))
    assert (await program.get("/api/v1/board")).status_code == 200
    for method, path in (("GET", "/me/second-step"), ("GET", "/settings/users"), ("POST", "/settings/users/1/invite")):
        answer = await program.request(method, path)
        assert (answer.status_code, answer.headers.get("location", "")[:8]) == (303, "/sign-in"), path


async def test_who_tries_keys_has_to_wait_and_who_has_one_does_not(console: Console) -> None:
    """Each try asks PostgreSQL; the program that has a key at the same address must not suffer from it."""
    rates.STRANGERS.clear()
    stranger = await console.anyone(Authorization=f"Bearer {api_keys.new_token()}")
    tried = [(await stranger.get("/api/v1/board")).status_code for _ in range(rates.STRANGERS.burst + 1)]
    assert tried == [401] * rates.STRANGERS.burst + [429]
    assert int((await stranger.get("/api/v1/board")).headers["retry-after"]) > 1
    known = await console.with_key("author", scopes=("see",))
    assert (await known.get("/api/v1/board")).status_code == 200
    rates.STRANGERS.clear()


async def test_a_secret_in_an_answer_that_is_kept_cannot_be_read(console: Console) -> None:
    """An answer is kept for who asks again; a key in it is for its owner, and not for who reads the table."""
    person = await console.as_("author")
    given = {"name": "meldkamer", "scope": ["see"]}
    first = await person.post("/api/v1/keys", json=given, headers={"Idempotency-Key": "one"})
    token = first.json()["token"]
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT body FROM api_request")).fetchone()
    assert row and token.encode() not in bytes(row[0])
    again = await person.post("/api/v1/keys", json=given, headers={"Idempotency-Key": "one"})
    assert (again.headers["idempotency-replayed"], again.json()["token"]) == ("true", token)
