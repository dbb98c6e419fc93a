"""A proof: all that one sees of a message before it goes out, however it is shown."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.domain.changes import Change, changes
from services.domain.content import KeyMessage, MessageContent, Text
from services.domain.problems import Finding
from services.domain.sms_price import SmsTotals
from services.domain.variants import Variant
from services.domain.verification import code_of

MOST_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class Reach:
    """So many contacts; how many of them get nothing by mail, by SMS, and on neither of the channels of the message."""

    name: str
    contacts: int
    without_mail: int
    without_number: int
    unreached: int


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody who will not be reached on `channels`; `everywhere`: nor on any other of the message."""

    external_id: str
    name: str
    organisation: str
    audience: str
    province: str
    channels: tuple[str, ...]
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Former:
    """What was released before in this incident to the same audience, on the same channel, in the same language."""

    message_id: str
    released_at: datetime
    variant: Variant


@dataclass(frozen=True, slots=True)
class Version:
    """One variant: how many copies of it go out (feeds: None), what they cost by SMS, and what it comes after."""

    variant: Variant
    copies: int | None = None
    sms: SmsTotals | None = None
    former: Former | None = None


@dataclass(frozen=True)
class Proof:
    """Everything. `message_id` and `proof_hash` are None for what was not submitted; `phase` is the one in force.

    `of`: how many contacts the message would be for without its selection; None when it has none.
    """

    content: MessageContent
    phase: str
    incident_title: str
    author: str
    made_at: datetime
    versions: Sequence[Version]
    audiences: Sequence[Reach]
    provinces: Sequence[Reach]
    missed: Sequence[Missed]
    missed_in_all: int
    recipients: int
    sms: SmsTotals
    findings: Sequence[Finding]
    state: str = ""
    message_id: str | None = None
    revision: int = 1
    proof_hash: str | None = None
    release_at: datetime | None = None
    of: int | None = None


def differences(subject: str, text: str, former: Former | None, *, message_id: str, before: str) -> list[Change]:
    """The text with what changed in it; `before` is the former's text, None of its subject.

    The id of the message itself is always another one, and that is no change.
    """
    new = _with_subject(subject, text)
    if former is None:
        return changes(new, new)
    old = _with_subject(former.variant.subject, before)
    was, own = former.message_id, former.variant.audience
    return changes(old.replace(was, message_id).replace(code_of(was, own), code_of(message_id, own)), new)


def _with_subject(subject: str, text: str) -> str:
    return f"{subject}\n\n{text}" if subject else text


def field_text(content: MessageContent, place: str) -> str:
    """What stands at the place that a finding names; '' when no text does."""
    return dict(_texts(content)).get(_path(place), "")


def label(place: str, words: Mapping[str, str]) -> str:
    """A path as people say it: `key_messages[1].facts[0]` is *kernboodschap 2, feit 1*. `words` by field name."""
    steps = re.findall(r"([a-z_]+)(?:\[(\d+)\])?", _path(place))
    said = [
        f"{words.get(name, name)}{f' {int(number) + 1}' if number else ''}" for name, number in steps if name != "text"
    ]
    return ", ".join(said)


def _path(place: str) -> str:
    """Without the file, line and column that may stand before it."""
    return place.rpartition(" ")[2]


def _texts(content: MessageContent) -> Iterator[tuple[str, str]]:
    yield from _placed("title", content.title)
    for number, each in enumerate(content.key_messages):
        yield from _key_message(f"key_messages[{number}]", each)
    for name, texts in (("unknown", content.unknown), ("actions", content.actions), ("sms", content.sms)):
        yield from _placed(name, texts)


def _key_message(place: str, each: KeyMessage) -> Iterator[tuple[str, str]]:
    yield place, each.text[0].text if each.text else ""
    yield from _placed(f"{place}.text", each.text)
    yield from _placed(f"{place}.facts", each.facts)


def _placed(name: str, texts: Iterable[Text]) -> Iterator[tuple[str, str]]:
    return ((f"{name}[{number}]", text.text) for number, text in enumerate(texts))


def as_findings(recorded: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Findings as the record has them; one of a later version may say more, and of an earlier one less."""
    known = Finding.__dataclass_fields__
    return [Finding(**{"severity": "warning", **{k: v for k, v in each.items() if k in known}}) for each in recorded]
