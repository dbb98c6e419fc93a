"""Everything that is made of a feed. Whoever adds a kind of document adds its maker here."""

from typing import Final

from services.public.atom import atom
from services.public.cap import cap_alerts, cap_feed
from services.public.documents import EntryMaker, Maker, StaticMaker
from services.public.images import images
from services.public.json_feed import json_feed
from services.public.pages import list_pages, message_pages, style_sheets
from services.public.rss import rss
from services.public.style import style

MAKERS: Final[tuple[Maker, ...]] = (atom, rss, json_feed, cap_feed, list_pages)
"""Called for each page of a feed."""

ENTRY_MAKERS: Final[tuple[EntryMaker, ...]] = (cap_alerts, message_pages)
"""Called for each entry."""

STATIC_MAKERS: Final[tuple[StaticMaker, ...]] = (style, style_sheets, images)
"""Called once."""
