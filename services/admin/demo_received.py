"""What came out at the other end: the mails in the maildir, the texts at the stand-in, the feeds over HTTP."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import aiohttp

from services.admin.answers import Refusal
from services.devstack.maildir import kept
from services.domain.texts import measure

ATOM: Final = "{http://www.w3.org/2005/Atom}"
ENVELOPE_BYTES: Final = 1024
"""In which the sink's own lines (Return-Path, Delivered-To) stand for sure: an address has at most 254."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its reader gets it."""

    file: Path
    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Sms:
    """A text, the audiences that got it, and to how many numbers. `encoding` is GSM-7 or UCS-2."""

    body: str
    audiences: tuple[str, ...]
    recipients: int
    encoding: str
    segments: int
    characters: int


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as a reader finds it at its address."""

    audience: str
    url: str
    entries: int
    title: str
    summary: str


def mail_files(maildir: Path) -> list[tuple[str, Path]]:
    """Whom each mail was delivered to, by its envelope, and its file."""
    return [(_delivered_to(file), file) for file in kept(maildir)]


def read_mail(file: Path) -> Mail:
    """A mail by a standard parser."""
    mail: Any = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return Mail(file, mail["To"].addresses[0].addr_spec, str(mail["Subject"]), text.strip(), html)


def keep_pages(folder: Path, examples: Mapping[str, Mail]) -> Path:
    """Write the HTML of a mail for each audience, for a browser; returns their folder."""
    folder.mkdir(mode=0o700)
    for audience, mail in examples.items():
        (folder / f"{audience}.html").write_text(mail.html, encoding="utf-8")
    return folder


async def texts(control_url: str, audience_of: Mapping[str, str]) -> tuple[list[str], list[Sms]]:
    """Every number that a text was sent to, once for each text; and the different texts, in the order of sending."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{control_url}/messages") as answer:
            found = await answer.json()
    except (aiohttp.ClientError, TimeoutError):
        raise Refusal("the Twilio stand-in does not say what it received") from None
    found.reverse()
    counts = Counter(text["body"] for text in found)
    audiences: dict[str, dict[str, None]] = {body: {} for body in counts}
    for text in found:
        audiences[text["body"]][audience_of.get(text["to"], "?")] = None
    return [text["to"] for text in found], [_sms(body, list(audiences[body]), many) for body, many in counts.items()]


async def feeds(urls: Sequence[Mapping[str, str]]) -> list[Feed]:
    """Each feed, read at its address; one that cannot be read has no entries."""
    async with aiohttp.ClientSession() as session:
        return [await _feed(session, each["audience"], each["url"]) for each in urls]


async def _feed(session: aiohttp.ClientSession, audience: str, url: str) -> Feed:
    try:
        async with session.get(url) as answer:
            answer.raise_for_status()
            document = ElementTree.fromstring(await answer.read())  # noqa: S314 - from a server of our own
    except (aiohttp.ClientError, TimeoutError):
        return Feed(audience, url, 0, "", "")
    entries = document.findall(f"{ATOM}entry")
    first = [entries[0].findtext(ATOM + part, "") for part in ("title", "summary")] if entries else ["", ""]
    return Feed(audience, url, len(entries), *first)


def _sms(body: str, audiences: Sequence[str], recipients: int) -> Sms:
    size = measure(body)
    return Sms(body, tuple(audiences), recipients, size.encoding, size.segments, size.characters)


def _delivered_to(file: Path) -> str:
    with file.open("rb") as content:
        head = content.read(ENVELOPE_BYTES).decode("utf-8", "replace")
    lines = [line for line in head.splitlines() if line.startswith("Delivered-To: ")]
    return lines[0].removeprefix("Delivered-To: ") if lines else ""
