"""Whose roles come from the provider: what it says counts, and what it does not say changes nothing."""

from typing import Any

import pytest

from services.console.doors import provided
from services.console.doors.provider import Said
from services.console.doors.provider_settings import ProviderSettings
from services.store.users import find_user, save_user
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
AN = "an@ccvo.example"
ROLES = {"ccvo-crisis": ["crisis-manager"], "ccvo-write": ["author"]}


async def says(console: Console, claims: dict[str, Any], *, claim: str = "groups") -> list[str] | str:
    """The roles that they come in with, or why they do not."""
    settings = ProviderSettings(
        oidc_issuer="https://login.example", oidc_client_id="us", oidc_roles=ROLES, oidc_roles_claim=claim
    )
    said = Said("an", {"email": AN, "email_verified": True, **claims}, "token", None, None)
    async with console.desk.pool.connection() as connection:
        try:
            return (await provided.user_of(connection, said, settings)).roles
        except provided.Unwelcome as problem:
            return problem.why


UNSAID: list[tuple[str, dict[str, Any]]] = [
    ("groups", {}),
    ("groups", {"groups": None}),
    ("groups", {"groups": 5}),
    ("groups", {"groups": {"ccvo-write": True}}),
    ("groups", {"groups": [{"name": "ccvo-write"}]}),
    ("groups", {"_claim_names": {"groups": "src1"}}),
    ("realm_access.roles", {"realm_access": {}}),
    ("realm_access.roles", {"realm_access": ["ccvo-write"]}),
]


async def test_a_provider_that_does_not_say_takes_nobodys_roles(console: Console) -> None:
    """A scope that was taken away, or a list too long for a token: the morning that it happens nobody loses a role, a
    session or their local account; and nobody comes in either, for they may have left the group."""
    elsewhere = await console.as_("author", email=AN)
    for claim, claims in UNSAID:
        assert await says(console, claims, claim=claim) == "roles-unsaid", claims
        async with console.desk.pool.connection() as connection:
            user = await find_user(connection, AN)
        assert user and user.roles == ["author"], claims
    assert (await elsewhere.get("/me")).status_code == 200


async def test_who_is_not_known_yet_is_not_made_without_groups(console: Console) -> None:
    """There is nothing to make them with."""
    assert await says(console, {}) == "roles-unsaid"
    async with console.desk.pool.connection() as connection:
        assert await find_user(connection, AN) is None


async def test_a_provider_that_says_none_of_ours_takes_roles_and_sessions(console: Console) -> None:
    """That is how somebody leaves."""
    for number, groups in enumerate(([], "", ["another"], "another")):
        elsewhere = await console.as_("author", email=AN)
        async with console.desk.pool.connection() as connection:
            await save_user(connection, AN, ["author"])
        assert (await elsewhere.get("/me")).status_code == 200
        assert await says(console, {"groups": groups}) == "no-role", number
        async with console.desk.pool.connection() as connection:
            user = await find_user(connection, AN)
        assert user and user.roles == []
        assert (await elsewhere.get("/me")).status_code == 303


async def test_what_it_says_counts_in_each_form(console: Console) -> None:
    """One text, a list, or deeper in: as Keycloak has it."""
    assert await says(console, {"groups": "ccvo-write"}) == ["author"]
    assert await says(console, {"groups": ["ccvo-write", "ccvo-crisis", "x"]}) == ["author", "crisis-manager"]
    deep = {"realm_access": {"roles": ["ccvo-crisis"]}}
    assert await says(console, deep, claim="realm_access.roles") == ["crisis-manager"]
