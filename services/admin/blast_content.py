"""What a blast says and to whom, as the message that it is underneath: urgent, by SMS alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.admin import blast_settings
from services.admin.answers import Invalid, Refusal, WrongUsage
from services.admin.messages import MOST_BYTES, read_message
from services.domain import limits
from services.domain.blast import as_gsm, filled, texts_by_language, title_of
from services.domain.configuration import Configuration
from services.domain.content import MessageContent, Text
from services.domain.message_file import parse_message_file
from services.domain.problems import Problem, Refused
from services.domain.recipient_query import both, canonical
from services.domain.recipient_reading import read
from services.rendering.confirming import asking_in
from services.rendering.templates import Templates
from services.rendering.words import Word
from services.runtime.postgres import Connection
from services.runtime.public_url import PublicUrlSettings
from services.store import incidents


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was typed. `hours`: so long it is sent at most. `next_hours`: until the cell says
    more, and is reminded of it; None: as long as it is sent. `within`: minutes to confirm in. `plain`: only GSM-7."""

    texts: Sequence[str] = ()
    template: Path | None = None
    file: Path | None = None
    fills: Mapping[str, str] | None = None
    audiences: Sequence[str] = ()
    recipients: str = ""
    incident: str | None = None
    title: str | None = None
    kind: str | None = None
    language: str | None = None
    hours: float = 4.0
    next_hours: float | None = None
    exercise: bool = False
    confirm: bool = False
    within: int | None = None
    plain: bool = False


async def content_of(
    connection: Connection, order: Order, configuration: Configuration, templates: Templates
) -> "Drafted":
    """The message, and the incident that it opens ('' when it opens none). Raises `Refusal`, `Refused`, `WrongUsage`.

    Times are the clock's here: editorial judges all of it again.
    """
    if sum(map(bool, (order.texts, order.template, order.file))) != 1:
        raise WrongUsage("say what to send, in one way: --text, --template, --file or --holding")
    if order.file:
        content = _narrowed(read_message(order.file, configuration), order, configuration)
        exercise = content.exercise
    else:
        content, exercise = None, order.exercise
    zone = ZoneInfo(templates.timezone)
    slug, opens = await _incident(connection, content.incident if content else order.incident, exercise, zone)
    content = content or _made(order, slug, configuration, templates)
    content = _in_gsm(content) if order.plain else content
    _refuse_long(content)
    return Drafted(content, slug if opens else "")


@dataclass(frozen=True, slots=True)
class Drafted:
    """A message that nobody was asked about yet. `opens`: the incident that it will open; '' when there is one."""

    content: MessageContent
    opens: str


async def _incident(connection: Connection, given: str | None, exercise: bool, zone: ZoneInfo) -> tuple[str, bool]:
    """The one that is named, else the only one that is open (of exercises for an exercise), else a new one."""
    if given:
        found = await incidents.find(connection, given)
        if found and found.closed_at:
            raise Refusal(f"the incident {given} is closed: `roeland incident reopen {given}`, or name another")
        return given, found is None
    there = [each for each in await incidents.listed(connection) if each.exercise == exercise]
    if len(there) == 1:
        return there[0].slug, False
    if there:
        names = ", ".join(each.slug for each in there)
        raise Refusal(f"{len(there)} {'exercises' if exercise else 'incidents'} are open: add --incident, of {names}")
    slug = datetime.now(zone).strftime("sms-%Y%m%d-%H%M")
    while await incidents.find(connection, slug):  # opened and closed within this minute
        slug += "-2"
    return slug, True


def _made(order: Order, slug: str, configuration: Configuration, templates: Templates) -> MessageContent:
    own = order.language or configuration.languages[0]
    texts = texts_by_language(_given(order), own, configuration.languages)
    if own not in texts:
        own = next(iter(texts))
    titles = {language: order.title or title_of(text) for language, text in texts.items()}
    if order.confirm:
        texts = {each: _asking(text, templates.words.of(each)) for each, text in texts.items()}
    now = datetime.now(UTC)
    plain: dict[str, Any] = {
        "incident": slug, "kind": order.kind or "alert", "urgency": "urgent", "language": own, "channels": ["sms"],
        "title": [{"text": text, "language": language} for language, text in titles.items()],
        "sms": [{"text": text, "language": language} for language, text in texts.items()],
        "audiences": list(order.audiences or (_everyone(configuration) if order.recipients else ())),
        "exercise": order.exercise,
        "expires_at": _in(now, order.hours),
        "next_update_at": _in(now, order.hours if order.next_hours is None else order.next_hours),
        **({"recipients": order.recipients} if order.recipients else {}), **_confirmation(order),
    }  # fmt: skip
    return parse_message_file(json.dumps(plain), name="blast", now=now, configuration=configuration)


def _asking(text: str, word: Word) -> str:
    """With how to confirm: whoever typed it at night ticked a box, and said no more. Lint remarks where nobody can."""
    can_answer, has_page = blast_settings.sender()[1], PublicUrlSettings().public_url
    return asking_in(text, word, answers=can_answer) if can_answer or has_page else text


def _everyone(configuration: Configuration) -> list[str]:
    """Every audience that gets SMS: a selection without one chooses among all of them."""
    return [each.id for each in configuration.audiences if "sms" in each.channels]


def _in(now: datetime, hours: float) -> str:
    return (now + timedelta(hours=hours)).isoformat(timespec="seconds")


def _given(order: Order) -> Sequence[str]:
    if order.template is None:
        if order.fills:
            raise WrongUsage("--fill fills the holes of a --template")
        return order.texts
    if order.template.stat().st_size > MOST_BYTES:
        raise Refusal(f"{order.template} is far larger than an SMS: is it the right file?")
    try:
        text = order.template.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{order.template} is not UTF-8: save it as UTF-8") from None
    return [filled(text, order.fills or {})]


def _narrowed(content: MessageContent, order: Order, configuration: Configuration) -> MessageContent:
    """The message of a file, by SMS alone and at once; what else was typed wins over what the file says."""
    if content.kind == "correction":
        raise Refusal("a correction goes wherever the error went: `roeland message submit` it")
    if content.release_at or content.release_order:
        raise Refusal("a blast goes to everyone at once: take release_at and release_order out of the file")
    changed: dict[str, Any] = {"channels": ("sms",), "urgency": "urgent", **_confirmation(order)}
    if order.incident:
        changed["incident"] = order.incident
    if order.audiences:
        changed["audiences"] = configuration.in_order(order.audiences)
    if order.recipients:
        changed["recipients"] = canonical(both([read(each) for each in (content.recipients, order.recipients) if each]))
    if order.exercise:
        changed["exercise"] = True
    if not content.expires_at:
        changed["expires_at"] = datetime.now(UTC) + timedelta(hours=order.hours)
    return content.model_copy(update=changed)


def _confirmation(order: Order) -> dict[str, Any]:
    if order.within is not None and not order.confirm:
        raise WrongUsage("--within says how long there is to confirm: add --confirm")
    minutes = {"confirm_minutes": order.within} if order.within is not None else {}
    return {"confirm": True, **minutes} if order.confirm else {}


def _in_gsm(content: MessageContent) -> MessageContent:
    texts = tuple(each.model_copy(update={"text": as_gsm(each.text)}) if each.text else each for each in content.sms)
    if any(not each.text and not each.fact for each in texts):
        raise Refusal("nothing is left of the text without the characters that GSM-7 lacks: write it in letters")
    return content.model_copy(update={"sms": texts})


def _refuse_long(content: MessageContent) -> None:
    """What a template or `--plain` made longer than an SMS may be."""
    longest: Text | None = max(content.sms, key=lambda each: len(each.text), default=None)
    if longest and len(longest.text) > limits.SMS_CHARACTERS:
        what = f"The SMS has {len(longest.text)} characters, more than {limits.SMS_CHARACTERS}."
        raise Refused([Problem("sms", what, "Shorten it.")])
