"""An edition in the browser, as the reader got it by mail: with what is theirs in it, and nothing loaded elsewhere."""

import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Final

from services.domain.texts import one_line
from services.domain.variants import SLOT, Variant, slots_for
from services.rendering.centre import Logo
from services.rendering.mime import LOGO_ID
from services.store.readers import Readership

VIEW_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'none';"
    " frame-ancestors 'none'; base-uri 'none'"
)
"""A mail has its styles within, and pictures where the setting says that it links to them."""

_BODY: Final = re.compile(r"(<body\b[^>]*>)(.*)(</body>)", re.IGNORECASE | re.DOTALL)


def as_page(edition: Variant, them: Readership, link: str, logo: Logo | None) -> str:
    """The HTML of the mail. What was filled per person is so again; the logo that came with it is in the page.

    A page has a main part, which readers of screens go to; a mail has none, for it is one.
    """
    slots = slots_for(
        name=them.name, organisation=them.organisation, municipality=them.municipality, role=them.role, reader=link
    )
    html = _BODY.sub(r"\1<main>\2</main>\3", _with_logo(edition.html, logo), count=1)
    return filled(html, slots)


def filled(html: str, slots: Mapping[str, str]) -> str:
    """HTML with its slots filled, escaped as in a mail. Raises KeyError for one that is not given."""
    return SLOT.sub(lambda found: escape(one_line(slots[found[1]])), html)


def _with_logo(html: str, logo: Logo | None) -> str:
    if logo is None:
        return html
    return html.replace(f"cid:{LOGO_ID}", f"data:image/{logo.subtype};base64,{b64encode(logo.content).decode()}")
