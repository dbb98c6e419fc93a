"""How a message asks its readers to confirm: by a link of their own, or in an SMS by an answer where one can be given.

A given SMS is sent as it is: only where its author wrote `{link}` does the link stand in it. A generated one ends with
how to confirm, whatever of its words has to give way.
"""

from typing import Final

from services.domain.answers import tells_how_to_answer
from services.domain.message_rules import LINK
from services.domain.problems import Problem, Refused
from services.domain.variants import SLOT_OPEN, Variant, fill, slot, slots_for
from services.rendering.centre import Centre
from services.rendering.request import RenderRequest
from services.rendering.words import Word
from services.runtime.confirm_links import example_link
from services.runtime.public_url import PublicUrlSettings

_NOWHERE: Final = "Readers are asked to confirm by a link, and ROELAND_PUBLIC_URL is not set: it would lead nowhere."
_REMEDY: Final = "Set ROELAND_PUBLIC_URL, or leave `confirm` out."
_REMEDY_SMS: Final = "Set ROELAND_PUBLIC_URL, or send from a number that can be answered, or leave `confirm` out."


def tail_of(request: RenderRequest, centre: Centre, word: Word) -> str:
    """What a generated SMS ends with, with a link as long as each is; '' where nobody is asked to confirm."""
    if not request.content.confirm:
        return ""
    return word("confirm.answer") if centre.answers else word("confirm.sms", link=example_link(centre.site))


def asking_in(text: str, word: Word, *, answers: bool) -> str:
    """An SMS that somebody types for a blast, with how to confirm at its end where it does not say so itself."""
    if LINK in text or tells_how_to_answer(text):
        return text
    return f"{text} {word('confirm.answer') if answers else word('confirm.sms', link=LINK)}"


def with_mark(text: str, centre: Centre) -> str:
    """The same SMS with the mark of the reader's link where `tail_of` left room for it."""
    return text.replace(example_link(centre.site), slot("confirm")) if centre.site else text


def with_given_mark(text: str, *, confirm: bool) -> str:
    """An SMS of the author's with the mark of the reader's link where it says so."""
    return text.replace(LINK, slot("confirm")) if confirm else text


def without_mark(text: str, *, confirm: bool) -> str:
    """An SMS of the author's as a mail says it, which has a link of its own."""
    return text.replace(LINK, "") if confirm else text


def refuse_nowhere(request: RenderRequest, given: str | None, centre: Centre) -> None:
    """A link that leads nowhere is worse than none: whoever sends this must know. Raises Refused.

    `given`: the SMS as its author wrote it, if so.
    """
    if not request.content.confirm or centre.site or request.channel == "newsfeed":
        return
    by_link = LINK in given if given is not None else not centre.answers
    if request.channel == "mail" or by_link:
        raise Refused([Problem("confirm", _NOWHERE, _REMEDY if request.channel == "mail" else _REMEDY_SMS)])


def at_its_longest(variant: Variant) -> str:
    """The text of an SMS with a link in it as long as each is: what segments are counted of."""
    if SLOT_OPEN not in variant.text:
        return variant.text
    return fill(variant.text, slots_for(name="", confirm=example_link(PublicUrlSettings().public_url or "")))
