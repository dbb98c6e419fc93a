"""Nobody types anything twice because they had to prove again who they are, or to sign in again: what they sent is
kept, sealed, and is sent by a button of theirs after that. Never by itself: whoever finds an open session could have
prepared it.

Of a session that ended it is kept for its user alone, in that browser (a cookie names it), and only where the form
carries that session's own token: no page elsewhere leaves us anything.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final

from fastapi import Request

from services.console.access import COOKIE, Forged, Who, refuse_forged
from services.console.desk import desk_of
from services.console.hardening import BODY_BYTES
from services.console.tokens import csrf_token, new_token
from services.runtime.postgres import Connection
from services.runtime.sealing import seal
from services.store import kept_forms, sessions
from services.store.secret_keys import signing_keys

PURPOSE: Final = b"a form that waits for a proof"
BROWSER: Final = "__Host-roeland-form"
"""Says which form of which ended session waits in this browser, with a secret that is sealed in it."""
MOST_CHARACTERS: Final = 150_000
LEFT_OUT: Final = frozenset({"csrf"})
NEVER: Final = "password"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """`path`: where it is sent to; `page`: where it was filled in. `browser`: of a session that ended, its secret."""

    path: str
    page: str
    fields: list[tuple[str, str]]
    browser: str = ""


async def keep(request: Request, page: str) -> bool:
    """Whether this request was kept: a form with something in it, by a session that must prove itself first."""
    who: Who | None = getattr(request.state, "who", None)
    if request.method != "POST" or who is None or who.session is None or sessions.is_fresh(who.session):
        return False
    given = await _filled_in(request)
    if not isinstance(given, list):
        return False
    async with desk_of(request).pool.connection() as connection:
        await _put(connection, who.user.id, who.session.id, KeptForm(request.scope["path"], page, given))
    return True


async def keep_signed_out(request: Request, page: str) -> str | bool:
    """What the browser's cookie is to say, where this form was kept; else whether something was lost."""
    token = request.cookies.get(COOKIE)
    if request.method != "POST" or request.headers.get("hx-request") or not token:
        return False
    async with desk_of(request).pool.connection() as connection:
        session = await sessions.once_of(connection, token)
    if session is None:
        return False
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared) > BODY_BYTES:
        return True  # not read
    try:
        await refuse_forged(request, csrf_token(session.token))
    except Forged:
        return False
    given = await _filled_in(request)
    if not isinstance(given, list):
        return given
    secret = new_token()
    async with desk_of(request).pool.connection() as connection:
        await _put(connection, session.user_id, session.id, KeptForm(request.scope["path"], page, given, secret))
    return f"{session.id}.{secret}"


async def _filled_in(request: Request) -> list[tuple[str, str]] | bool:
    """The form's fields; where it is none that we keep, whether something was filled in."""
    form = (await request.form()).multi_items()
    given = [(name, value) for name, value in form if name not in LEFT_OUT]
    fields = [(name, value) for name, value in given if isinstance(value, str)]
    size = sum(len(name) + len(value) for name, value in fields)
    if not fields or len(fields) < len(given) or size > MOST_CHARACTERS or NEVER in dict(fields):
        return bool(given)
    return fields


async def _put(connection: Connection, user: int, session: int, form: KeptForm) -> None:
    sealed = seal(json.dumps(asdict(form)), await signing_keys(connection), PURPOSE)
    await kept_forms.keep(connection, user, session, sealed)
