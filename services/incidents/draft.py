"""A correction of what a message said of a fact, as a message file for a person to read over and to hand in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from services.domain import limits
from services.domain.content import MessageContent
from services.domain.correction_titles import correction_title
from services.domain.message_model import MessageFile
from services.incidents.impact import Impact
from services.store.messages import Message

_WE_SAID: Final = {"nl": "Wij schreven", "fr": "Nous avons écrit", "en": "We wrote", "de": "Wir schrieben"}
_NO_LONGER: Final = {
    "nl": "Dat klopt niet.",
    "fr": "C'est inexact.",
    "en": "That is not right.",
    "de": "Das stimmt nicht.",
}
_NOT_SURE: Final = {
    "nl": "Dat is niet zeker meer.",
    "fr": "Ce n'est plus certain.",
    "en": "That is no longer certain.",
    "de": "Das ist nicht mehr sicher.",
}
_HEAD: Final = """\
# Rechtzetting, opgesteld door `roeland fact impact`. Lees ze na, vul aan, en dien ze in: `roeland message submit FILE`.
# Ze gaat naar wie het foute bericht kreeg. Een `{fact: …}` neemt de tekst van het feit zoals het nu is.
"""


def draft(original: Message, impacts: Sequence[Impact]) -> str:
    """The text of the file. `original` as its readers got it; `impacts` are all of this message, at least one."""
    content = MessageContent.model_validate(original.content)
    languages = _languages(content, impacts)
    head: dict[str, Any] = {
        "incident": original.incident,
        "kind": "correction",
        "corrects": str(original.id),
        "urgency": "urgent",
        "title": _titles(content, languages),
        "language": content.language,
        "channels": list(content.channels),
    }
    shown, later = impacts[: limits.KEY_MESSAGES], impacts[limits.KEY_MESSAGES :]
    wrong = {impact.key: [_wrong(impact, language) for language in languages] for impact in shown}
    doubtful = [{"fact": impact.key} for impact in shown if impact.now.status == "unconfirmed"]
    body = head | _said(wrong, [impact.key for impact in shown if impact.now.status == "confirmed"])
    body |= {"unknown": doubtful} if doubtful else {}
    body |= {"area": list(content.area)} if content.area else {}
    body |= {"exercise": True} if content.exercise else {}
    left = f"# Nog recht te zetten: {', '.join(impact.key for impact in later)}.\n" if later else ""
    return _HEAD + left + yaml.dump(body, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110)


def _languages(content: MessageContent, impacts: Sequence[Impact]) -> list[str]:
    """The message's own, and those of its titles in which everything can be said now."""
    titles = [text.language for text in content.title if text.language]
    able = [each for each in titles if each in _WE_SAID and all(each in impact.now.statements for impact in impacts)]
    return list(dict.fromkeys([content.language, *able]))


def _titles(content: MessageContent, languages: Sequence[str]) -> list[dict[str, str]]:
    said = {text.language: text.text for text in content.title}
    return [{"text": correction_title(said[each], each), "language": each} for each in languages if each in said]


def _wrong(impact: Impact, language: str) -> dict[str, str]:
    """What was said, and that it does not hold; in the words of that version of the fact."""
    said = impact.stated.statements.get(language) or next(iter(impact.stated.statements.values()))
    verdict = _in(_NOT_SURE if impact.now.status == "unconfirmed" else _NO_LONGER, language)
    text = f"{_in(_WE_SAID, language)}: {said.rstrip('.')}. {verdict}"
    return {"text": text[: limits.TEXT_CHARACTERS], "language": language}


def _said(wrong: Mapping[str, list[dict[str, str]]], right: Sequence[str]) -> dict[str, Any]:
    """What is right as key messages. What was wrong in the field that a correction has for it, or else beside them."""
    if "wrong" in MessageFile.model_fields:
        sayings: list[dict[str, Any]] = [{"text": {"fact": key}} for key in right]
        sayings = sayings or [{"text": texts} for texts in wrong.values()]
        return {"wrong": [text for texts in wrong.values() for text in texts], "key_messages": sayings}
    return {
        "key_messages": [
            {"text": {"fact": key}, "facts": texts} if key in right else {"text": texts} for key, texts in wrong.items()
        ]
    }


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language, words["nl"])


class _Plain(yaml.SafeDumper):
    """The same text twice is written twice: a message file has no anchors."""

    def ignore_aliases(self, _: Any) -> bool:
        return True
