"""Mail clients show our HTML as it is meant, and what they lack is known and written down."""

import json

import pytest

from services.rendering.edition import render_edition
from services.rendering.mail_clients import ENHANCEMENTS, PARTLY, lacking
from services.rendering.mail_features import CLIENTS, DATA, features
from services.rendering.templates import load_templates
from tests.rendering.editions import a_day, story, view


def test_every_edition_holds_in_every_client_that_we_ask_about() -> None:
    """Word in Outlook has the least; Gmail, Outlook.com and Apple Mail each lack something else."""
    templates = load_templates()
    for edition in (a_day(late=True, exercise=True), view(), view(*(story(n, language="fr") for n in range(1, 120)))):
        html = render_edition(edition, message_id="m", templates=templates).html
        assert lacking(html) == []


@pytest.mark.parametrize(
    ("html", "feature", "client"),
    [
        ('<p style="display:flex">', "css-display-flex", "Outlook (Word)"),
        ('<p style="display: grid">', "css-display-grid", "Outlook (Word)"),
        ('<td style="margin:-4px 0">', "css-margin", "Gmail"),
        ('<td style="border-left:12px solid #000000">', "css-border", "Outlook (Word)"),
        ('<p style="color:var(--x)">', "css-variables", "Gmail"),
        ('<p style="font-size:1.2rem">', "css-font-size", "Outlook (Word)"),
        ('<p style="background:url(x.png)">', "css-background", "Outlook (Word)"),
        ('<p style="background-image:url(x.png)">', "css-background-image", "Outlook (Word)"),
        ('<p style="position:absolute">', "css-position", "Gmail"),
        ("<style>@import url(x.css);</style>", "css-at-import", "Gmail"),
        ("<style>p:has(a) { color: red }</style>", "css-pseudo-class-has", "Gmail"),
        ("<style>@font-face { font-family: x }</style>", "css-at-font-face", "Gmail"),
        ("<svg></svg>", "html-svg", "Gmail"),
        ("<main>x</main>", "html-semantics", "Outlook (Word)"),
        ("<video></video>", "html-video", "Gmail"),
        ('<a dir="auto" href="x">', "html-dir", "Outlook (Word)"),
        ('<img src="data:image/png;base64,AA" alt="">', "image-base64", "Gmail"),
        ("<!--[if mso]><table><tr><td style='float:left'><![endif]-->", "css-float", ""),
        ("<blink>x</blink>", "", ""),
        ('<p style="colour:red">', "", ""),
        ('<p onclick="x">', "", ""),
    ],
)  # fmt: skip
def test_what_some_client_lacks_is_found(html: str, feature: str, client: str) -> None:
    """A check that never complains proves nothing. What caniemail.com does not know has no name."""
    found = lacking(html)
    if client or not feature:
        assert feature in {each.feature for each in found}
    assert not client or any(client in each.clients for each in found if each.feature == feature)


def test_the_list_says_where_it_comes_from_and_knows_all_that_we_allow() -> None:
    """An exception for what is no feature, or for what every client has, would hide a slip of the pen."""
    kept = json.loads(DATA.read_text(encoding="utf-8"))
    assert "caniemail" in kept["source"] and kept["updated"] >= "2026-05-13" and kept["clients"] == list(CLIENTS)
    for feature in (*ENHANCEMENTS, *PARTLY):
        verdicts = features()[feature]["verdicts"].split()
        assert len(verdicts) == len(CLIENTS) and any(verdict[0] not in "yu" for verdict in verdicts), feature
    assert not set(ENHANCEMENTS) & set(PARTLY)
