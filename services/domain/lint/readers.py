"""Whom a message is for: each of them is asked something, was told before, and can read it."""

import re
from collections.abc import Iterator
from typing import Final

from services.domain.lint.rule import CERC, ROELAND, Hit, Linted, Rule, hit, rule
from services.domain.selection import languages_of, select

EXERCISE_WORDS: Final = re.compile(r"\b(oefening|oefenen|exercice|exercise|drill|übung)\b", re.IGNORECASE)


@rule("no-actions", "error", source=CERC)
def no_actions(linted: Linted) -> Iterator[Hit]:
    """Neither the message nor the templates ask anything of them. Who only reads a feed need not be asked."""
    if linted.asked is None:
        return
    idle = [
        (audience, language)
        for audience, language in linted.readers
        if (audience, language) not in linted.asked
        and not _feed_only(linted, audience)
        and not select(linted.content, audience=audience, language=language).actions
    ]
    if idle:
        yield hit("actions", readers=", ".join(f"{audience} ({language})" for audience, language in idle))


@rule("all-clear-unalerted", "error", source=ROELAND)
def all_clear_unalerted(linted: Linted) -> Iterator[Hit]:
    """The end of what nobody heard the beginning of."""
    if linted.content.kind == "all-clear" and linted.alerted is False:
        yield hit("kind")


@rule("exercise-unsaid", "warning", source=ROELAND)
def exercise_unsaid(linted: Linted) -> Iterator[Hit]:
    """An exercise that is sent as real; one remark is enough."""
    if linted.content.exercise:
        return
    for place, text in linted.texts:
        if EXERCISE_WORDS.search(text.text):
            yield hit(place)
            return


@rule("exercise-public", "warning", source=ROELAND)
def exercise_public(linted: Linted) -> Iterator[Hit]:
    """Somebody expects an exercise in the open feed."""
    if linted.content.exercise and "public" in linted.content.audiences:
        yield hit("audiences")


@rule("said-to-nobody", "warning", source=ROELAND)
def said_to_nobody(linted: Linted) -> Iterator[Hit]:
    """A text for an audience that the message does not go to."""
    told = set(linted.audiences or linted.content.audiences)
    restricted = [(f"key_messages[{n}]", each.audiences) for n, each in enumerate(linted.content.key_messages)]
    restricted += [(place, text.audiences) for place, text in linted.texts]
    for place, audiences in restricted:
        if told and audiences and not told & set(audiences):
            yield hit(place, audiences=", ".join(audiences))


@rule("public-without-feed", "warning", source=ROELAND)
def public_without_feed(linted: Linted) -> Iterator[Hit]:
    """The public has no other channel."""
    if "public" in linted.content.audiences and "newsfeed" not in linted.content.channels:
        yield hit("channels")


@rule("half-translated", "warning", source=ROELAND)
def half_translated(linted: Linted) -> Iterator[Hit]:
    """A title in a language that is not complete: its readers get the message's own language after all."""
    content = linted.content
    audiences = linted.audiences or content.audiences or linted.configuration.audience_ids
    for number, title in enumerate(content.title):
        missing = [each for each in audiences if title.language not in languages_of(content, each)]
        if missing:
            names = {"language": title.language, "audiences": ", ".join(missing), "instead": content.language}
            yield hit(f"title[{number}]", **names)


def _feed_only(linted: Linted, audience: str) -> bool:
    known = {each.id: each.channels for each in linted.configuration.audiences}
    return known.get(audience) == ("newsfeed",)


READERS: Final[tuple[Rule, ...]] = (
    no_actions,
    all_clear_unalerted,
    exercise_unsaid,
    exercise_public,
    said_to_nobody,
    public_without_feed,
    half_translated,
)
