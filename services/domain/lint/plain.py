"""Plain words: short, and known to those who read them."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.domain.content import Text
from services.domain.lint.bare import ADDRESS, LINK, blanked
from services.domain.lint.rule import COVELLO, VOICE, Hit, Linted, Rule, hit, placed, rule
from services.domain.texts import sentences

_TOKEN: Final = re.compile(r"[^\W\d_]+")
LONGEST_ABBREVIATION: Final = 6
SHOWN_WORDS: Final = 5


@rule("key-message-words", "warning", source=COVELLO)
def key_message_words(linted: Linted) -> Iterator[Hit]:
    """The whole of one key message; its facts do not count."""
    most = linted.settings.words_per_key_message
    for number, each in enumerate(linted.content.key_messages):
        for place, text in placed(f"key_messages[{number}].text", each.text):
            if (count := len(text.text.split())) > most:
                yield hit(place, count=count, most=most)


@rule("long-sentence", "warning", source=VOICE)
def long_sentence(linted: Linted) -> Iterator[Hit]:
    """Each sentence of each text."""
    most = linted.settings.words_per_sentence
    for place, text in linted.texts:
        for sentence in sentences(text.text):
            words = sentence.split()
            if len(words) > most:
                yield hit(place, count=len(words), most=most, begin=" ".join(words[:SHOWN_WORDS]))


@rule("jargon", "warning", source=VOICE)
def jargon(linted: Linted) -> Iterator[Hit]:
    """A word of the glossary that has an explanation, and that this message does not explain anywhere."""
    glossary = {word: meaning for word, meaning in linted.settings.words().items() if meaning}
    explained = _explained(linted, glossary)
    for place, text in linted.texts:
        for word in _unexplained(text.text, glossary):
            if (word, _kind(place, text)) not in explained:
                yield hit(place, word=word, meaning=glossary[word])


@rule("abbreviation", "warning", source=VOICE)
def abbreviation(linted: Linted) -> Iterator[Hit]:
    """In capitals, or mostly so (SPoC), and neither in the glossary nor explained in brackets."""
    known = {word.casefold() for word in linted.settings.words()}
    for place, text in linted.texts:
        plain = blanked(text.text, [LINK, ADDRESS])
        if not any(each.islower() for each in plain):
            continue  # a title in capitals: none of its words says that it is an abbreviation
        for word in dict.fromkeys(_TOKEN.findall(plain)):
            if is_abbreviation(word) and word.casefold() not in known and not _in_brackets(word, plain):
                yield hit(place, word=word)


def is_abbreviation(word: str) -> bool:
    """Two to six letters, at least half of them capitals, and more than one. IJzer is a word, OEFENING too."""
    capitals = sum(map(str.isupper, word))
    if not 2 <= len(word) <= LONGEST_ABBREVIATION or capitals < 2 or capitals * 2 < len(word):
        return False
    return not (word.startswith("IJ") and word[2:].islower())


def _unexplained(text: str, glossary: Mapping[str, str]) -> Iterator[str]:
    there = {token.casefold() for token in re.findall(r"[\w-]+", text)}
    for word, meaning in glossary.items():
        if word.casefold() not in there and not (" " in word and word in text):
            continue
        if _matches(word, text) and not _in_brackets(word, text) and meaning.casefold() not in text.casefold():
            yield word


def _explained(linted: Linted, glossary: Mapping[str, str]) -> set[tuple[str, str]]:
    """The words that some text explains, with the language for which it does."""
    return {
        (word, _kind(place, text))
        for place, text in linted.texts
        for word in glossary
        if word in text.text and _in_brackets(word, text.text)
    }


def _kind(place: str, text: Text) -> str:
    """What is read together: the texts of a language, but an SMS by itself."""
    return place if place.startswith("sms") else text.language or ""


def _matches(word: str, text: str) -> bool:
    """As it is written; small letters also at the beginning of a sentence."""
    flags = re.IGNORECASE if word.islower() else 0
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", blanked(text, [LINK, ADDRESS]), flags) is not None


def _in_brackets(word: str, text: str) -> bool:
    """`SPoC (aanspreekpunt)` and `aanspreekpunt (SPoC)`."""
    found = re.escape(word)
    return re.search(rf"(?<!\w){found}\s*\(|\(\s*{found}\s*\)", text, re.IGNORECASE) is not None


PLAIN: Final[tuple[Rule, ...]] = (key_message_words, long_sentence, jargon, abbreviation)
