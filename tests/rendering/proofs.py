"""Proofs to show, and what a page of HTML is made of."""

from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from services.domain.content import MessageContent
from services.domain.problems import Finding
from services.domain.proofs import Former, Missed, Proof, Reach, Version
from services.domain.sms_price import SmsTotals
from services.rendering.render import render_all
from services.rendering.templates import Templates
from tests.domain.messages import message

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
OLD_ID, NEW_ID = "01a2086d-f51e-715f-ab79-538535e52f00", "01a2086d-f51e-715f-ab79-538535e52f01"


def content(**fields: Any) -> MessageContent:
    """A message on all three channels."""
    return message(**{"channels": ["mail", "sms", "newsfeed"], "audiences": ["governors"], **fields})


def proof(
    templates: Templates,
    said: MessageContent,
    *,
    before: MessageContent | None = None,
    name: str = "Jan",
    words: str = "x",
    **more: Any,
) -> Proof:
    """A proof of that message; `name` is of whoever is missed, `words` stand wherever else others wrote."""
    rendered = render_all(
        said, phase="acute", message_id=NEW_ID, templates=templates, incident_title=words, issued_at=NOW
    )
    former = {}
    if before:
        earlier = render_all(
            before, phase="acute", message_id=OLD_ID, templates=templates, incident_title=words, issued_at=NOW
        )
        former = {(each.audience, each.channel, each.language): Former(OLD_ID, NOW, each) for each in earlier}
    missed = Missed("1", name, words, "governors", words, ("mail", "sms"), everywhere=True)
    finding = Finding("error", "key_messages[0].text[0]", words, words, "rule", words)
    fields: dict[str, Any] = {
        "content": said, "phase": "acute", "incident_title": words, "author": words, "made_at": NOW,
        "versions": [
            Version(each, 2, SmsTotals(2, 4, Decimal("0.4")) if each.channel == "sms" else None,
                    former.get((each.audience, each.channel, each.language))) for each in rendered
        ],
        "audiences": [Reach("governors", 3, 1, 1, 1)], "provinces": [Reach(words, 2, 1, 1, 1), Reach("", 1, 0, 0, 0)],
        "missed": [missed], "missed_in_all": 5, "recipients": 3, "sms": SmsTotals(2, 4, Decimal("1234.5")),
        "findings": [finding], "state": "proofed", "message_id": NEW_ID, "proof_hash": "ab" * 32,
    }  # fmt: skip
    return Proof(**fields | more)


class Page(HTMLParser):
    """What a browser would make of it: every tag with its attributes' names, in order, and all text."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: list[tuple[str, ...]] = []
        self.values: dict[str, list[str]] = {}
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, *(name for name, _ in attrs)))
        for name, value in attrs:
            self.values.setdefault(name, []).append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # `<br />`: HTML knows no other ends of void elements

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another"
        self.structure.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.structure.append(("comment", data))

    @property
    def said(self) -> str:
        """All text on one line."""
        return " ".join("".join(self.text).split())
