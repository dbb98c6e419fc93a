"""Lists and counts of all contacts, made once for all pages that show them (`services.runtime.seldom`)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from fastapi import Request

from services.console.desk import desk_of
from services.runtime.seldom import Seldom
from services.store import contact_people, prepared_blasts

T = TypeVar("T")


async def of_contacts(request: Request, name: str, ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` answers, kept under this name; asked anew when a contact changed after the last that had."""
    state = request.app.state
    if not hasattr(state, "kept"):
        state.kept = defaultdict(Seldom)
    kept: Seldom[T] = state.kept[name]
    async with desk_of(request).pool.connection() as connection:
        changed = await contact_people.last_change(connection)
    return await kept.get(ask, of=changed)


async def roles(request: Request) -> Sequence[str]:
    """The functions that most contacts have."""

    async def ask() -> Sequence[str]:
        async with desk_of(request).pool.connection() as connection:
            return await prepared_blasts.roles(connection)

    return await of_contacts(request, "roles", ask)
