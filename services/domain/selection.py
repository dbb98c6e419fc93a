"""What one audience sees of a message, in one language: only its own texts, and never two languages at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.domain.content import KeyMessage, MessageContent, Text


@dataclass(frozen=True)
class Point:
    """A key message and its facts, as one reader sees them."""

    text: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The texts that one audience sees in one language. `sms` is the given one, None when it is to be made.

    `wrong` is what a correction says was wrong, in its author's words.
    """

    title: str
    key_messages: tuple[Point, ...]
    unknown: tuple[str, ...]
    actions: tuple[str, ...]
    sms: str | None
    wrong: tuple[str, ...] = ()


def languages_of(content: MessageContent, audience: str) -> tuple[str, ...]:
    """The languages in which `audience` can get the message: the title and all its key messages exist in them.

    The message's own language is always there, first, the others in the order of the titles. A translation may stand
    inside a key message or be one of its own, so a language counts when it has as many as the message's own.
    """
    titles = dict.fromkeys(text.language or content.language for text in content.title)
    others = (language for language in titles if language != content.language)
    return (content.language, *(language for language in others if _is_complete(content, audience, language)))


def choose_language(content: MessageContent, audience: str, wanted: str) -> str:
    """`wanted`, if all of the message exists in it for `audience`; else the message's own language."""
    return wanted if wanted in languages_of(content, audience) else content.language


def select(content: MessageContent, *, audience: str, language: str) -> View:
    """Exactly what `audience` sees in `language`, in the order of the file."""
    return View(
        title=next(iter(_seen(content.title, audience, language)), ""),
        key_messages=_points(content, audience, language),
        unknown=_seen(content.unknown, audience, language),
        actions=_seen(content.actions, audience, language),
        sms=next(iter(_seen(content.sms, audience, language)), None),
        wrong=_seen(content.wrong, audience, language),
    )


def is_for(audiences: Iterable[str] | None, audience: str) -> bool:
    """Whether a text with these audiences (None: no restriction) is meant for `audience`."""
    return audiences is None or audience in audiences


def _is_complete(content: MessageContent, audience: str, language: str) -> bool:
    own = len(_points(content, audience, content.language))
    if not own:  # an SMS alone, with no key messages: then that is what must exist in the language
        return bool(_seen(content.sms, audience, language))
    return len(_points(content, audience, language)) >= own


def _points(content: MessageContent, audience: str, language: str) -> tuple[Point, ...]:
    points = (_point(each, audience, language) for each in content.key_messages if is_for(each.audiences, audience))
    return tuple(point for point in points if point)


def _point(each: KeyMessage, audience: str, language: str) -> Point | None:
    texts = _seen(each.text, audience, language)
    return Point(texts[0], _seen(each.facts, audience, language)) if texts else None


def _seen(texts: Iterable[Text], audience: str, language: str) -> tuple[str, ...]:
    return tuple(each.text for each in texts if each.language == language and is_for(each.audiences, audience))
