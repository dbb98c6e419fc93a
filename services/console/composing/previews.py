"""What is weighed as somebody types: one at a time for each draft, the newest only, a few for the whole console.

Rendering takes CPU, and everybody's pages share it: a pause in typing asks for one weighing, and what waited for its
turn meanwhile is not weighed any more. What was weighed last is kept for a while, for the frames that show it.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from fastapi import Request

from services.admin.weighing import weigh
from services.console.access import Who
from services.console.calling import call
from services.console.composing.shape import compact
from services.console.desk import Desk, desk_of
from services.rendering.templates import Templates, load_templates
from services.store.drafts import Draft

AT_ONCE: Final = 2
KEPT: Final = 64
FRESH_SECONDS: Final = 20.0
"""People and facts change too: what is older is weighed again."""

Weighed = dict[str, Any]


class Superseded(Exception):
    """A later version of the draft waits to be weighed."""


@dataclass
class Previews:
    """Of one console."""

    desk: Desk
    _templates: Templates | None = None
    _newest: dict[UUID, int] = field(default_factory=dict)
    _locks: defaultdict[UUID, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _kept: OrderedDict[tuple[UUID, int], tuple[float, Weighed]] = field(default_factory=OrderedDict)

    async def of(self, draft: Draft, who: Who, *, must: bool = False) -> Weighed:
        """This draft weighed, with `took_ms`. Raises `Superseded` when a newer version came in while it waited.

        `must`: a whole page is made of it, or a message: then it is weighed all the same.
        """
        key = draft.id, draft.version
        self._newest[draft.id] = max(draft.version, self._newest.get(draft.id, 0))
        async with self._locks[draft.id]:
            if found := self._fresh(key):
                return found
            if not must and self._newest.get(draft.id, 0) > draft.version:
                raise Superseded
            async with self._places:
                found = await self._weigh(draft, who)
        self._keep(key, found)
        return found

    async def templates(self) -> Templates:
        """Those in force when the console began: a change of templates asks for its restart, as of editorial's."""
        if self._templates is None:
            self._templates = await asyncio.to_thread(load_templates)
        return self._templates

    async def _weigh(self, draft: Draft, who: Who) -> Weighed:
        file, origins = compact(draft.content.get("file", {}))
        templates, began = await self.templates(), time.monotonic()
        found: Weighed = await call(
            weigh, who, file=file, questions=draft.content.get("questions", {}),
            configuration=self.desk.configuration, templates=templates,
        )  # fmt: skip
        return found | {"origins": origins, "took_ms": round((time.monotonic() - began) * 1000)}

    def _fresh(self, key: tuple[UUID, int]) -> Weighed | None:
        at, found = self._kept.get(key, (0.0, {}))
        return found if found and time.monotonic() - at < FRESH_SECONDS else None

    def _keep(self, key: tuple[UUID, int], found: Weighed) -> None:
        self._kept[key] = time.monotonic(), found
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            (gone, _), _ = self._kept.popitem(last=False)
            if not self._locks[gone].locked():
                self._locks.pop(gone)
                self._newest.pop(gone, None)


def previews_of(request: Request) -> Previews:
    """Those of this application."""
    state = request.app.state
    if not hasattr(state, "previews"):
        state.previews = Previews(desk_of(request))
    found: Previews = state.previews
    return found
