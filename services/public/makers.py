"""Everything that is made of a feed. Whoever adds a kind of document adds its maker here."""

from typing import Final

from services.public.atom import atom
from services.public.documents import EntryMaker, Maker, StaticMaker
from services.public.json_feed import json_feed
from services.public.rss import rss
from services.public.style import style

MAKERS: Final[tuple[Maker, ...]] = (atom, rss, json_feed)
"""Called for each page of a feed."""

ENTRY_MAKERS: Final[tuple[EntryMaker, ...]] = ()
"""Called for each entry."""

STATIC_MAKERS: Final[tuple[StaticMaker, ...]] = (style,)
"""Called once."""
