"""What is said of a document that is served, and whether a reader has it already. Pure; remembered.

The same is said by deploy/nginx (tests/public/test_front.py).
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from services.public import atom, cap_feed, json_feed, rss
from services.public.manifest import Kept

MAX_AGE_SECONDS: Final = 30
"""So long others may keep what is open to everyone."""

FORMS: Final = {
    "atom": atom.MEDIA_TYPE,
    "rss": rss.MEDIA_TYPE,
    "json": json_feed.MEDIA_TYPE,
    "cap": cap_feed.FEED_TYPE,
}
"""The forms in which the same feed is had, by ending."""

OF_A_BODY: Final = frozenset({"Content-Type", "Content-Encoding"})
"""What is not said without one (RFC 9110 §15.4.5)."""

_SHOWN_AS_TEXT: Final = frozenset({atom.MEDIA_TYPE, rss.MEDIA_TYPE})
_GZIP: Final = "-gzip"
_ENTITY_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_NO_GZIP: Final = re.compile(r"gzip *; *q=0(?:\.0*)? *(?:,|$)")


@lru_cache(maxsize=4096)
def headers_of(kept: Kept, link: str, *, open_: bool, packed: bool, page: bool) -> Mapping[str, str]:
    """All but its length. `packed`: it is sent as gzip; `page`: to a browser; `link`: what else its `Link` says."""
    shown_as_text = kept.media_type in _SHOWN_AS_TEXT
    media_type = "application/xml" if page and shown_as_text else kept.media_type
    charset = "" if media_type.startswith("image/") else "; charset=utf-8"
    forms = _forms(kept)
    return MappingProxyType({
        "Content-Type": f"{media_type}{charset}",
        **({"Content-Encoding": "gzip"} if packed else {}),
        "ETag": f'"{kept.etag}{_GZIP if packed else ""}"',
        "Last-Modified": formatdate(kept.modified, usegmt=True),
        "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}" if open_ else "private, no-cache",
        **({} if open_ else {"X-Robots-Tag": "noindex, nofollow, noarchive"}),  # feeds have no <meta>
        "Vary": "Accept, Accept-Encoding" if shown_as_text else "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",  # its address is the only secret: there are no cookies
        "Access-Control-Expose-Headers": "ETag",
        **({"Link": ", ".join(filter(None, [link, *forms]))} if forms else {}),
    })  # fmt: skip


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the reader can unpack it."""
    given = accept_encoding.lower()
    return "gzip" in given and not _NO_GZIP.search(given)


def for_a_page(accept: str) -> bool:
    """Whether a browser asks. It shows a feed's own types as bare text, and XML by its style sheet."""
    return "text/html" in accept and "atom+xml" not in accept and "rss+xml" not in accept


def has_it(if_none_match: str | None, if_modified_since: str | None, kept: Kept) -> bool:
    """Whether the reader's copy is this one, packed or not; the ETag counts before the date (RFC 9110 §13.1)."""
    if if_none_match is not None:
        given = {tag.removesuffix(_GZIP) for tag in _ENTITY_TAG.findall(if_none_match)}
        return kept.etag in given or if_none_match.strip() == "*"
    try:
        since = parsedate_to_datetime(if_modified_since) if if_modified_since else None
        return since is not None and kept.modified <= (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):  # years and zones of twenty digits are no date either
        return False


def _forms(kept: Kept) -> list[str]:
    """Links to all forms of a feed; relative, as seen from each of them."""
    name, dot, form = kept.path.rpartition("/")[2].rpartition(".")
    if not dot or FORMS.get(form) != kept.media_type:
        return []
    return [f'<{name}.{each}>; rel="alternate"; type="{type_}"' for each, type_ in FORMS.items()]
