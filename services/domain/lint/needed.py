"""What a message must have: no more than people can take in, when they hear more, and what is not known yet."""

from collections.abc import Iterator
from typing import Final

from services.domain.lint.rule import CERC, COVELLO, ROELAND, Hit, Linted, Rule, hit, rule
from services.domain.message_rules import Judged, three_facts, three_key_messages
from services.domain.yaml_text import dotted


@rule("three-by-three", "error", source=COVELLO)
def three_by_three(linted: Linted) -> Iterator[Hit]:
    """Also a hard rule of the file; here for whatever is linted and was no file, and for all who are owed it."""
    content = linted.content.model_copy(update={"audiences": linted.audiences or linted.content.audiences})
    judged = Judged(content, set(), linted.configuration, linted.now)
    for found in (three_key_messages, three_facts):
        yield from (hit(dotted(path)) for path, *_ in found(judged))


@rule("next-update-missing", "error", source=CERC)
def next_update_missing(linted: Linted) -> Iterator[Hit]:
    """An all-clear ends it and promises nothing; a correction must not wait for a moment that nobody knows yet."""
    if _acute(linted) and linted.content.next_update_at is None:
        yield hit("next_update_at")


@rule("next-update-correction", "warning", source=CERC)
def next_update_correction(linted: Linted) -> Iterator[Hit]:
    """The same of a correction, as a hint."""
    content = linted.content
    if linted.phase == ACUTE and content.kind == "correction" and content.next_update_at is None:
        yield hit("next_update_at")


@rule("next-update-past", "warning", source=ROELAND)
def next_update_past(linted: Linted) -> Iterator[Hit]:
    """A promise that is broken as it is made."""
    promised = linted.content.next_update_at
    if promised is not None and promised <= linted.now:
        yield hit("next_update_at")


@rule("unknowns-missing", "warning", source=CERC)
def unknowns_missing(linted: Linted) -> Iterator[Hit]:
    """In the acute phase something is always unknown."""
    if _acute(linted) and not linted.content.unknown:
        yield hit("unknown")


@rule("routine-alert", "warning", source=ROELAND)
def routine_alert(linted: Linted) -> Iterator[Hit]:
    """An alert in the lane that waits."""
    content = linted.content
    if linted.phase == ACUTE and content.kind == "alert" and content.urgency == "routine":
        yield hit("urgency")


def _acute(linted: Linted) -> bool:
    return linted.phase == ACUTE and linted.content.kind in ("alert", "update")


ACUTE: Final = "acute"
NEEDED: Final[tuple[Rule, ...]] = (
    three_by_three,
    next_update_missing,
    next_update_correction,
    next_update_past,
    unknowns_missing,
    routine_alert,
)
