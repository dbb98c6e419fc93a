"""Where a message is about: what stays within one town must not come to speak of all of Flanders by forgetting."""

from collections.abc import Iterator
from typing import Final

from services.domain.lint.rule import ROELAND, Hit, Linted, Rule, hit, rule


@rule("area-forgotten", "warning", source=ROELAND)
def area_forgotten(linted: Linted) -> Iterator[Hit]:
    """What was said before in this incident named places; this names none, so machines alert everyone."""
    before = linted.before
    if before is not None and before.area and not linted.content.area:
        yield hit("area", places=", ".join(before.area))


AREAS: Final[tuple[Rule, ...]] = (area_forgotten,)
