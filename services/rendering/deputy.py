"""What a deputy gets: the version of who is absent, with a line above it that says for whom they stand in."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Final

from services.domain import limits
from services.domain.texts import gsm_typography, measure, one_line
from services.domain.variants import DEPUTY, Variant
from services.rendering.confirming import at_its_longest
from services.rendering.context import EXERCISE
from services.rendering.templates import Templates

MOST_NAMES: Final = 5
"""So many are named; of the others their number is told."""

_BODY: Final = re.compile(r"<body[^>]*>")
_STYLE: Final = "margin:0;padding:12px 16px;background:#fff4d6;color:#1a1a1a;font:16px/1.5 Arial,sans-serif"


def for_deputy(variant: Variant, deputy: int, absent: Sequence[tuple[str, str]], templates: Templates) -> Variant:
    """`variant` (mail or SMS) for this contact, who stands in for the absent: each a name and a function, or ''."""
    word = templates.words.of(variant.language)
    own = replace(variant, segment=f"{DEPUTY}-{deputy}")
    if variant.channel == "sms":
        return _sms(own, word("deputy.sms", names=_named(absent[:1], len(absent) - 1)))
    line = word("deputy.line", names=_named(absent[:MOST_NAMES], len(absent) - MOST_NAMES))
    shown = f'<p style="{_STYLE}">{escape(line)}</p>'
    body = _BODY.search(variant.html)
    at = body.end() if body else 0
    return replace(own, text=f"{line}\n\n{variant.text}", html=variant.html[:at] + shown + variant.html[at:])


def _named(absent: Sequence[tuple[str, str]], more: int) -> str:
    names = [f"{one_line(name)} ({one_line(role)})" if role else one_line(name) for name, role in absent]
    return ", ".join([*names, *([f"+{more}"] if more > 0 else [])])


def _sms(own: Variant, line: str) -> Variant:
    """The mark of an exercise comes first. Where the line has no room, the SMS goes as it is: the mail says it."""
    mark, colon, rest = own.text.partition(": ") if own.text.startswith(EXERCISE) else ("", "", own.text)
    longer = replace(own, text=f"{mark}{colon}{gsm_typography(line)} {rest}")
    length = at_its_longest(longer)
    most = max(limits.SMS_SEGMENTS, measure(at_its_longest(own)).segments)
    return longer if measure(length).segments <= most and len(length) <= limits.SMS_CHARACTERS else own
