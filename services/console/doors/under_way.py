"""What we must remember while somebody is at the provider: in a cookie of theirs that only we can read or make."""

import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Final

from fastapi import Request
from starlette.responses import Response

from services.runtime.sealing import seal, unsealed
from services.runtime.tokens import Keys

COOKIE: Final = "__Host-roeland-provider"
SECONDS: Final = 15 * 60
_PURPOSE: Final = b"on the way to the provider"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """`again`: the session that is to be proved again; None for a sign-in."""

    state: str
    nonce: str
    verifier: str
    onwards: str
    again: int | None
    since: float


def begin(onwards: str, again: int | None) -> UnderWay:
    """With values that nobody guesses."""
    state, nonce, verifier = (secrets.token_urlsafe(size) for size in (24, 24, 48))
    return UnderWay(state, nonce, verifier, onwards, again, time.time())


def keep(answer: Response, keys: Keys, under_way: UnderWay) -> None:
    """In this browser, for a quarter of an hour."""
    sealed = seal(json.dumps(asdict(under_way)), keys, _PURPOSE).decode()
    answer.set_cookie(COOKIE, sealed, max_age=SECONDS, path="/", secure=True, httponly=True, samesite="lax")


def kept(request: Request, keys: Keys) -> UnderWay | None:
    """What `begin` made in this browser; None when it is not ours, or too long ago."""
    plain = unsealed(request.cookies.get(COOKIE, "").encode(errors="replace"), keys, _PURPOSE)
    found = UnderWay(**json.loads(plain)) if plain else None
    return found if found and time.time() - found.since < SECONDS else None


def forget(answer: Response) -> None:
    """It counts once."""
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
