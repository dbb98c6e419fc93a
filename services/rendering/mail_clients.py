"""Whether mail clients hold to a piece of HTML: every element, attribute and style of it against caniemail.com's tests.

A mail looks its best where much is supported, and must be whole where little is. So what a client lacks may stand in a
mail only when it is named in `ENHANCEMENTS`, with what its readers see instead. docs/newsletter-looks.md.
"""

import re
from dataclasses import dataclass
from typing import Final

from services.rendering.mail_features import CLIENTS, features, used

ENHANCEMENTS: Final = {
    "css-at-media": "on a phone the margins stay as wide as on a screen",
    "css-at-media-prefers-color-scheme": "Gmail and Word make dark colours of their own from the light ones",
    "css-border-radius": "corners are square",
    "css-important": "what it is for is in a style sheet, and left out with that",
    "css-max-height": "MJML's, for the preview line, which display:none hides anyway",
    "css-max-width": "Word gets the width of MJML's tables instead",
    "css-opacity": "MJML's, for the preview line",
    "css-outline": "MJML's, for pictures that are links",
    "css-overflow": "MJML's, for the preview line",
    "css-padding": "Word has it on cells, where the margins of the page are; labels are flatter without it",
    "css-cursor": "MJML's, for buttons",
    "css-selector-class": "Gmail with other accounts than its own has no style sheets: what is needed stands inline",
    "css-selector-descendant": "the same",
    "css-selector-grouping": "the same",
    "css-selector-id": "MJML's, for Outlook alone",
    "css-white-space": "a label may break after its first word",
    "css-word-break": "a very long word may stick out, or break anywhere",
    "css-word-spacing": "MJML's; normal is what clients do",
    "html-anchor-links": "Gmail for iOS does not jump; the stories stand below all the same",
    "html-body": "webmail puts a <div> in its place; the background is also MJML's first <div>'s",
    "html-style": "what is needed stands inline",
    "html-target": "webmail opens a window of its own anyway",
}
"""What not every client has, and what is seen without it."""

PARTLY: Final = {
    "css-background": r"background: #[0-9a-f]{6}",  # Word: colours
    # Word: at most 8 px.
    "css-border": r"border[a-z-]*: (none|0|([0-8]px )?(solid|dashed) ([0-8]px )?#[0-9a-f]{6}|#[0-9a-f]{6} !important)",
    "css-display": r"display: (none|block|inline-block)",  # Gmail with other accounts: no flex, no grid
    "css-display-none": r"display: none",
    "css-font-size": r"font-size: \d+px( !important)?",  # Word: no rem
    "css-font-weight": r"font-weight: (bold|normal)",
    "css-height": r"height: (0|auto|100%|\d+px)",  # Word: not on what is no cell or picture; there it changes little
    "css-letter-spacing": r"letter-spacing: (0|\d(\.\d)?px)",  # Word: no negative values
    "css-line-height": r"line-height: (0|\d+(px|%))( !important)?",
    "css-margin": r"margin(-[a-z]+)?: ((0|\d+px) ?){1,4}|margin: 0(px)? auto",  # none negative; MJML's auto
    "css-text-align": r"text-align: (left|center|right)",
    "css-text-decoration": r"text-decoration: (none|underline)",
    "css-text-transform": r"text-transform: (uppercase|none)",  # Word: no lowercase
    "css-width": r"width: (100%|auto|\d+px)( !important)?",  # Word: on tables and cells, as MJML has it
    "html-align": r"align=( on <table>)?",  # MJML centres the <div> around a table too
    "html-dir": r"dir=",  # not on <a>, in Word
    "html-height": r"height=",  # Word: the same at 120 dpi
    "html-lists": r"<(ul|ol|li)>",
    "html-width": r"width=",
}
"""What some client has in part, and the uses of it that all have."""


@dataclass(frozen=True, slots=True, order=True)
class Lack:
    """A feature of caniemail.com (`css-opacity`; '' when there is none) and the clients that have it not, or partly."""

    feature: str
    what: str
    clients: tuple[str, ...]


def lacking(html: str) -> list[Lack]:
    """What some client does not support, beyond the enhancements; in order, each once."""
    found = {(feature, what) for feature, what in used(html) if not _fine(feature, what)}
    return sorted(
        Lack(feature, what, clients) for feature, what in found if (clients := _without(feature)) or not feature
    )


def _fine(feature: str, what: str) -> bool:
    if feature in ENHANCEMENTS:
        return True
    return feature in PARTLY and re.fullmatch(PARTLY[feature], what) is not None


def _without(feature: str) -> tuple[str, ...]:
    verdicts = features()[feature]["verdicts"].split() if feature in features() else []
    return tuple(
        name for name, verdict in zip(CLIENTS.values(), verdicts, strict=False) if verdict[0] not in ("y", "u")
    )
