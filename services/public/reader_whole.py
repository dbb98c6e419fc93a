"""An edition in full, where its mail had to be cut to fit: made again, from the messages that it tells of.

These never change, so it says what the mail says, and what the mail had no room for. Nothing of it is kept but the last
few, in memory.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from services.domain.configuration import Configuration
from services.domain.edition_selection import view_of
from services.domain.edition_stories import Released
from services.domain.editions import EditionContent
from services.domain.variants import Variant, slot
from services.rendering.edition import render_edition
from services.rendering.templates import Templates
from services.runtime.postgres import Connection
from services.store import edition_items, messages

KEPT: Final = 16
"""An edition of 400 stories has a megabyte."""

_LINK: Final = slot("reader")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Uncut:
    """What a whole edition is made from, and the version of it that was mailed."""

    message_id: UUID
    content: EditionContent
    told: Mapping[UUID, Released]
    mailed: Variant


def is_cut(html: str) -> bool:
    """Whether a mail leaves out anything: then it says so with links to the page, beside the one that each mail has."""
    return html.count(f'{_LINK}"') + html.count(f"{_LINK}#") > 1


async def uncut(connection: Connection, message: int, mailed: Variant) -> Uncut | None:
    """What the whole of this mail is made from; None when the mail is whole."""
    found = await messages.by_number(connection, message) if is_cut(mailed.html) else None
    if found is None:
        return None
    content = EditionContent.model_validate(found.content)
    return Uncut(found.id, content, await edition_items.released(connection, content.items), mailed)


class WholeEditions:
    """Makes them, one at a time, in a thread: 400 stories take half a second."""

    def __init__(self, templates: Templates, configuration: Configuration) -> None:
        self._templates, self._configuration = templates, configuration
        self._made: OrderedDict[tuple[UUID, str, str, str], Variant] = OrderedDict()
        self._turn = asyncio.Lock()

    async def made(self, of: Uncut) -> Variant:
        """The whole edition; as it was mailed, where today's templates or configuration cannot make it."""
        mailed = of.mailed
        key = (of.message_id, mailed.audience, mailed.language, mailed.segment)
        async with self._turn:
            if key not in self._made:
                try:
                    self._made[key] = await asyncio.to_thread(self._make, of)
                except Exception:  # a template is a program, and a configuration may have lost an audience since
                    log.exception("edition_not_whole", message=str(of.message_id))
                    return mailed
            self._made.move_to_end(key)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
            return self._made[key]

    def _make(self, of: Uncut) -> Variant:
        mailed, message_id = of.mailed, str(of.message_id)
        view = view_of(
            of.content, of.told, audience=mailed.audience, language=mailed.language, province=mailed.segment,
            configuration=self._configuration,
        )  # fmt: skip
        return render_edition(view, message_id=message_id, templates=self._templates, whole=True)
