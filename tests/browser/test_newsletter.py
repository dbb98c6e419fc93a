"""Editions as a browser shows them, on a phone and on a screen, by day and by night, with pictures and without.

Look at `.screenshots/newsletter-*.png`: what is beautiful no test can say.
"""

import re
import struct
import zlib
from typing import Any, Final

import pytest

from services.domain.edition_view import EditionView, Said, SaidPoint
from services.domain.variants import slots_for
from services.rendering.centre import RenderingSettings
from services.rendering.edition import render_edition
from services.rendering.proof_versions import fill_html
from services.rendering.templates import Templates, load_templates
from tests.browser.sight import Sight
from tests.rendering.editions import a_day, story, view

# A mail stands within the page of a mail client, which has the landmarks; all other rules of axe-core hold.
OF_A_MAIL: Final = {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}
SLOTS: Final = slots_for(
    name="Jan Peeters", organisation="Gemeente Riemst", reader="https://info.example/reader/412-17-k1.abcdef"
)
LONG: Final = "Meervoudigepersoonlijkheidsstoornisbehandelingscentrumaanvraagformulieren" * 2
RIGHT_TO_LEFT: Final = "تحذير: اغلِ الماء قبل الشرب في بيلزن"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    path = tmp_path_factory.mktemp("logo") / "logo.png"
    path.write_bytes(logo())
    return load_templates(RenderingSettings(centre_logo=path, centre_address="Koning Albert II-laan 15, 1210 Brussel"))


def logo() -> bytes:
    """White on nothing: a bell, roughly, of 88 pixels."""

    def inside(x: int, y: int) -> bool:
        dome = (x - 44) ** 2 + (y - 36) ** 2 < 26**2 and y < 40
        body = 36 <= y < 66 and abs(x - 44) < 26 + max(0, y - 52) // 2
        return dome or body or (68 <= y < 80 and (x - 44) ** 2 + (y - 68) ** 2 < 100)

    rows = b"".join(
        b"\0" + b"".join(b"\xff\xff\xff" + bytes([255 * inside(x, y)]) for x in range(88)) for y in range(88)
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 88, 88, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def look(sight: Sight, templates: Templates, edition: EditionView, name: str, **more: Any) -> None:
    """The mail as a client shows it."""
    assert templates.logo is not None
    html = render_edition(edition, message_id="01a2086d-f51e-715f-ab79-538535e52f00", templates=templates).html
    html = fill_html(html, SLOTS).replace("cid:logo@roeland", "/logo.png")
    files: dict[str, tuple[str, str | bytes]] = {
        "/mail": ("text/html", html), "/logo.png": ("image/png", templates.logo.content)
    }  # fmt: skip
    sight.look("/mail", name=f"newsletter-{name}", files=files, axe=OF_A_MAIL, **more).flawless()


def test_a_day_in_a_crisis(sight: Sight, templates: Templates) -> None:
    """Every standing, what is new, the reader's own province first."""
    look(sight, templates, a_day(), "day")


def test_an_exercise_that_is_late_without_pictures(sight: Sight, templates: Templates) -> None:
    """As most mail clients show it at first: the centre's name stands in the logo's place. Nobody takes it for real."""
    look(sight, templates, a_day(exercise=True, late=True), "exercise-without-images", images=False)


def test_a_quiet_day(sight: Sight, templates: Templates) -> None:
    """Two lines."""
    look(sight, templates, view(), "quiet")


def test_a_day_with_many_stories(sight: Sight, templates: Templates) -> None:
    """The first in full, then briefly, then titles, then the way to all of them."""
    short = (story(n, key_messages=(SaidPoint("Kern.", True),)) for n in range(1, 101))
    look(sight, templates, view(*short), "many")


def test_a_page_of_words_that_are_hard_to_set(sight: Sight, templates: Templates) -> None:
    """From right to left, longer than a phone is wide, with emoji: nothing sticks out.

    It is the page in the browser: all of it, its logo in itself, and every rule of axe-core holds.
    """
    hard = [
        story(
            1, title=RIGHT_TO_LEFT, incident_title=RIGHT_TO_LEFT, actions=(Said(RIGHT_TO_LEFT, True),), language="ar"
        ),
        story(2, title=LONG, incident_title=LONG, places=(LONG,), unknown=(Said(LONG, True),)),
        story(3, title="🚒🔥 Brand </td> in “de haven” & elders 👩‍🚒", standing="unchanged"),
    ]
    edition = view(*hard, newsletter_title=LONG, editorial=(LONG, RIGHT_TO_LEFT))
    html = render_edition(edition, message_id="01a2086d", templates=templates, whole=True).html
    sight.look(fill_html(html, SLOTS), name="newsletter-page").flawless()


def test_contrast_is_that_of_the_colours_in_use(templates: Templates) -> None:
    """axe-core reads no text over what it cannot tell; so the pairs of colours are reckoned too (WCAG 2.2, 1.4.3)."""
    html = render_edition(a_day(exercise=True, late=True), message_id="m", templates=templates).html
    pairs = re.findall(r"background-color:(#[0-9a-f]{6});color:(#[0-9a-f]{6})", html)
    assert len(set(pairs)) >= 5
    assert all(contrast(*pair) >= 4.5 for pair in set(pairs)), pairs


def contrast(one: str, other: str) -> float:
    """Of two colours (`#rrggbb`), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
