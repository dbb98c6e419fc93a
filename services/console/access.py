"""Who may open which address: every route declares `Allowed(action)` or `Open(why)`, and a test fails for one that
declares nothing.

An action is one of `services.domain.identity.MAY`, so that the console, its API and editorial share one table of who
may do what. What a session's cookie asks for, and changes something, needs the token that only our own pages know.
"""

import hmac
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.console.api.rates import STRANGERS
from services.console.client import network_of
from services.console.desk import desk_of
from services.console.tokens import csrf_token
from services.domain.identity import MAY, may
from services.runtime.commands import Voucher
from services.store import api_keys, sessions
from services.store.users import User

COOKIE: Final = "__Host-roeland"
"""Host-locked by its name (RFC 6265bis): Secure, no Domain, path `/`."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, and by what we know it: a session (pages, and the API from pages) or a key (the API)."""

    user: User
    session: sessions.Session | None = None
    key: api_keys.ApiKey | None = None

    @property
    def voucher(self) -> Voucher:
        """What editorial believes."""
        return Voucher(self.user.id, f"session {self.session.id}" if self.session else f"key {self.key.id}")  # type: ignore[union-attr]

    @property
    def csrf(self) -> str:
        """What a form of theirs carries; empty for a key."""
        return csrf_token(self.session.token) if self.session else ""

    def may(self, action: str) -> bool:
        """Whether their roles, and the key's scopes if it is one, allow this."""
        return may(action, self.user.roles) and (self.key is None or action in self.key.scopes)


class NotSignedIn(Exception):
    """Nobody is signed in: a page asks them to, the API answers 401."""


class NotAllowed(Exception):
    """They are known, and may not do this: 403."""

    def __init__(self, action: str) -> None:
        super().__init__(action)
        self.action = action


class Forged(Exception):
    """The request does not come from a page of ours: 403."""


class NotFresh(Exception):
    """What they ask for needs that they prove again who they are."""


class NoSecondStep(Exception):
    """Their roles ask for an app beside the password, and they have none yet."""


class Allowed:
    """A dependency: only who may do this gets in, and the route gets the `Who`. `fresh`: proved again just now.

    `unfinished`: also who must still set up their second step, which is what these pages are for.
    """

    def __init__(self, action: str, *, fresh: bool = False, unfinished: bool = False) -> None:
        if action not in MAY:
            raise ValueError(f"services.domain.identity.MAY knows no {action}")
        self.action, self.fresh, self.unfinished = action, fresh, unfinished

    async def __call__(self, request: Request) -> Who:
        """Raises `NotSignedIn`, `TooMany`, `Forged`, `NotAllowed`, `NoSecondStep` or `NotFresh`."""
        request.state.who = who = await known(request)
        if who is None:
            if _key_of(request):
                STRANGERS.take(network_of(request))
            raise NotSignedIn
        if who.session and request.method not in SAFE:
            await refuse_forged(request, who.csrf)
        if not who.may(self.action):
            raise NotAllowed(self.action)
        if not self.unfinished and lacks_second_step(request, who):
            raise NoSecondStep
        if self.fresh and not (who.session and sessions.is_fresh(who.session)):
            raise NotFresh
        return who


class Open:
    """A dependency: anyone gets in; `why` says why that is right. What another site's page sends does not."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def __call__(self, request: Request) -> Who | None:
        """Who it is, where they are signed in all the same. Raises `Forged`."""
        request.state.who = who = await known(request)
        if request.method not in SAFE:
            _refuse_other_sites(request)
        return who


See = Annotated[Who, Depends(Allowed("see"))]
"""Anyone who is signed in."""

Giver = Annotated[Who, Depends(Allowed("administer", fresh=True))]
"""Who gives roles, keys, secrets or links: whoever finds an administrator's session open makes no way in. What takes
away asks no proof: it must be done at once."""


async def known(request: Request) -> Who | None:
    """Who asks, by the key, at the API alone, or else the cookie; None when nobody we know does."""
    async with desk_of(request).pool.connection() as connection:
        if (key := _key_of(request)) is not None:
            by_key = await api_keys.by_token(connection, key)
            return Who(by_key[1], key=by_key[0]) if by_key else None
        if cookie := request.cookies.get(COOKIE):
            doors = desk_of(request).doors
            by_session = await sessions.by_token(connection, cookie, idle=doors.idle, absolute=doors.absolute)
            return Who(by_session[1], session=by_session[0]) if by_session else None
    return None


def lacks_second_step(request: Request, who: Who) -> bool:
    """Whether they must set up an app before they do anything else."""
    alone = who.session is not None and who.session.how == "password-alone"
    return alone and desk_of(request).doors.asks_second_step(who.user.roles)


def _key_of(request: Request) -> str | None:
    """What came as a key. Pages take none: they are for people, and ask less often for a proof than the API does."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    at_api = request.url.path.startswith("/api/")
    return token.strip() if at_api and scheme.lower() == "bearer" else None


def _refuse_other_sites(request: Request) -> None:
    """By what browsers say of where a request comes from, and no page can change. Programs say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forged
    origin = request.headers.get("origin")
    if origin is not None and origin not in _own(request):
        raise Forged


async def refuse_forged(request: Request, csrf: str) -> None:
    """Two locks: the browser says that the request comes from our origin, and it carries the session's own token.
    Raises `Forged`."""
    _refuse_other_sites(request)
    given = request.headers.get("x-csrf-token") or ""
    if not given and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf")
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(), csrf.encode()):
        raise Forged


def _own(request: Request) -> set[str]:
    """Our origins: the one that is set, or, where none is, whichever name of this machine was typed on it.

    No other name: a page elsewhere could give its own one our address, and be taken for us (DNS rebinding).
    """
    settings = desk_of(request).settings
    if settings.console_url:
        return {settings.console_url}
    typed = request.headers.get("host", "")
    here = (urlsplit(f"//{typed}").hostname or "") in {"localhost", "127.0.0.1", "::1"}
    return {settings.url, f"http://{typed}"} if here else {settings.url}
