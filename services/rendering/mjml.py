"""MJML to HTML that mail clients hold to: what a template writes is compiled, what people wrote goes round it.

Jinja comes first, so that a mistake is named at its line of the template. Texts travel through the compiler as
hexadecimal digits and become text again, escaped, after it: nothing in a title is ever MJML, and the compiler's own
habits (it writes what it cannot print in an attribute as Rust would, `\\u{202e}`) touch no text. docs/decisions/0022.
"""

import re
from typing import Any, Final

import mjml as mrml
from markupsafe import Markup, escape

from services.domain.problems import Problem, Refused

# Numbers, colours and lengths: what a template may want in an attribute that the compiler must understand.
_HARMLESS: Final = re.compile(r"[A-Za-z0-9 #%.,:/_-]*")
_GUARDED: Final = re.compile(r"~([0-9a-f]+)~")
_INDENT: Final = re.compile(r"\n\s+")


def guard(value: Any) -> Any:
    """What an expression of a template comes to, so that the compiler cannot misread it (Jinja's `finalize`)."""
    if isinstance(value, (Markup, int, float)):
        return value
    text = str(value)
    return text if _HARMLESS.fullmatch(text) else f"~{text.encode('utf-8', 'replace').hex()}~"


def to_html(source: str, *, place: str) -> str:
    """The HTML of MJML that was rendered with `guard`. `place`: the template's file, for a refusal.

    Nothing is loaded from elsewhere: for a font that it knows MJML would write a link to Google's.

    Raises Refused for what is not MJML.
    """
    try:
        compiled = mrml.mjml2html(_INDENT.sub("\n", source.strip()), disable_comments=True, fonts={})
    except BaseException as error:
        if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":  # Rust's, and no Exception
            raise
        what = f"This is not MJML: {error}."
        raise Refused([Problem(place, what, "Look for a tag that is not closed, or for a bare < or &.")]) from None
    return _GUARDED.sub(_restored, compiled)


def _restored(found: re.Match[str]) -> str:
    return str(escape(bytes.fromhex(found[1]).decode()))
