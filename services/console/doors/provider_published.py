"""What the OpenID provider publishes of itself, kept for ten minutes: where it is asked what, and its keys.

One asks at a time, and a provider that did not answer is left alone for a moment: neither many who sign in at once nor
a flood of bad tokens makes each of them wait for one that hangs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

SECONDS: Final = 5.0
"""For one answer, all of it: also one that comes a byte at a time."""
KEPT_SECONDS: Final = 600.0
ANEW_SECONDS: Final = 30.0
"""Whoever sends tokens with keys that nobody knows does not make us ask more often."""
AWAY_SECONDS: Final = 5.0
LEARN_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class ProviderAway(Exception):
    """It does not answer, or not as an OpenID provider does. People sign in with their local account meanwhile."""


@dataclass
class Published:
    """Of one provider. Everything raises `ProviderAway`."""

    issuer: str
    http: httpx.AsyncClient
    _found: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _away_until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def known(self) -> dict[str, Any] | None:
        """Its metadata as it was when it was last read, however long ago: for who must not wait."""
        return self._found["metadata"][1] if "metadata" in self._found else None

    async def metadata(self) -> dict[str, Any]:
        """What it says of itself (OpenID Connect Discovery 1.0)."""
        found: dict[str, Any] = await self._kept("metadata", KEPT_SECONDS, self._read_metadata)
        return found

    async def keys(self, *, anew: bool) -> KeySet:
        """Its public keys; `anew`: a token names one that is not among those that we have."""
        address = (await self.metadata())["jwks_uri"]
        found: KeySet = await self._kept(
            "keys", ANEW_SECONDS if anew else KEPT_SECONDS, lambda: self._read_keys(address)
        )
        return found

    async def learned(self) -> None:
        """Ask until it is known, beside answering: who signs out then never waits for it."""
        while self.known is None:
            try:
                await self.metadata()
            except ProviderAway as problem:
                log.warning("provider_away", why=str(problem))
                await asyncio.sleep(LEARN_SECONDS)

    async def _kept(self, name: str, seconds: float, read: Callable[[], Awaitable[Any]]) -> Any:
        if not self._is_fresh(name, seconds):
            async with self._turn:
                if not self._is_fresh(name, seconds):  # nobody read it while we waited
                    await self._read_anew(name, read)
        return self._found[name][1]

    def _is_fresh(self, name: str, seconds: float) -> bool:
        return name in self._found and time.monotonic() - self._found[name][0] < seconds

    async def _read_anew(self, name: str, read: Callable[[], Awaitable[Any]]) -> None:
        if time.monotonic() < self._away_until:
            raise ProviderAway("it did not answer a moment ago")
        try:
            self._found[name] = (time.monotonic(), await read())
        except ProviderAway:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    async def _read_metadata(self) -> dict[str, Any]:
        found = await read_json(self.http, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise ProviderAway("it calls itself by another name than ROELAND_OIDC_ISSUER")
        if not {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= found.keys():
            raise ProviderAway("it publishes no endpoints")
        return found

    async def _read_keys(self, address: str) -> KeySet:
        found: Any = await read_json(self.http, address)
        try:
            return KeySet.import_key_set(found)
        except (JoseError, ValueError, KeyError):
            raise ProviderAway("its keys cannot be read") from None


async def read_json(http: httpx.AsyncClient, address: str, **more: Any) -> dict[str, Any]:
    """An object of JSON at an address of the provider's."""
    answer = await answered(http, "GET", address, **more)
    if answer.is_success:
        with suppress(ValueError):
            found = answer.json()
            return found if isinstance(found, dict) else {}
    raise ProviderAway(f"status {answer.status_code}")


async def answered(http: httpx.AsyncClient, method: str, address: str, **more: Any) -> httpx.Response:
    """Its answer, whatever it says, whole and in time."""
    try:
        async with asyncio.timeout(SECONDS):
            return await http.request(method, address, **more)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as problem:
        raise ProviderAway(type(problem).__name__) from None
