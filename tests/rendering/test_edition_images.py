"""The logo: in the mail or linked, with words in its place; on a page in the page itself."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from services.domain.problems import Refused
from services.domain.variants import SLOT
from services.rendering.centre import LOGO_BYTES, RenderingSettings
from services.rendering.edition import render_edition
from services.rendering.edition_preview import preview
from services.rendering.mail_clients import lacking
from services.rendering.templates import Templates, load_templates
from tests.rendering.editions import view

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def with_logo(folder: Path, **more: Any) -> Templates:
    path = folder / "logo.png"
    path.write_bytes(PNG)
    return load_templates(RenderingSettings(centre_logo=path, centre_name='Centrum "Noord" & <Zuid>', **more))


def pictures(templates: Templates, *, whole: bool = False) -> list[str]:
    """All `<img>` of an edition."""
    return re.findall(r"<img[^>]*>", render_edition(view(), message_id="m", templates=templates, whole=whole).html)


def test_the_logo_travels_with_the_mail_unless_the_centre_links_to_it(tmp_path: Path) -> None:
    """Its words are the centre's name, for whoever sees no pictures."""
    (inline,) = pictures(with_logo(tmp_path))
    assert 'src="cid:logo@roeland"' in inline and 'alt="Centrum &#34;Noord&#34; &amp; &lt;Zuid&gt;"' in inline
    linked = with_logo(tmp_path, newsletter_images="linked", public_url="https://crisis.example/x")
    (picture,) = pictures(linked)
    assert linked.logo is not None and f'src="https://crisis.example/x/{linked.logo.path}"' in picture
    assert re.fullmatch(r"images/logo-[0-9a-f]{16}\.png", linked.logo.path)


def test_a_page_has_the_logo_in_itself(tmp_path: Path) -> None:
    """A page loads nothing from elsewhere."""
    (picture,) = pictures(with_logo(tmp_path), whole=True)
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in picture


def test_a_preview_is_what_is_sent_with_samples_in_it(tmp_path: Path) -> None:
    """A browser shows it as it is: nothing to fetch, no mark of ours."""
    templates = with_logo(tmp_path)
    variant = render_edition(view(), message_id="m", templates=templates)
    page = preview(variant, templates)
    assert "Geachte [naam]," in page and "data:image/png;base64," in page
    assert not SLOT.search(page) and "cid:" not in page


def test_mail_clients_show_the_logo(tmp_path: Path) -> None:
    """Sent along or linked; never as data, which Gmail drops."""
    for images in ("inline", "linked"):
        templates = with_logo(tmp_path, newsletter_images=images, public_url="https://crisis.example")
        assert lacking(render_edition(view(), message_id="m", templates=templates).html) == []


def test_linked_pictures_need_an_address_of_ours(tmp_path: Path) -> None:
    """Found when a service starts, not by a reader."""
    with pytest.raises(Refused, match="ROELAND_PUBLIC_URL is not set"):
        with_logo(tmp_path, newsletter_images="linked", public_url=None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), (b"GIF89a", "not a PNG or JPEG"), (PNG + b"x" * LOGO_BYTES, "more than")],
)
def test_a_picture_that_cannot_be_sent_is_refused_by_name(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """Missing, no picture, too large."""
    path = tmp_path / "logo.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        load_templates(RenderingSettings(centre_logo=path))
    assert problem in refused.value.problems[0].problem and refused.value.problems[0].place == str(path)
