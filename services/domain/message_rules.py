"""What the fields of a message say together: each rule a function from the message to what is wrong with it.

A rule names the fields that it needs; it is not asked when one of those is wrong by itself. One that only counts needs
none: it counts what is there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.domain import limits
from services.domain.configuration import Configuration
from services.domain.content import MessageContent, Text
from services.domain.release_order import complaints
from services.domain.selection import is_for, select
from services.domain.yaml_text import Path

Complaint = tuple[Path, str, str]  # path, problem, remedy


@dataclass(frozen=True)
class Judged:
    """A message whose fields are each right by themselves. `given` are the fields that the file has.

    `authors`: the audiences that its author names, where the message has those that are owed it as well.
    """

    content: MessageContent
    given: set[str]
    configuration: Configuration
    now: datetime
    authors: tuple[str, ...] | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The audiences that its author names."""
        return self.content.audiences if self.authors is None else self.authors

    @property
    def readers(self) -> tuple[str, ...]:
        """Whom it may reach: its audiences, or anyone when it leaves them out."""
        return self.content.audiences or self.configuration.audience_ids


def someone_is_told(judged: Judged) -> Iterator[Complaint]:
    """Only who was told before can be left unnamed."""
    content = judged.content
    if not content.audiences and content.kind not in ("correction", "all-clear"):
        yield ("audiences",), "It does not say whom it is for.", "Add `audiences: [governors, …]`."
    reached = [
        each for each in content.audiences if set(judged.configuration.audience(each).channels) & set(content.channels)
    ]
    if content.audiences and content.channels and not reached:
        names = ", ".join(content.audiences)
        yield ("channels",), f"{names} gets nothing on {', '.join(content.channels)}.", "Add a channel that they have."
    if content.exercise and set(content.audiences) == {"public"}:
        yield ("audiences",), "An exercise never goes to the public.", "Name the audiences that take part."


def channels_are_named(judged: Judged) -> Iterator[Complaint]:
    """Only what follows an earlier message can go the ways that one went."""
    if not judged.content.channels and judged.content.kind not in ("correction", "all-clear"):
        remedy = "Write `channels: [mail, sms, newsfeed]`, or those that you want."
        yield ("channels",), "The field channels is missing.", remedy


def title_in_own_language(judged: Judged) -> Iterator[Complaint]:
    """The message's language is what everyone falls back to."""
    languages = [text.language for text in judged.content.title]
    if judged.content.language not in languages:
        yield ("title",), f"There is no title in the message's language, {judged.content.language}.", "Add one."
    if len(set(languages)) < len(languages):
        yield ("title",), "There are two titles in one language.", "Keep one for each language."


def everyone_sees_a_key_message(judged: Judged) -> Iterator[Complaint]:
    """A mail with a title and nothing to say alarms and does not inform."""
    content = judged.content
    sms_only = content.channels == ("sms",) and bool(content.sms)
    if not content.key_messages and not sms_only:
        yield ("key_messages",), "There is no key message.", "Say in one to three sentences what people must know."
        return
    for audience in content.audiences:
        view = select(content, audience=audience, language=content.language)
        if not view.key_messages and not (sms_only and view.sms):
            what = f"{audience} would see no key message in {content.language}."
            yield ("key_messages",), what, "Write one for them, or take them out of `audiences`."


def three_key_messages(judged: Judged) -> Iterator[Complaint]:
    """At most three for any one reader (an audience in a language)."""
    seen: dict[tuple[str, str], int] = {}
    for number, each in enumerate(judged.content.key_messages):
        for language in dict.fromkeys(text.language or "" for text in each.text):
            readers = [reader for reader in judged.readers if is_for(each.audiences, reader)]
            for reader in readers:
                seen[reader, language] = seen.get((reader, language), 0) + 1
            if any(seen[reader, language] > limits.KEY_MESSAGES for reader in readers):
                what = "This is a fourth key message, or a later one."
                yield ("key_messages", number), what, "Choose the three that matter, or make facts of the others."


def three_facts(judged: Judged) -> Iterator[Complaint]:
    """At most three under one key message for any one reader."""
    for number, each in enumerate(judged.content.key_messages):
        for place in _too_many(each.facts, judged.readers, limits.FACTS):
            what = f"This key message has more than {limits.FACTS} facts."
            yield ("key_messages", number, "facts", place), what, f"Keep the {limits.FACTS} that support it best."


def lists_are_short(judged: Judged) -> Iterator[Complaint]:
    """A list that nobody finishes is not read at all."""
    lists: Mapping[str, tuple[Text, ...]] = {"unknown": judged.content.unknown, "actions": judged.content.actions}
    for name, texts in lists.items():
        for place in _too_many(texts, judged.readers, limits.LIST_ITEMS):
            yield (
                (name, place),
                f"{name} has more than {limits.LIST_ITEMS} entries for one reader.",
                "Keep what matters.",
            )


def only_a_correction_says_what_was_wrong(judged: Judged) -> Iterator[Complaint]:
    """Who reads elsewhere what was wrong looks for what is right; and who reads more than three things skips them."""
    content = judged.content
    if content.wrong and content.kind != "correction":
        yield ("wrong",), "Only a correction says what was wrong.", "Write `kind: correction`, or take this out."
    for place in _too_many(content.wrong, judged.readers, limits.WRONG):
        what = f"wrong has more than {limits.WRONG} entries for one reader."
        yield ("wrong", place), what, "Keep what people may have acted on."


def one_text_per_language(judged: Judged) -> Iterator[Complaint]:
    """Two texts for the same reader where one can be shown: the second would be lost without a word."""
    for number, each in enumerate(judged.content.key_messages):
        if any(True for _ in _too_many(each.text, judged.readers, 1)):
            what = "This key message has two texts in one language for the same reader."
            yield ("key_messages", number, "text"), what, "Make two key messages of it."
    if any(True for _ in _too_many(judged.content.sms, judged.readers, 1)):
        yield ("sms",), "There are two SMS texts in one language for the same reader.", "Keep one."


def not_expired(judged: Judged) -> Iterator[Complaint]:
    """What has expired is sent to nobody."""
    if judged.content.expires_at and judged.content.expires_at <= judged.now:
        yield ("expires_at",), "This is in the past: nobody would get it.", "Choose a later time, or leave it out."


def times_in_order(judged: Judged) -> Iterator[Complaint]:
    """A promise must come true while the message still stands."""
    content = judged.content
    if content.expires_at and content.next_update_at and content.expires_at < content.next_update_at:
        what = "The message expires before the next update that it promises."
        yield ("expires_at",), what, "Let it expire after `next_update_at`."


def correction_names_its_message(judged: Judged) -> Iterator[Complaint]:
    """A correction of nothing reaches nobody; and only a correction pauses another message."""
    content = judged.content
    if content.kind == "correction" and not content.corrects:
        yield (
            ("corrects",),
            "A correction must say which message it puts right.",
            "Give that message's id in `corrects`.",
        )
    elif content.kind != "correction" and content.corrects:
        yield (
            ("corrects",),
            "Only a correction corrects a message.",
            "Write `kind: correction`, or leave `corrects` out.",
        )
    elif content.corrects and not _is_uuid(content.corrects):
        yield ("corrects",), f"{content.corrects!r} is not the id of a message.", "Copy it from `roeland message list`."


def release_in_order(judged: Judged) -> Iterator[Complaint]:
    """An order that says something else than its author means tells the press first."""
    content = judged.content
    if content.kind == "correction" and content.release_order:
        what = "A correction goes to everyone at once, whoever got the error first."
        yield ("release_order",), what, "Leave `release_order` out."
        return
    named = content.audiences if content.kind in ("alert", "update") else ()
    for step, field, what, remedy in complaints(content.release_order, named, content.channels):
        place: Path = ("release_order",) if step is None else ("release_order", step)
        yield (*place, field) if field else place, what, remedy


def embargo(judged: Judged) -> Iterator[Complaint]:
    """It must lie ahead, and what the message promises must still be to come when it ends."""
    content = judged.content
    if content.release_at is None:
        return
    if content.kind in ("correction", "all-clear"):
        what = f"Nobody waits for {'a correction' if content.kind == 'correction' else 'an all-clear'}."
        yield ("release_at",), what, "Leave `release_at` out: it goes out once it is approved."
    elif content.release_at <= judged.now:
        yield ("release_at",), "This is in the past.", "Choose a later time, or leave it out."
    elif content.expires_at and content.expires_at <= content.release_at:
        yield ("release_at",), "The message would have expired by then.", "Choose a time before `expires_at`."
    elif content.next_update_at and content.next_update_at <= content.release_at:
        yield ("release_at",), "The next update would be there before it.", "Choose a time before `next_update_at`."


LINK: Final = "{link}"
"""In a given SMS: here stands the link by which its reader confirms."""


def confirmation_is_asked(judged: Judged) -> Iterator[Complaint]:
    """A deadline without the question, or the question to nobody who could answer it."""
    content = judged.content
    if content.confirm_minutes is not None and not content.confirm:
        yield ("confirm_minutes",), "Nobody is asked to confirm.", "Write `confirm: true`, or take this out."
    if content.confirm and content.channels and set(content.channels) == {"newsfeed"}:
        yield ("confirm",), "Nobody can confirm in a newsfeed.", "Add mail or sms to `channels`, or leave it out."
    for number, text in enumerate(content.sms if not content.confirm else ()):
        if LINK in text.text:
            what = "`{link}` is the link by which a reader confirms, and nobody is asked to."
            yield ("sms", number), what, "Write `confirm: true`, or take `{link}` out."


def a_selection_narrows(judged: Judged) -> Iterator[Complaint]:
    """A selection that would not hold, or of which there is nothing to narrow, lets its author believe it does."""
    content = judged.content
    if not content.recipients:
        return
    if "newsfeed" in content.channels:
        what = "Anyone of an audience reads its newsfeed, whoever is chosen here."
        yield ("recipients",), what, "Take newsfeed out of `channels`, or leave `recipients` out."
    elif not judged.named:
        what = "It names no audiences, and everyone who was told gets it: there is nobody to choose from."
        yield ("recipients",), what, "Name the audiences to choose from besides, or leave `recipients` out."


RULES: Final[tuple[tuple[frozenset[str], Callable[[Judged], Iterator[Complaint]]], ...]] = (
    (frozenset({"audiences", "kind", "channels", "exercise"}), someone_is_told),
    (frozenset({"channels", "kind"}), channels_are_named),
    (frozenset({"title", "language"}), title_in_own_language),
    (frozenset({"key_messages", "audiences", "language", "channels", "sms"}), everyone_sees_a_key_message),
    (frozenset(), three_key_messages),
    (frozenset(), three_facts),
    (frozenset(), lists_are_short),
    (frozenset({"kind"}), only_a_correction_says_what_was_wrong),
    (frozenset(), one_text_per_language),
    (frozenset({"expires_at"}), not_expired),
    (frozenset({"expires_at", "next_update_at"}), times_in_order),
    (frozenset({"kind", "corrects"}), correction_names_its_message),
    (frozenset({"release_order", "audiences", "channels", "kind"}), release_in_order),
    (frozenset({"release_at", "expires_at", "next_update_at", "kind"}), embargo),
    (frozenset({"confirm", "confirm_minutes", "channels", "sms"}), confirmation_is_asked),
    (frozenset({"recipients", "channels", "audiences"}), a_selection_narrows),
)


def _too_many(texts: tuple[Text, ...], readers: tuple[str, ...], limit: int) -> Iterator[int]:
    seen: dict[tuple[str, str | None], int] = {}
    for place, text in enumerate(texts):
        for reader in readers:
            if is_for(text.audiences, reader):
                seen[reader, text.language] = seen.get((reader, text.language), 0) + 1
        if any(seen.get((reader, text.language), 0) > limit and is_for(text.audiences, reader) for reader in readers):
            yield place


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
