"""Everything that is made of a feed. Whoever adds a kind of document adds its maker here."""

from typing import Final

from services.public.atom import atom
from services.public.documents import EntryMaker, Maker, StaticMaker

MAKERS: Final[tuple[Maker, ...]] = (atom,)

ENTRY_MAKERS: Final[tuple[EntryMaker, ...]] = ()

STATIC_MAKERS: Final[tuple[StaticMaker, ...]] = ()
