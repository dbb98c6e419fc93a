"""What one kind of reader gets on one channel, ready but for the few things that differ per person.

Those are slots: marks in the rendered text that the sending side fills. The marks are private-use characters, which
no input may contain, so nobody can write one into a title.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.domain.texts import one_line

SLOT_OPEN: Final = "\ue000"
SLOT_CLOSE: Final = "\ue001"
BEYOND: Final = "+"
"""What the `segment` of a version begins with that nobody is planned for: it is sent beyond the plan, if at all."""
FALLBACK: Final = f"{BEYOND}fallback"
"""The segment of a version on another channel, for who is not had, or does not answer, on those of the message."""
DEPUTY: Final = f"{BEYOND}deputy"
"""What the segment of a version begins with that is for one deputy, and says for whom they stand in."""
SLOTS: Final = ("name", "organisation", "municipality", "role", "reader", "confirm")
LINKS: Final = ("reader", "confirm")
"""Those that are an address of the reader's own, and stand in no words."""
SLOT: Final = re.compile(f"{SLOT_OPEN}([A-Z_]+){SLOT_CLOSE}")


@dataclass(frozen=True)
class Variant:
    """One rendered version. Fields that a channel does not have are ''.

    mail: `subject`, `text` and `html` parts. sms: `text` is the whole SMS. newsfeed: `subject` is the entry's title,
    `text` its summary, `html` its content. `segment` divides an audience further; '' is all of it, and
    what begins with `BEYOND` is for nobody in the plan.
    """

    audience: str
    language: str
    segment: str
    channel: str
    subject: str
    text: str
    html: str


def slot(name: str) -> str:
    """The mark that stands in a rendered text for the reader's `name`, `organisation`, `municipality` or `role`.

    `reader` stands for the address of the reader's own link (`services.runtime.reader_links`), in editions alone;
    `confirm` for that at which they say that they know (`services.runtime.confirm_links`), where they are asked to.
    """
    return f"{SLOT_OPEN}{name.upper()}{SLOT_CLOSE}"


def slots_for(
    *, name: str, organisation: str = "", municipality: str = "", role: str = "", reader: str = "", confirm: str = ""
) -> dict[str, str]:
    """What fills a person's slots, by slot name in capitals; harmless, and never empty where a name is known.

    `reader` and `confirm` are addresses that we made.
    """
    name, organisation, municipality, role = map(one_line, (name, organisation, municipality, role))
    return {
        "NAME": name or organisation,
        "ORGANISATION": organisation or name,
        "MUNICIPALITY": municipality or organisation or name,
        "ROLE": role,
        "READER": reader,
        "CONFIRM": confirm,
    }


def fill(text: str, slots: Mapping[str, str]) -> str:
    """`text` with its slots filled, as plain text (for an SMS, a preview); raises KeyError for a slot not given."""
    return SLOT.sub(lambda found: one_line(slots[found[1]]), text)
