"""Nobody types anything twice because they had to prove again who they are: what they sent is kept, sealed, and is sent
by a button of theirs after the proof. Never by itself: whoever finds an open session could have prepared it."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from fastapi import Request

from services.console.access import Who
from services.console.desk import desk_of
from services.runtime.sealing import seal, unsealed
from services.store import kept_forms, sessions
from services.store.secret_keys import signing_keys

PURPOSE: Final = b"a form that waits for a proof"
MOST_CHARACTERS: Final = 50_000
LEFT_OUT: Final = frozenset({"csrf"})
NEVER: Final = "password"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """`path`: where it is sent to; `page`: where it was filled in."""

    path: str
    page: str
    fields: list[tuple[str, str]]


async def keep(request: Request, page: str) -> bool:
    """Whether this request was kept: a form with something in it, by a session that must prove itself first."""
    who: Who | None = getattr(request.state, "who", None)
    if request.method != "POST" or who is None or who.session is None or sessions.is_fresh(who.session):
        return False
    given = [(name, value) for name, value in (await request.form()).multi_items() if name not in LEFT_OUT]
    fields = [(name, value) for name, value in given if isinstance(value, str)]
    size = sum(len(name) + len(value) for name, value in fields)
    if not fields or len(fields) < len(given) or size > MOST_CHARACTERS or NEVER in dict(fields):
        return False
    kept = KeptForm(request.url.path, page, fields)
    async with desk_of(request).pool.connection() as connection:
        sealed = seal(json.dumps(asdict(kept)), await signing_keys(connection), PURPOSE)
        await kept_forms.keep(connection, who.user.id, who.session.id, sealed)
    return True


async def taken(request: Request, who: Who) -> KeptForm | None:
    """What this session sent a moment ago, to be sent now: it waits no more, so that it is done once."""
    found = await kept(request, who)
    if found is not None and who.session is not None:
        async with desk_of(request).pool.connection() as connection:
            await kept_forms.forget(connection, who.user.id, who.session.id)
    return found


async def kept(request: Request, who: Who) -> KeptForm | None:
    """What this session sent a moment ago."""
    if who.session is None:
        return None
    async with desk_of(request).pool.connection() as connection:
        sealed = await kept_forms.find(connection, who.user.id, who.session.id)
        plain = unsealed(sealed, await signing_keys(connection), PURPOSE) if sealed else None
    if plain is None:
        return None
    found = json.loads(plain)
    return KeptForm(found["path"], found["page"], [(name, value) for name, value in found["fields"]])
