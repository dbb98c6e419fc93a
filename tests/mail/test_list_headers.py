"""What makes an edition a newsletter to mail programs: its list, and the one click that ends it. RFC 2919, RFC 8058."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, compat32
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from services.domain.states import State
from services.domain.variants import slot
from services.fanout.retry import RetrySettings
from services.mail.composition import Composer
from services.mail.readers import Readers
from services.mail.service import MailCarrier
from services.mail.settings import MailSettings, read_sender
from services.rendering.encoding import list_id_line, unsubscribe_lines
from services.runtime.confirm_links import confirmed_by
from services.runtime.health import Health
from services.runtime.public_url import PublicUrlSettings
from services.runtime.reader_links import Reader, read_by
from services.runtime.tokens import Key, Keys
from services.store.mailing_lists import MailingList, Titles
from tests.mail.jobs import SENDER, VARIANT, delivery, job, people
from tests.mail.relays import Relay

KEYS = Keys((Key("k1", b"0123456789abcdef"),))
READERS = Readers("https://crisis.example.be/roeland", KEYS)
TITLES = Titles({"nl": "Dagelijkse nieuwsbrief", "fr": "Lettre d’information quotidienne"}, "nl")
LIST = MailingList("dagelijks", TITLES)
LIST_HEADERS = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "X-Auto-Response-Suppress")


def test_an_edition_names_its_list_and_each_readers_own_way_out() -> None:
    """What a mail program needs to offer one click; everyone's link is another, and nobody else can make it."""
    first, second = (_mail(sequence) for sequence in (7, 8))
    assert first["List-Id"] == '"Dagelijkse nieuwsbrief" <dagelijks.ccvo.example>'
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first["Auto-Submitted"] == "auto-generated"
    links = [str(mail["List-Unsubscribe"]) for mail in (first, second)]
    for link, sequence in zip(links, (7, 8), strict=True):
        before, name, after = link.replace("/reader/", " ").replace("/unsubscribe", " ").split(" ")
        assert (before, after) == ("<https://crisis.example.be/roeland", ">")
        assert read_by(name, KEYS) == Reader(17, sequence)
    assert links[0] != links[1]


def test_a_second_copy_is_the_same_to_the_byte() -> None:
    """A link that differed would make two mails of one."""
    assert _bytes(7) == _bytes(7)


def test_nobody_can_leave_a_crisis_message() -> None:
    """Every other mail has none of these headers: one click in a mail program would cut somebody off."""
    mail = _mail(7, mailing_list=None)
    assert not any(mail[name] for name in LIST_HEADERS)


def test_the_link_in_the_text_is_the_readers_own() -> None:
    """In both parts, whatever the mail program does with the headers."""
    variant = replace(VARIANT, text=f"{slot('reader')}/preferences", html=f'<a href="{slot("reader")}/archive">x</a>')
    mail = _mail(7, variants={1: variant})
    link = READERS.link(17, 7)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text and text.get_content().strip() == f"{link}/preferences"
    assert html and f'<a href="{link}/archive">' in html.get_content()


def test_the_link_to_confirm_is_the_readers_own_also_in_what_is_no_edition() -> None:
    """In both parts; while it is not known where links lead the mail goes all the same."""
    variant = replace(VARIANT, text=f"{slot('confirm')}\n", html=f'<a href="{slot("confirm")}">x</a>')
    mail = _mail(7, variants={1: variant}, mailing_list=None)
    link = READERS.confirm(17, 7)
    assert confirmed_by(link.rpartition("/")[2], KEYS) == Reader(17, 7)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text and text.get_content().strip() == link
    assert html and f'<a href="{link}">' in html.get_content()
    assert READERS.confirm(17, 8) != link


def test_the_link_of_a_test_mail_is_nobodys() -> None:
    """An edition that one sends to oneself is on no list: it has no way out, and its links change nothing."""
    variant = replace(VARIANT, html=f'<a href="{slot("reader")}/unsubscribe">x</a>')
    mail = _mail(7, variants={1: variant}, mailing_list=None)
    html = mail.get_body(("html",))
    assert html and 'href="https://crisis.example.be/roeland/reader/test/unsubscribe"' in html.get_content()
    assert not any(mail[name] for name in LIST_HEADERS) and read_by("test", KEYS) is None


def test_the_list_is_called_as_its_reader_reads() -> None:
    """A title with letters that are not ASCII is encoded, and the id stays outside of that."""
    raw = _bytes(7, variants={1: replace(VARIANT, language="fr")})
    header = message_from_bytes(raw, policy=compat32)["List-Id"]
    assert str(make_header(decode_header(header))).startswith("Lettre d’information quotidienne")
    assert header.endswith("<dagelijks.ccvo.example>")


@given(st.text(max_size=400))
def test_no_title_breaks_out_of_its_header(title: str) -> None:
    """Line breaks, brackets, quotes, emoji and half characters: one header, in lines that every server takes."""
    line = list_id_line(title, "dagelijks.ccvo.example")
    assert all(0 < len(each) <= 78 for each in line.split(b"\r\n"))
    assert line.endswith(b"<dagelijks.ccvo.example>")
    mail = message_from_bytes(line + b"\r\nX-Next: 1\r\n\r\n", policy=SMTP)
    assert mail.keys() == ["List-Id", "X-Next"]


@pytest.mark.parametrize(
    "link", ["https://a\r\nBcc: x", "https://a b", "https://a>,<b", "https://é", "x", "https://" + "a" * 999]
)
def test_what_is_no_link_stands_in_no_header(link: str) -> None:
    """Whatever somebody makes of the settings, a header holds one address."""
    with pytest.raises(ValueError, match="address"):
        unsubscribe_lines(link)


@pytest.mark.parametrize(
    "url",
    ["https://a.be\r\nBcc: x", "https://a.be/ x", "https://a.be>", "ftp://a.be", "https://", "https://" + "a" * 500],
)
def test_a_public_address_that_could_break_a_header_is_refused_at_the_start(url: str) -> None:
    """Not when the first newsletter goes out."""
    with pytest.raises(ValidationError):
        PublicUrlSettings(public_url=url)


async def test_without_a_public_address_editions_wait_and_all_else_goes(relay: Relay) -> None:
    """A link that leads nowhere is worse than a late newsletter; a crisis message needs none."""
    health = Health("relay")
    carrier = MailCarrier(_settings(relay), health)
    edition, waits = job(people(2), lane="routine", mailing_list=LIST)
    alert, goes = job(people(2, 3))
    await carrier.carry_out(edition)
    await carrier.carry_out(alert)
    await carrier.close()
    assert waits.states() == {1: State.DEFERRED, 2: State.DEFERRED}
    assert waits.of(1).reason == "no-public-url"
    assert set(goes.states().values()) == {State.ACCEPTED}
    assert health.is_down("public-url")


async def test_without_a_public_address_an_edition_fails_in_the_end(relay: Relay) -> None:
    """After the horizon it is recorded as not sent, and not tried for ever."""
    carrier = MailCarrier(_settings(relay), Health("relay"), retry=RetrySettings(retry_horizon_seconds=60))
    old = datetime.now(UTC) - timedelta(hours=1)
    edition, reports = job([delivery(1, "a@b.example", tries=4)], released=old, mailing_list=LIST)
    await carrier.carry_out(edition)
    assert reports.states() == {1: State.FAILED}


async def test_the_relay_gets_the_headers(relay: Relay) -> None:
    """As composed, through a real conversation."""
    carrier = MailCarrier(_settings(relay), Health("relay"), readers=READERS)
    edition, _ = job(people(1), mailing_list=LIST)
    await carrier.carry_out(edition)
    await carrier.close()
    (mail,) = relay.mails()
    assert mail["List-Unsubscribe"] == f"<{READERS.link(17, 1)}/unsubscribe>"


def _bytes(sequence: int, **other: Any) -> bytes:
    work, _ = job([], **{"mailing_list": LIST, **other})
    return Composer(read_sender(SENDER), None, READERS).compose(work, delivery(sequence, "a@b.be"), "a@b.be")[1]


def _mail(sequence: int, **other: Any) -> EmailMessage:
    mail = message_from_bytes(_bytes(sequence, **other), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    return mail


def _settings(relay: Relay) -> MailSettings:
    return MailSettings(smtp_url=SecretStr(relay.url()), mail_from=SENDER, smtp_connections=2)
