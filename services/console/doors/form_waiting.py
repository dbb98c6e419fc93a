"""What somebody sent before they proved who they are, or signed in again: it waits until they send it, once, or sign
out (`form_to_resend` keeps it)."""

import hmac
import json
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from fastapi import Request

from services.console.access import Who
from services.console.desk import desk_of
from services.console.doors.form_to_resend import BROWSER, PURPOSE, KeptForm
from services.runtime.postgres import Connection
from services.runtime.sealing import unsealed
from services.store import kept_forms
from services.store.secret_keys import signing_keys


@dataclass(frozen=True, slots=True)
class Waiting:
    """A form, of which session it is, and as it is kept."""

    session: int
    sealed: bytes = field(repr=False)
    form: KeptForm

    @property
    def mark(self) -> str:
        """Which one it is: no two are sealed alike. So a page that shows one does not send it to where another goes."""
        return sha256(self.sealed).hexdigest()[:32]


async def taken(request: Request, who: Who, mark: str) -> KeptForm | None:
    """What waits for them, where it is the one that they saw: it waits no more, so that of two presses one does it."""
    found = await kept(request, who)
    if found is None or not hmac.compare_digest(found.mark.encode(), mark.encode()):
        return None
    async with desk_of(request).pool.connection() as connection:
        return found.form if await kept_forms.take(connection, who.user.id, found.session, found.sealed) else None


async def kept(request: Request, who: Who) -> Waiting | None:
    """What this session sent a moment ago; or, from this browser, a session of this user that ended."""
    if who.session is None:
        return None
    async with desk_of(request).pool.connection() as connection:
        found = await _found(connection, who.user.id, who.session.id, kept_forms.KEPT)
        if found is not None or (former := _former(request)) is None:
            return found
        session, secret = former
        found = await _found(connection, who.user.id, session, kept_forms.KEPT_SIGNED_OUT)
    return found if found and hmac.compare_digest(found.form.browser.encode(), secret.encode()) else None


async def forget(request: Request, who: Who, connection: Connection) -> None:
    """They sign out: nothing of theirs waits any more."""
    former = _former(request)
    of = [who.session.id if who.session else 0, former[0] if former else 0]
    await kept_forms.forget(connection, who.user.id, of)


def _former(request: Request) -> tuple[int, str] | None:
    """Of which session that ended this browser has a form, and its secret."""
    session, _, secret = request.cookies.get(BROWSER, "").partition(".")
    return (int(session), secret) if secret and session.isdecimal() and int(session) < 2**63 else None


async def _found(connection: Connection, user: int, session: int, within: timedelta) -> Waiting | None:
    sealed = await kept_forms.find(connection, user, session, within=within) or b""
    plain = unsealed(sealed, await signing_keys(connection), PURPOSE) if sealed else None
    if plain is None:
        return None
    found = json.loads(plain)
    fields = [(name, value) for name, value in found["fields"]]
    return Waiting(session, sealed, KeptForm(found["path"], found["page"], fields, found.get("browser", "")))
