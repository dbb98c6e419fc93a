"""The conversation with the OpenID provider: whom it says somebody is (OpenID Connect Core 1.0).

Code flow with PKCE; an ID token counts only with a signature of the provider's published keys, for us, with our nonce.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError

from services.console.doors.provider_published import SECONDS, ProviderAway, Published, answered, read_json
from services.console.doors.provider_settings import ProviderSettings
from services.console.settings import ConsoleSettings

ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key pair. `none` and HMAC are in no token that we take."""
LEEWAY: Final = 60
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


class NotBelieved(Exception):
    """What came back is not what we asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the provider said of somebody. `whole`: all that we ask for was granted, and its userinfo was read too, so
    that a claim which is not there is one that the provider leaves out."""

    subject: str
    claims: Mapping[str, Any]
    id_token: str
    session: str | None
    proved_at: int | None
    whole: bool = False


@dataclass
class Provider:
    """One provider. What asks it raises `ProviderAway`."""

    settings: ProviderSettings
    redirect: str
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=SECONDS))
    published: Published = field(init=False)

    def __post_init__(self) -> None:
        """What it publishes is kept."""
        self.published = Published(str(self.settings.oidc_issuer), self.http)

    async def address(self, *, state: str, nonce: str, verifier: str, again: bool = False) -> str:
        """Where somebody proves who they are; `again`: also if they did before."""
        more = {"prompt": "login", "max_age": "60"} if again else {}
        address = prepare_grant_uri(
            (await self.published.metadata())["authorization_endpoint"],
            client_id=self.settings.oidc_client_id,
            response_type="code",
            redirect_uri=self.redirect,
            scope=self.settings.oidc_scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **more,
        )
        return str(address)

    async def said(self, code: str, *, nonce: str, verifier: str) -> Said:
        """Whom this code stands for. Raises `ProviderAway` and `NotBelieved`."""
        metadata = await self.published.metadata()
        token = await self._token(metadata["token_endpoint"], code, verifier)
        claims = await self._believed(token, nonce)
        more = await self._more(metadata, token, claims)
        proved = claims.get("auth_time")
        return Said(
            claims["sub"],
            {**more, **claims},
            str(token["id_token"]),
            claims.get("sid"),
            int(proved) if isinstance(proved, int | float) else None,
            whole=bool(more) and self._granted(metadata, token),
        )

    def leaving(self, id_token: str | None, back: str) -> str | None:
        """Where somebody signs out at the provider too (RP-initiated logout); None: no such page is known. Nobody waits
        for the provider to sign out here."""
        ends = (self.published.known or {}).get("end_session_endpoint")
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

    async def _token(self, address: str, code: str, verifier: str) -> Mapping[str, Any]:
        """What the code is exchanged for (RFC 6749 §4.1.3, RFC 7636 §4.5). Raises `ProviderAway` and `NotBelieved`."""
        us, secret = str(self.settings.oidc_client_id), self.settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect, "code_verifier": verifier,
        }  # fmt: skip
        if secret is None:
            answer = await answered(self.http, "POST", address, data={**form, "client_id": us})
        else:
            answer = await answered(self.http, "POST", address, data=form, auth=(us, secret.get_secret_value()))
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code >= 500 or not isinstance(found, dict):
            raise ProviderAway(f"status {answer.status_code}")
        if not answer.is_success or "error" in found:
            raise NotBelieved(f"the provider refused the code: {str(found.get('error'))[:100]}")
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

    def _granted(self, metadata: Mapping[str, Any], token: Mapping[str, Any]) -> bool:
        """Whether we got every scope that we ask for (RFC 6749 §5.1: what is not said is as asked), and ask for the
        claim's own where the provider has one of its name."""
        asked, there = set(self.settings.oidc_scopes.split()), metadata.get("scopes_supported")
        granted = set(str(token["scope"]).split()) if token.get("scope") else asked
        own = {self.settings.oidc_roles_claim.partition(".")[0]} & set(there if isinstance(there, list) else ())
        return asked | own <= granted & asked

    def _meant_for_us(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if claims.get("iss") != self.settings.oidc_issuer:
            raise NotBelieved("from another issuer")
        if self.settings.oidc_client_id not in (audience if isinstance(audience, list) else [audience]):
            raise NotBelieved("meant for another client")

    async def _signed(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that the provider signed; its keys are read anew for one we do not know."""
        for anew in (False, True):
            keys = await self.published.keys(anew=anew)
            try:
                read = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError) as problem:
                if anew:
                    raise NotBelieved(f"not signed by the provider: {type(problem).__name__}") from None
            else:
                return dict(read.header), dict(read.claims)
        raise NotBelieved("not signed")

    async def _more(self, metadata: Mapping[str, Any], token: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
        """What its userinfo adds, if it is about the same subject."""
        if "userinfo_endpoint" not in metadata or "access_token" not in token:
            return {}
        given = {"Authorization": f"Bearer {token['access_token']}"}
        found = await read_json(self.http, metadata["userinfo_endpoint"], headers=given)
        if found.get("sub") != known["sub"]:
            return {}
        if "email" in known and found.get("email") != known["email"]:
            found.pop("email_verified", None)  # it is said of another address
        return found


def provider_set(console: ConsoleSettings) -> Provider | None:
    """The one of the settings; None where no issuer is set."""
    settings = ProviderSettings()
    return Provider(settings, f"{console.url}/sign-in/provider/callback") if settings.oidc_issuer else None
