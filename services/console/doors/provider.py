"""The conversation with the OpenID provider: where it is, whom it says somebody is (OpenID Connect Core 1.0).

Code flow with PKCE; an ID token counts only with a signature of the provider's published keys, for us, with our nonce.
Everything has a time limit: a provider that hangs must not make the console hang.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.console.doors.provider_settings import ProviderSettings
from services.console.settings import ConsoleSettings

SECONDS: Final = 5.0
KEPT_SECONDS: Final = 600.0
ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key pair. `none` and HMAC are in no token that we take."""
LEEWAY: Final = 60
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


class ProviderAway(Exception):
    """It does not answer, or not as an OpenID provider does. People sign in with their local account meanwhile."""


class NotBelieved(Exception):
    """What came back is not what we asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the provider said of somebody."""

    subject: str
    claims: Mapping[str, Any]
    id_token: str
    session: str | None
    proved_at: int | None


@dataclass
class Provider:
    """One provider, and what it publishes about itself, kept for ten minutes."""

    settings: ProviderSettings
    redirect: str
    _metadata: tuple[float, dict[str, Any]] | None = None
    _keys: tuple[float, KeySet] | None = None
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=SECONDS))

    async def address(self, *, state: str, nonce: str, verifier: str, again: bool = False) -> str:
        """Where somebody proves who they are; `again`: also if they did before."""
        metadata = await self.metadata()
        more = {"prompt": "login", "max_age": "60"} if again else {}
        async with self._client() as client:
            address, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier, **more
            )
        return str(address)

    async def said(self, code: str, *, nonce: str, verifier: str) -> Said:
        """Whom this code stands for. Raises `ProviderAway` and `NotBelieved`."""
        metadata = await self.metadata()
        try:
            async with self._client() as client:
                token = await client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=verifier)
        except OAuthError as refusal:
            raise NotBelieved(
                f"the provider refused the code: {refusal.error} {refusal.description or ''}".strip()
            ) from None
        except (httpx.HTTPError, ValueError) as problem:
            raise ProviderAway(type(problem).__name__) from None
        claims = await self._believed(token, nonce)
        more = await self._more(metadata, token, claims)
        proved = claims.get("auth_time")
        return Said(
            claims["sub"],
            {**more, **claims},
            token["id_token"],
            claims.get("sid"),
            int(proved) if isinstance(proved, int | float) else None,
        )

    async def leaving(self, id_token: str | None, back: str) -> str | None:
        """Where somebody signs out at the provider too (RP-initiated logout); None: it has no such page."""
        ends = (await self.metadata()).get("end_session_endpoint")
        given = {"client_id": str(self.settings.oidc_client_id), "post_logout_redirect_uri": back}
        hint = {"id_token_hint": id_token} if id_token else {}
        return f"{ends}{'&' if '?' in ends else '?'}{urlencode({**given, **hint})}" if ends else None

    async def signed_out(self, logout_token: str) -> tuple[str | None, str | None]:
        """Session and subject that ended at the provider (Back-Channel Logout 1.0, 2.6). Raises `NotBelieved`."""
        header, claims = await self._signed(logout_token)
        del header
        events = claims.get("events")
        if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
            raise NotBelieved("not a logout token")
        self._meant_for_us(claims)
        if not isinstance(claims.get("iat"), int) or abs(time.time() - claims["iat"]) > 10 * LEEWAY:
            raise NotBelieved("an old logout token")
        return claims.get("sid"), claims.get("sub")

    async def metadata(self) -> dict[str, Any]:
        """What it publishes about itself. Raises `ProviderAway`."""
        if self._metadata and time.monotonic() - self._metadata[0] < KEPT_SECONDS:
            return self._metadata[1]
        issuer = str(self.settings.oidc_issuer)
        found = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderAway("it calls itself by another name than ROELAND_OIDC_ISSUER")
        if not {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= found.keys():
            raise ProviderAway("it publishes no endpoints")
        self._metadata = (time.monotonic(), found)
        return found

    async def _believed(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        header, claims = await self._signed(str(token.get("id_token") or ""))
        self._meant_for_us(claims)
        params = {"nonce": nonce, "client_id": self.settings.oidc_client_id, "access_token": token.get("access_token")}
        try:
            CodeIDToken(claims, header, None, params).validate(leeway=LEEWAY)
        except JoseError as problem:
            raise NotBelieved(f"the ID token: {problem}") from None
        return claims

    def _meant_for_us(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if claims.get("iss") != self.settings.oidc_issuer:
            raise NotBelieved("from another issuer")
        if self.settings.oidc_client_id not in (audience if isinstance(audience, list) else [audience]):
            raise NotBelieved("meant for another client")

    async def _signed(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that the provider signed; its keys are read anew for one we do not know."""
        for fresh in (False, True):
            keys = await self._published(fresh=fresh)
            try:
                read = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError) as problem:
                if fresh:
                    raise NotBelieved(f"not signed by the provider: {type(problem).__name__}") from None
            else:
                return dict(read.header), dict(read.claims)
        raise NotBelieved("not signed")

    async def _published(self, *, fresh: bool) -> KeySet:
        kept = 30.0 if fresh else KEPT_SECONDS  # whoever sends bad tokens does not make us ask each time
        if self._keys is None or time.monotonic() - self._keys[0] > kept:
            found = await self._read((await self.metadata())["jwks_uri"])
            try:
                self._keys = (time.monotonic(), KeySet.import_key_set(found))  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError):
                raise ProviderAway("its keys cannot be read") from None
        return self._keys[1]

    async def _more(self, metadata: Mapping[str, Any], token: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
        """What its userinfo adds, if it is about the same subject."""
        if "userinfo_endpoint" not in metadata or "access_token" not in token:
            return {}
        given = {"Authorization": f"Bearer {token['access_token']}"}
        found = await self._read(metadata["userinfo_endpoint"], headers=given)
        if found.get("sub") != known["sub"]:
            return {}
        if "email" in known and found.get("email") != known["email"]:
            found.pop("email_verified", None)  # it is said of another address
        return found

    async def _read(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = await self._http.get(address, headers=dict(headers or {}))
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError) as problem:
            raise ProviderAway(type(problem).__name__) from None
        return found if isinstance(found, dict) else {}

    def _client(self) -> AsyncOAuth2Client:
        secret = self.settings.oidc_client_secret
        return AsyncOAuth2Client(
            client_id=self.settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=self.settings.oidc_scopes,
            redirect_uri=self.redirect,
            code_challenge_method="S256",
            timeout=SECONDS,
        )


def provider_set(console: ConsoleSettings) -> Provider | None:
    """The one of the settings; None where no issuer is set."""
    settings = ProviderSettings()
    return Provider(settings, f"{console.url}/sign-in/provider/callback") if settings.oidc_issuer else None
