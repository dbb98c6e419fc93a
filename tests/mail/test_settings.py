"""What the settings of the relay may say."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.mail.envelope import stuffed
from services.mail.relay import opener
from services.mail.settings import MailSettings, RelayAddress, read_sender, read_url
from services.runtime.errors import Foreseen

PASSWORD = "gehe!m"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("smtp://relay.example", RelayAddress("relay.example", 25, "none")),
        ("smtps://relay.example/", RelayAddress("relay.example", 465, "tls")),
        ("smtp+starttls://relay.example", RelayAddress("relay.example", 587, "starttls")),
        ("smtp://[::1]:2525", RelayAddress("::1", 2525, "none")),
        ("smtps://u%40x:p%2Fw@relay.example", RelayAddress("relay.example", 465, "tls", "u@x", "p/w")),
        ("smtp://u:p@localhost", RelayAddress("localhost", 25, "none", "u", "p")),
    ],
)
def test_a_relay_is_named_by_a_url(url: str, address: RelayAddress) -> None:
    """Scheme, host, port and login, with the ports that the RFCs give."""
    assert read_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        f"http://u:{PASSWORD}@relay.example",
        f"smtp://u:{PASSWORD}@relay.example",  # in the clear, over a network
        f"smtps://u:{PASSWORD}@relay.example:99999",
        f"smtps://u:{PASSWORD}@relay.example:x",
        f"smtps://u:{PASSWORD}/@relay.example",
        f"smtps://u:{PASSWORD}@",
        f"smtps://u:x@relay.example/{PASSWORD}",
        f"smtps://{PASSWORD}@relay.example",
        f"smtps://u:{PASSWORD}#x@relay.example",
        f"smtps://u:{PASSWORD}@[relay",
    ],
)
def test_a_url_that_cannot_be_is_refused_without_its_password(url: str) -> None:
    """One line that names the setting; logs are read by many."""
    with pytest.raises(Foreseen, match="ROELAND_SMTP_URL") as refused:
        read_url(url)
    assert PASSWORD not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_in_the_clear_needs_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be had, for a network that one trusts, but never by accident."""
    assert read_url("smtp://u:p@relay.example", plaintext_login=True).password == "p"
    assert "p4ss" not in repr(read_url("smtp://u:p4ss@127.0.0.1"))


@pytest.mark.parametrize(
    ("given", "header", "address"),
    [
        ("crisis@ccvo.example", "crisis@ccvo.example", "crisis@ccvo.example"),
        ("CCVO <crisis@ccvo.example>", "CCVO <crisis@ccvo.example>", "crisis@ccvo.example"),
        ('"Crisis, centrum" <c@ccvo.example>', '"Crisis, centrum" <c@ccvo.example>', "c@ccvo.example"),
    ],
)
def test_a_sender_may_have_a_name(given: str, header: str, address: str) -> None:
    """Header, envelope and the domain of message ids come from one setting."""
    sender = read_sender(given)
    assert (sender.header, sender.address, sender.domain) == (header, address, address.partition("@")[2])


@pytest.mark.parametrize(
    "given",
    ["", "crisis", "a@b.example, c@d.example", "é@b.example", "a@b.example\r\nBcc: c@d.example", "<@b.example>"],
)
def test_a_sender_that_cannot_be_is_refused(given: str) -> None:
    """Found at the start, not with the first mail."""
    with pytest.raises(Foreseen, match="ROELAND_MAIL_FROM"):
        read_sender(given)


@pytest.mark.parametrize(
    ("connections", "urgent", "kept"), [(20, None, 4), (2, None, 1), (1, None, 0), (4, 9, 3), (4, 0, 0)]
)
def test_connections_are_kept_for_urgent(connections: int, urgent: int | None, kept: int) -> None:
    """A fifth unless said otherwise, and one is always left to routine."""
    assert MailSettings(smtp_connections=connections, smtp_urgent_connections=urgent).reserved() == kept


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """At the start, in one line."""
    with pytest.raises(Foreseen, match="ROELAND_SMTP_URL is not set"):
        MailSettings(smtp_url=None).relay()
    with pytest.raises(Foreseen, match="ROELAND_MAIL_FROM is not set"):
        MailSettings(mail_from=None).sender()
    with pytest.raises(Foreseen, match="ROELAND_SMTP_CA_FILE"):
        opener(MailSettings(smtp_url=SecretStr("smtps://relay.example"), smtp_ca_file=tmp_path / "none.pem"))


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b".a\r\n.b\r\n..\r\n", b"..a\r\n..b\r\n...\r\n.\r\n"),
        (b"\r\n.\r\n", b"\r\n..\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
        (b"a\n.\nRSET\n", b"a\r\n..\r\nRSET\r\n.\r\n"),
        (b"a\n.\r\n", b"a\r\n..\r\n.\r\n"),
        (b"a\r.\r", b"a\r\n..\r\n.\r\n"),
        (b"a\r\r\n.", b"a\r\n\r\n..\r\n.\r\n"),
    ],
)
def test_dots_are_doubled(content: bytes, wire: bytes) -> None:
    """A line with a dot alone would end the mail (RFC 5321 §4.5.2); a lone CR or LF may be taken for a line's."""
    assert stuffed(content) == wire
