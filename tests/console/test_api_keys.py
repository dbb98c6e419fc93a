"""Keys: a program acts as its person, and never does more than they may."""

import pytest

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
