"""What a relay announces decides what it is sent: SIZE, 8BITMIME, SMTPUTF8 (RFC 1870, 6152, 6531)."""

import pytest

from services.domain.states import State
from tests.mail.jobs import carrier, delivery, job
from tests.mail.relays import Relay
from tests.mail.scripted import Script, scripted

pytestmark = pytest.mark.usefixtures("way")

ALL = ("PIPELINING", "SIZE 100000", "8BITMIME", "SMTPUTF8")


async def _send(script: Script, address: str) -> tuple[State, str | None, list[str]]:
    """What became of a mail to this address, and what the relay heard of it."""
    async with scripted(script):
        sending = carrier(f"smtp://127.0.0.1:{script.port}")
        work, reports = job([delivery(1, address)])
        await sending.carry_out(work)
        await sending.close()
    heard = [line for lines in script.conversations for line in lines if line[:4] in {"MAIL", "RCPT"}]
    return reports.of(1).state, reports.of(1).reason, heard


async def test_the_size_is_declared_and_the_mail_is_plain() -> None:
    """So that it can be refused before it travels; our mails are 7-bit and need no BODY=."""
    script = Script(extensions=ALL)
    state, _, heard = await _send(script, "a@b.example")
    assert state is State.ACCEPTED
    assert heard == [f"MAIL FROM:<crisis@ccvo.example> SIZE={len(script.kept[0][1])}", "RCPT TO:<a@b.example>"]


async def test_what_is_too_large_is_not_even_asked() -> None:
    """The relay has said so at EHLO."""
    state, reason, heard = await _send(Script(extensions=("PIPELINING", "SIZE 500")), "a@b.example")
    assert (state, reason, heard) == (State.FAILED, "too-large", [])


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE many"])
async def test_a_size_without_a_number_is_no_limit(size: str) -> None:
    """RFC 1870 §4: 0 is no fixed limit, and a parameter may be absent."""
    state, _, heard = await _send(Script(extensions=("PIPELINING", size)), "a@b.example")
    assert state is State.ACCEPTED
    assert " SIZE=" in heard[0]


async def test_a_domain_that_is_not_ascii_travels_as_its_a_label() -> None:
    """Every relay takes that; ß stays ß (IDNA 2008), for `fass` is another's domain."""
    state, _, heard = await _send(Script(), "jan@faß.example")
    assert state is State.ACCEPTED
    assert heard[1] == "RCPT TO:<jan@xn--fa-hia.example>"


async def test_a_name_that_is_not_ascii_needs_smtputf8() -> None:
    """Without it the address has no other form: failed, with the reason, and nothing of it was sent."""
    state, reason, heard = await _send(Script(extensions=("PIPELINING", "8BITMIME")), "jörg@b.example")
    assert (state, reason, heard) == (State.FAILED, "needs-smtputf8", [])


async def test_a_name_that_is_not_ascii_is_sent_to_who_takes_it(relay: Relay) -> None:
    """Declared as such, with its 8-bit To, and read back whole by another's parser."""
    script = Script(extensions=ALL)
    state, _, heard = await _send(script, "jörg@b.example")
    assert state is State.ACCEPTED
    assert heard[0].endswith(" BODY=8BITMIME SMTPUTF8")
    assert heard[1] == "RCPT TO:<jörg@b.example>"
    work, reports = job([delivery(1, "jörg@b.example"), delivery(2, "an@b.example")])
    await carrier(relay.url()).carry_out(work)
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert relay.receivers() == ["an@b.example", "jörg@b.example"]


@pytest.mark.parametrize(
    "address",
    ["jörg@b.example>\r\nRCPT TO:<c@d.example", "jö rg@b.example", "jörg@b.exa\u2028mple", "jörg", "ö@@b.example"],
)
async def test_what_is_not_ascii_smuggles_nothing(address: str) -> None:
    """A wider alphabet is no hole."""
    state, reason, heard = await _send(Script(extensions=ALL), address)
    assert (state, reason, heard) == (State.FAILED, "bad-address", [])
