"""An OpenID provider that lies, or somebody between: what it says counts only when all of it holds."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from services.console.app import make_app
from services.console.desk import Desk
from services.console.doors.provider import LOGOUT_EVENT, NotBelieved, Provider
from services.console.doors.provider_published import ProviderAway
from services.console.doors.provider_settings import ProviderSettings
from services.store import accounts
from tests.console.conftest import Console

KEY, OTHER = (RSAKey.generate_key(2048, {"kid": kid}, auto_kid=False) for kid in ("k1", "k1"))
SECRET = "a secret between us, and long enough"


class Liar:
    """A provider on loopback that answers what a test wants."""

    issuer = ""
    claims: dict[str, Any]
    userinfo: dict[str, Any]
    key: Any = KEY
    algorithm = "RS256"

    def token(self) -> str:
        header = {"alg": self.algorithm, "kid": "k1"}
        return jwt.encode(header, self.claims, self.key, algorithms=[self.algorithm])

    async def metadata(self, _: web.Request) -> web.Response:
        names = {"authorization_endpoint": "a", "token_endpoint": "t", "jwks_uri": "j", "userinfo_endpoint": "u"}
        return web.json_response({"issuer": self.issuer, **{name: f"{self.issuer}/{at}" for name, at in names.items()}})

    async def keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [KEY.as_dict(private=False)]})

    async def tokens(self, _: web.Request) -> web.Response:
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": self.token()})

    async def about(self, _: web.Request) -> web.Response:
        return web.json_response(self.userinfo)


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    made = Liar()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", made.metadata)
    app.router.add_get("/j", made.keys)
    app.router.add_post("/t", made.tokens)
    app.router.add_get("/u", made.about)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    now = int(time.time())
    made.claims = {"iss": made.issuer, "aud": "us", "sub": "an", "iat": now, "exp": now + 60, "nonce": "n"}
    made.userinfo = {"sub": "an", "groups": ["ccvo"]}
    yield made
    await runner.cleanup()


def provider(liar: Liar) -> Provider:
    settings = ProviderSettings(oidc_issuer=liar.issuer, oidc_client_id="us", oidc_client_secret=SecretStr(SECRET))
    return Provider(settings, "https://console.example/sign-in/provider/callback")


def by_hmac(claims: dict[str, Any], secret: bytes) -> str:
    """By hand: no library makes this one."""
    parts = [
        urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in ({"alg": "HS256", "kid": "k1"}, claims)
    ]
    signature = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


async def test_what_holds_is_believed(liar: Liar) -> None:
    """With what userinfo adds, as long as that is about the same person."""
    said = await provider(liar).said("code", nonce="n", verifier="v")
    assert (said.subject, said.claims["groups"]) == ("an", ["ccvo"])
    liar.userinfo = {"sub": "another", "groups": ["ccvo"]}
    said = await provider(liar).said("code", nonce="n", verifier="v")
    assert "groups" not in said.claims


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["another", "yet another"]},
        {"aud": ["us", "another"], "azp": "another"},
        {"nonce": "m"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 2**33},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
async def test_an_id_token_with_a_lie_in_it_is_not_believed(liar: Liar, lie: dict[str, Any]) -> None:
    """One for another client, of another sign-in, of yesterday: each has been used to come in somewhere."""
    liar.claims = {name: value for name, value in {**liar.claims, **lie}.items() if value is not None}
    with pytest.raises(NotBelieved):
        await provider(liar).said("code", nonce="n", verifier="v")


@pytest.mark.parametrize("forger", ["another key", "our secret", "the published key as a secret"])
async def test_an_id_token_that_the_provider_did_not_sign_is_not_believed(
    liar: Liar, forger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one signed with what others know too (HMAC, key confusion)."""
    if forger == "another key":
        liar.key = OTHER
    else:
        secret = SECRET.encode() if forger == "our secret" else KEY.as_pem(private=False)
        monkeypatch.setattr(liar, "token", lambda: by_hmac(liar.claims, secret))
    with pytest.raises(NotBelieved):
        await provider(liar).said("code", nonce="n", verifier="v")


async def test_an_id_token_that_nobody_signed_is_not_believed(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    """`alg: none`."""
    monkeypatch.setattr(liar, "token", lambda: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbiJ9.")
    with pytest.raises(NotBelieved):
        await provider(liar).said("code", nonce="n", verifier="v")


async def test_a_provider_with_another_name_is_none(liar: Liar) -> None:
    """Metadata of another issuer, at an address of ours (mix-up)."""
    asked = provider(liar)
    liar.issuer = "https://evil.example"
    with pytest.raises(ProviderAway):
        await asked.published.metadata()


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"nonce": "n"}, False),
        ({"events": {}}, False),
        ({"events": None}, False),
        ({"aud": "another"}, False),
        ({"iat": 1}, False),
    ],
    ids=str,
)
async def test_the_word_that_somebody_signed_out_counts_when_all_of_it_holds(
    liar: Liar, change: dict[str, Any], counts: bool
) -> None:
    """Else anybody could sign out the whole cell; nor is an ID token taken for one."""
    claims = {**liar.claims, "sid": "s1", "events": {LOGOUT_EVENT: {}}, **change}
    liar.claims = {k: v for k, v in claims.items() if v is not None and (k != "nonce" or "nonce" in change)}
    if counts:
        assert await provider(liar).signed_out(liar.token()) == ("s1", "an")
    else:
        with pytest.raises(NotBelieved):
            await provider(liar).signed_out(liar.token())


def test_a_provider_over_plain_http_is_not_taken() -> None:
    """Anybody on the way could be it; this machine aside."""
    with pytest.raises(ValueError, match="https"):
        ProviderSettings(oidc_issuer="http://login.example", oidc_client_id="us")


@pytest.mark.stack
async def test_who_signed_out_at_the_provider_is_signed_out_here(
    liar: Liar, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back-channel logout: by its session, and by the person where it names none; a lie ends nothing."""
    monkeypatch.setenv("ROELAND_OIDC_ISSUER", liar.issuer)
    monkeypatch.setenv("ROELAND_OIDC_CLIENT_ID", "us")
    console = Console(make_app(desk), desk)
    async with console.stack:
        by_session, by_person = await console.as_("author"), await console.as_("approver")
        async with desk.pool.connection() as connection:
            await connection.execute("UPDATE session SET at_provider = 's1', how = 'oidc' WHERE user_id = 1")
            await accounts.link_to_provider(connection, 2, liar.issuer, "bo")
        told = {k: v for k, v in liar.claims.items() if k != "nonce"} | {"events": {LOGOUT_EVENT: {}}}
        program = await console.anyone()
        for claims, key, status, signed_in in (
            ({"sub": "an", "sid": "s1"}, OTHER, 400, (200, 200)),
            ({"sub": "an", "sid": "s1"}, KEY, 200, (303, 200)),
            ({"sub": "bo"}, KEY, 200, (303, 303)),
        ):
            liar.claims, liar.key = told | claims, key
            answer = await program.post("/sign-in/provider/signed-out", data={"logout_token": liar.token()})
            assert answer.status_code == status
            seen = [(await client.get("/me")).status_code for client in (by_session, by_person)]
            assert tuple(seen) == signed_in


async def test_an_address_is_not_verified_by_what_is_said_of_another(liar: Liar) -> None:
    """Where the two parts of what a provider says differ, one may write an administrator's address in its profile."""
    liar.claims |= {"email": "administrator@ccvo.example"}
    liar.userinfo |= {"email": "an@ccvo.example", "email_verified": True}
    said = await provider(liar).said("code", nonce="n", verifier="v")
    assert said.claims.get("email_verified") is not True
    liar.userinfo |= {"email": "administrator@ccvo.example"}
    said = await provider(liar).said("code", nonce="n", verifier="v")
    assert said.claims["email_verified"] is True
