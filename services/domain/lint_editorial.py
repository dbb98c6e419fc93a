"""Lint of what the cell writes above an edition: the rules that are about words, on its words. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.domain.configuration import Configuration
from services.domain.content import MessageContent, Text
from services.domain.editions import Editorial
from services.domain.lint.dates import DATES
from services.domain.lint.links import LINKS
from services.domain.lint.personal import PERSONAL
from services.domain.lint.phones import PHONES
from services.domain.lint.plain import PLAIN
from services.domain.lint.rule import Linted, Rule
from services.domain.problems import Finding

OF_WORDS: Final[tuple[Rule, ...]] = (*LINKS, *PHONES, *PERSONAL, *PLAIN, *DATES)


def lint_editorial(
    editorial: Editorial, *, incident: str, language: str, audiences: tuple[str, ...], now: datetime,
    configuration: Configuration,
) -> list[Finding]:  # fmt: skip
    """All findings, what blocks first; `place` is the path in the editorial. `incident`: the newsletter's series."""
    texts = [*_placed("text", editorial.text), *_dates(editorial)]
    linted = Linted(
        _as_message(incident, language, audiences, [text for _, text in texts]), "acute", now, configuration
    )
    places = {f"unknown[{number}]": place for number, (place, _) in enumerate(texts)}
    found = [each for rule in OF_WORDS for each in rule.findings(linted)]
    ours = [replace(each, place=places[each.place]) for each in found if each.place in places]
    return sorted(ours, key=lambda each: each.severity != "error")


def _placed(name: str, texts: tuple[Text, ...]) -> list[tuple[str, Text]]:
    return [(f"{name}[{number}]", text) for number, text in enumerate(texts)]


def _dates(editorial: Editorial) -> list[tuple[str, Text]]:
    return [each for number, date in enumerate(editorial.dates) for each in _placed(f"dates[{number}].text", date.text)]


def _as_message(incident: str, language: str, audiences: tuple[str, ...], texts: list[Text]) -> MessageContent:
    """The rules read messages. Its title is none that anybody sees."""
    return MessageContent(
        incident=incident, kind="update", urgency="routine", title=(Text(text="-"),), language=language,
        audiences=audiences, channels=("mail",), unknown=tuple(texts),
    )  # fmt: skip
