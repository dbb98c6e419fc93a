"""A spliced mail is what the standard library reads back, for every recipient and every name."""

import email
import email.policy
import html
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.texts import one_line
from services.domain.variants import Variant, slot
from services.rendering.centre import Logo
from services.rendering.mime import CompiledMail, compile_mail

DATE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEXT = f"Geachte {slot('name')},\n\n.punt vooraan\n{'lang ' * 40}\nVan {slot('municipality')}.\n\nEinde = 100 %\n"
HTML = f'<p>Geachte {slot("name")},</p>\n<p title="é">{"x" * 200}{slot("municipality")}</p>\n'

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


def compiled(subject: str = "Titel", **more: Any) -> CompiledMail:
    variant = Variant("governors", "nl", "", "mail", subject, TEXT, more.pop("html", HTML))
    return compile_mail(variant, sender="CCVO <ccvo@example.org>", date=DATE, **more)


def spliced(mail: CompiledMail, name: str = "Jan", municipality: str = "Gent", address: str = "a@example.org") -> bytes:
    return mail.splice(
        to_name=name,
        to_address=address,
        message_id="1.2@example.org",
        slots={"NAME": name, "MUNICIPALITY": municipality},
    )


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not list(_defects(message))
    return message


def _defects(message: Message) -> Iterator[Any]:
    for part in message.walk():
        yield from part.defects


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@given(anything, anything)
def test_every_name_comes_out_as_it_went_in(name: str, municipality: str) -> None:
    """Whatever it holds: it is text in the To header, in the text part and in the HTML part, and nowhere else."""
    raw = spliced(compiled(), name, municipality)
    message = read(raw)
    assert message["To"].addresses[0].addr_spec == "a@example.org"
    # Python 3.11 puts a space between two encoded words of a name, which RFC 2047 §6.2 forbids.
    assert "".join(message["To"].addresses[0].display_name.split()) == one_line(name).replace(" ", "")
    text = TEXT.replace(slot("name"), one_line(name)).replace(slot("municipality"), one_line(municipality))
    assert body(message, "plain") == text
    assert html.escape(one_line(municipality)) in body(message, "html")
    assert set(message.keys()) == {
        "To", "Message-ID", "From", "Date", "Content-Language", "Auto-Submitted", "Subject",
        "MIME-Version", "Content-Type",
    }  # fmt: skip


@given(anything, anything, anything)
def test_lines_are_short_end_in_crlf_and_never_begin_with_a_dot(name: str, municipality: str, subject: str) -> None:
    """RFC 5322 and RFC 2045; and dot-stuffing can be skipped or doubled without harm."""
    raw = spliced(compiled(subject.replace("\ue000", "") or "x"), name, municipality)
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    blank = lines.index(b"")
    assert all(len(line) <= 76 for line in lines[blank:])
    assert not any(line.startswith(b".") or line.endswith((b" ", b"\t")) for line in lines)
    assert raw.replace(b"\r\n", b"").isascii() and not {10, 13} & set(raw.replace(b"\r\n", b""))


@given(anything)
def test_every_subject_comes_out_as_it_went_in(subject: str) -> None:
    """Also one that looks like an encoded word, or like a header."""
    assert " ".join(read(spliced(compiled(subject)))["Subject"].split()) == one_line(subject)


def test_an_encoded_word_in_a_title_stays_text() -> None:
    """The standard library would decode it on the way out."""
    assert read(spliced(compiled("=?utf-8?q?hacked?=")))["Subject"] == "=?utf-8?q?hacked?="


@pytest.mark.parametrize("name", ["Jan\r\nBcc: x@example.org", "Jan\nX: y", "Jan\x00", 'Jan" <x@example.org>, "'])
def test_a_name_cannot_make_a_header(name: str) -> None:
    """One recipient, our headers, nothing else."""
    message = read(spliced(compiled(), name))
    assert message["Bcc"] is None and message["X"] is None
    assert [each.addr_spec for each in message["To"].addresses] == ["a@example.org"]


@pytest.mark.parametrize(
    "address", ["", "a", "a@b\r\nBcc: c@d", "a@b\n", "a b@c", "<a@b>", "a@b,c@d", "é@b\nX: c", '"a b"@c', "a@b\x00"]
)
def test_what_is_no_address_is_never_sent_to(address: str) -> None:
    """CR/LF in an address would silently become another address in the SMTP client."""
    with pytest.raises(ValueError, match="not an address"):
        spliced(compiled(), address=address)


def test_headers_tell_machines_what_it_is() -> None:
    """No out-of-office replies; urgent ones are shown as such; the language for who reads aloud."""
    message = read(spliced(compiled(urgent=True, reply_to="vragen@example.org", headers={"References": "<a@b> <c@d>"})))
    assert message["Auto-Submitted"] == "auto-generated"
    assert (message["Importance"], message["Priority"], message["X-Priority"]) == ("high", "urgent", "1")
    assert message["Content-Language"] == "nl"
    assert message["Date"].datetime == DATE
    assert message["Message-ID"] == "<1.2@example.org>"
    assert message["Reply-To"] == "vragen@example.org" and message["References"] == "<a@b> <c@d>"
    assert message["List-Unsubscribe"] is None
    assert read(spliced(compiled()))["Importance"] is None


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"X-A": "b\r\nBcc: c@d"}},
        {"headers": {"X A": "b"}},
        {"headers": {"To": "x@example.org"}},
        {"reply_to": "nobody"},
        {"reply_to": "a@example.org, b@example.org"},
    ],
)
def test_a_header_that_cannot_be_is_refused_once_not_per_recipient(more: dict[str, Any]) -> None:
    """At compilation, before anything is sent."""
    with pytest.raises(ValueError, match=r"."):
        compiled(**more)


def test_the_logo_travels_inside_and_the_parts_are_in_order() -> None:
    """The last alternative is the richest (RFC 2046 §5.1.4); its picture is related to it alone."""
    picture = Logo(bytes(range(256)) * 3, "png")
    message = read(spliced(compiled(html=HTML + '<img src="cid:logo@roeland">', logo=picture)))
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    logo = list(message.walk())[-1]
    assert logo["Content-ID"] == "<logo@roeland>" and logo.get_content() == picture.content
    kinds = [part.get_content_type() for part in read(spliced(compiled(logo=picture))).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"], "a template that shows none sends none"


def test_a_second_copy_is_the_same_bytes() -> None:
    """Same Message-ID, same Date, same boundary: a mail client shows it once."""
    assert spliced(compiled()) == spliced(compiled())


def test_a_missing_slot_is_an_error_and_not_a_hole() -> None:
    """`slots` says beforehand which ones are needed."""
    assert compiled().slots == {"NAME", "MUNICIPALITY"}
    with pytest.raises(KeyError):
        compiled().splice(to_name="", to_address="a@example.org", message_id="a@b", slots={"NAME": "x"})


def test_a_mail_answers_the_mails_that_went_before() -> None:
    """RFC 5322 §3.6.4: the nearest alone, and all of them, the first one first; most mails answer none."""
    mail = compiled()
    plain = spliced(mail)
    assert b"In-Reply-To" not in plain and b"References" not in plain
    given = {"to_name": "Jan", "to_address": "a@example.org", "message_id": "3.1@example.org"}
    chain = [f"{'0' * 31}{number}.{number}@{'x' * 50}.example.org" for number in (1, 2)]
    slots = {"NAME": "Jan", "MUNICIPALITY": "Gent"}
    raw = mail.splice(**given, slots=slots, answers=chain)
    message = read(raw)
    assert message["In-Reply-To"] == f"<{chain[1]}>"
    assert str(message["References"]).split() == [f"<{each}>" for each in chain]
    assert max(map(len, raw.splitlines())) < 120
    assert raw == mail.splice(**given, slots=slots, answers=list(chain)), "a second copy is the same bytes"
    with pytest.raises(ValueError, match="message id"):
        mail.splice(**given, slots=slots, answers=["x@y>\r\nBcc: all@example.org"])
