"""Whose roles come from the provider: what it says counts, and what it does not say changes nothing."""

import asyncio
from typing import Any, Literal

import pytest

from services.console.doors import provided
from services.console.doors.provider import Said
from services.console.doors.provider_settings import ProviderSettings
from services.store.users import disable_user, find_user, save_user
from tests.console.conftest import Console
from tests.situation.running import eventually

pytestmark = pytest.mark.stack
AN = "an@ccvo.example"
ROLES = {"ccvo-crisis": ["crisis-manager"], "ccvo-write": ["author"]}


async def says(
    console: Console, claims: dict[str, Any], *, claim: str = "groups", missing: Literal["keep", "none"] = "keep",
    whole: bool = True, of: str = "an",
) -> list[str] | str:  # fmt: skip
    """The roles that they come in with, or why they do not."""
    settings = ProviderSettings(
        oidc_issuer="https://login.example", oidc_client_id="us", oidc_roles=ROLES, oidc_roles_claim=claim,
        oidc_roles_missing=missing,
    )  # fmt: skip
    address = f"{of}@ccvo.example"
    said = Said(of, {"email": address, "email_verified": True, **claims}, "token", None, None, whole)
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


LEFT_OUT: list[tuple[str, dict[str, Any]]] = [
    ("groups", {}),
    ("groups", {"groups": None}),
    ("realm_access.roles", {"realm_access": {}}),
    ("realm_access.roles", {}),
]
SAID_OTHERWISE: list[tuple[str, dict[str, Any]]] = [
    ("groups", {"groups": 5}),
    ("groups", {"groups": {"ccvo-write": True}}),
    ("groups", {"_claim_names": {"groups": "src1"}}),
    ("groups", {"hasgroups": True}),
    ("realm_access.roles", {"realm_access": ["ccvo-write"]}),
]


async def test_where_the_centre_says_so_a_claim_that_is_left_out_is_an_empty_one(console: Console) -> None:
    """Some providers leave out the groups of who is in none: whoever left them all loses role and session."""
    for claim, claims in LEFT_OUT:
        elsewhere = await console.as_("author", email=AN)
        async with console.desk.pool.connection() as connection:
            await save_user(connection, AN, ["author"])
        assert (await elsewhere.get("/me")).status_code == 200
        assert await says(console, claims, claim=claim, missing="none") == "no-role", claims
        assert (await elsewhere.get("/me")).status_code == 303, claims


async def test_also_then_what_is_not_all_or_of_another_form_takes_nobodys_roles(console: Console) -> None:
    """A scope that was not granted, a list that is elsewhere because it is long: that is no word about groups."""
    elsewhere = await console.as_("author", email=AN)
    for claim, claims in LEFT_OUT:
        assert await says(console, claims, claim=claim, missing="none", whole=False) == "roles-unsaid", claims
    for claim, claims in SAID_OTHERWISE:
        assert await says(console, claims, claim=claim, missing="none") == "roles-unsaid", claims
    assert (await elsewhere.get("/me")).status_code == 200


async def _provided(console: Console) -> list[dict[str, Any]]:
    async with console.desk.pool.connection() as connection:
        rows = await connection.execute("SELECT detail FROM audit WHERE action = 'user.provided' ORDER BY id")
        return [row[0] for row in await rows.fetchall()]


async def test_the_last_administrator_keeps_that_role_and_the_settings_say_so(console: Console) -> None:
    """Else a slip in a group over there takes away who could mend it; once there is another, the provider counts."""
    elsewhere = await console.as_("administrator", email=AN)
    said = "De laatste beheerder houdt die rol"
    assert said not in (await elsewhere.get("/settings/users")).text
    for groups, roles in (
        (["ccvo-write"], ["administrator", "author"]), ([], ["administrator"]), ([], ["administrator"]),
    ):  # fmt: skip
        assert await says(console, {"groups": groups}) == roles
    assert [each.get("kept") for each in await _provided(console)] == [["administrator"]] * 2, "once for each change"
    assert said in (await elsewhere.get("/settings/users")).text
    assert "badge bad" in (await elsewhere.get("/settings")).text
    await console.as_("administrator", email="bo@ccvo.example")
    assert said not in (await elsewhere.get("/settings/users")).text
    assert await says(console, {"groups": []}) == "no-role"
    assert (await elsewhere.get("/settings/users")).status_code == 303


async def test_it_is_on_record_also_where_nothing_changed_by_it(console: Console) -> None:
    """They were author and administrator, and stay so because nobody else is administrator."""
    await console.as_("administrator", "author", email=AN)
    for _ in range(2):
        assert await says(console, {"groups": ["ccvo-write"]}) == ["administrator", "author"]
    assert [each.get("kept") for each in await _provided(console)] == [["administrator"]]


async def test_who_is_disabled_is_no_administrator_who_is_left(console: Console) -> None:
    """A name in the list gives nobody their role back."""
    await console.as_("administrator", email=AN)
    await console.as_("administrator", email="bo@ccvo.example")
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, "bo@ccvo.example")
        assert user
        await disable_user(connection, user.id)
    assert await says(console, {"groups": []}) == ["administrator"]


async def test_who_is_disabled_while_they_sign_in_stays_so(console: Console) -> None:
    """An administrator presses it because of what goes on: new roles of the provider at that moment undo nothing."""
    await console.as_("author", email=AN)
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
        assert user
        await disable_user(connection, user.id)
        coming = asyncio.create_task(says(console, {"groups": ["ccvo-crisis"]}))
        await eventually(lambda: _somebody_waits(console))
    assert await coming == "disabled"
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
    assert user and user.disabled_at and user.roles == ["author"]


async def _somebody_waits(console: Console) -> bool:
    """Whether a statement waits for what another transaction changed."""
    async with console.desk.pool.connection() as connection:
        asked = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return await (await connection.execute(asked)).fetchone() is not None


async def test_of_two_last_ones_who_sign_in_at_once_one_stays(console: Console) -> None:
    """The second sees what the first lost."""
    for _ in range(5):
        for name in ("an", "bo"):
            async with console.desk.pool.connection() as connection:
                await save_user(connection, f"{name}@ccvo.example", ["administrator"])
        found = await asyncio.gather(*(says(console, {"groups": []}, of=name) for name in ("an", "bo")))
        assert sorted(map(str, found)) == ["['administrator']", "no-role"]
