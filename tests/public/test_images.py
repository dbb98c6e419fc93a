"""What newsletters link to is where they say it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.public.build import static_documents
from services.public.images import images
from services.public.pages import templates
from services.rendering.edition import render_edition
from tests.rendering.editions import view

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


@pytest.fixture
def logo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path = tmp_path / "logo.png"
    path.write_bytes(PNG)
    monkeypatch.setenv("ROELAND_CENTRE_LOGO", str(path))
    monkeypatch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example/x")
    templates.cache_clear()
    yield
    templates.cache_clear()


def test_a_linked_logo_is_a_document(logo: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the address that stands in the mail, below that of `public`."""
    monkeypatch.setenv("ROELAND_NEWSLETTER_IMAGES", "linked")
    (found,) = images()
    assert (found.media_type, found.body) == ("image/png", PNG) and found in static_documents()
    html = render_edition(view(), message_id="m", templates=templates()).html
    assert f'src="https://crisis.example/x/{found.path}"' in html


def test_a_logo_that_travels_with_the_mail_is_not_published(logo: None) -> None:
    """Nobody asks for it."""
    assert list(images()) == []
