"""The centre's logo, for newsletters that link to it instead of carrying it (`ROELAND_NEWSLETTER_IMAGES`)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from services.public.documents import Document
from services.public.pages import templates

_MODIFIED: Final = datetime(2026, 11, 26, tzinfo=UTC)
"""Another picture has another address."""


def images() -> Iterator[Document]:
    """What is at `/images/logo-HASH.png`; nothing while newsletters carry their logo."""
    logo = templates().logo
    if logo is not None and templates().logo_link:
        yield Document(logo.path, f"image/{logo.subtype}", logo.content, _MODIFIED)
