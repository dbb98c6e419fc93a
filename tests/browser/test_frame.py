"""The frame that every page has."""

from services.rendering.pages import page, page_words, style_sheet
from services.rendering.templates import Templates
from tests.browser.sight import Sight
from tests.browser.subject import File


def test_a_page_is_for_everyone(sight: Sight, templates: Templates) -> None:
    """Phone and screen, day and night, keyboard and screen reader."""
    say = page_words(templates, "nl")
    html = page("error", templates, language="nl", title=say("error.missing"), text=say("error.missing_text"))
    files: dict[str, File] = {"/x": ("text/html", html), "/style.css": ("text/css", style_sheet(templates))}
    sight.look("/x", name="frame", files=files).flawless()


def test_a_flaw_is_seen(sight: Sight) -> None:
    """What never complains proves nothing: contrast, a missing language, a picture from elsewhere, a page too wide."""
    html = (
        '<!DOCTYPE html><title>t</title><body style="background:#fff"><h1 style="width:2000px">x</h1>'
        '<p style="color:#ddd">Flets</p>'
        '<img src="https://elsewhere.example/x.png">'
    )
    seen = sight.look(html, name="flawed")
    found = " ".join(seen.violations[360, "light"])
    assert "color-contrast" in found and "html-has-lang" in found and "image-alt" in found
    assert seen.wider[360, "light"] and seen.elsewhere == {"https://elsewhere.example/x.png"}
