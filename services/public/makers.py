"""Everything that is made of a feed. Whoever adds a kind of document adds its maker here."""

from typing import Final

from services.public.atom import atom
from services.public.documents import EntryMaker, Maker, StaticMaker
from services.public.pages import list_pages, message_pages, style_sheets

MAKERS: Final[tuple[Maker, ...]] = (atom, list_pages)

ENTRY_MAKERS: Final[tuple[EntryMaker, ...]] = (message_pages,)

STATIC_MAKERS: Final[tuple[StaticMaker, ...]] = (style_sheets,)
