"""The mail sink: an honest relay until it is told otherwise, and then every way in which relays fail."""

import asyncio
import time
from pathlib import Path

import aiosmtplib
import pytest

from services.devstack import processes, stand_ins
from tests.stack import Sink

pytestmark = pytest.mark.stack

MAIL = b"From: roeland@ccvo.example\r\nTo: an@stad.example\r\nSubject: OEFENING\r\n\r\nRegel.\r\n.punt\r\n\r\n..\r\n"


async def test_a_mail_is_kept_byte_for_byte(sink: Sink) -> None:
    """Tests compare what was received with what was meant: also lines that begin with a dot, and the envelope."""
    await _send(sink, "an@stad.example", "bo@stad.example")
    assert sink.raw() == [
        b"Return-Path: <roeland@ccvo.example>\r\nDelivered-To: an@stad.example\r\nDelivered-To: bo@stad.example\r\n"
        + MAIL
    ]


@pytest.mark.parametrize("content", [b"", b"\r\n", b".\r\n", b"a\r\n", b"\r\n.\r\n", b".\r\n\r\n.a\r\n"])
async def test_odd_bodies_end_where_they_end(sink: Sink, content: bytes) -> None:
    """The end of a body is looked for by its bytes: the empty, the one-line and the dotted must not hang or shift."""
    doubled = b"".join(b"." + line if line.startswith(b".") else line for line in content.splitlines(keepends=True))
    reply = await _speak(sink, _dialogue(doubled) + b"NOOP\r\nQUIT\r\n")
    assert [line[:3] for line in reply.splitlines()][-5:] == [b"250", b"354", b"250", b"250", b"221"]
    assert [raw.partition(b"Delivered-To: an@stad.example\r\n")[2] for raw in sink.raw()] == [content]


async def test_it_announces_what_it_can(sink: Sink) -> None:
    """A sender decides by EHLO how fast it may talk."""
    async with _client(sink) as client:
        await client.ehlo()
        extensions = client.esmtp_extensions
    assert {"pipelining", "8bitmime", "smtputf8", "size"} <= extensions.keys()


async def test_commands_sent_at_once_are_all_answered(sink: Sink) -> None:
    """PIPELINING as announced (RFC 2920): the next mail travels with the body of this one."""
    mail = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<an@stad.example>\r\nDATA\r\n"
    reply = await _speak(sink, b"EHLO x\r\n" + mail + b"een\r\n.\r\n" + mail + b"twee\r\n.\r\nQUIT\r\n")
    codes = [line[:3] for line in reply.splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 2, b"221"]
    assert [raw.splitlines()[-1] for raw in sink.raw()] == [b"een", b"twee"]


@pytest.mark.parametrize("at", ["connect", "ehlo", "mail", "rcpt", "data", "body", "after-body"])
async def test_it_can_refuse_at_every_moment(sink: Sink, at: str) -> None:
    """A refusal reaches the sender with its code and text, and a refused mail is not kept."""
    sink.faults({"at": at, "do": "reply", "code": 451, "text": "4.3.0 niet nu", "count": 1})
    assert await _step_by_step(sink) == b"451 4.3.0 niet nu"
    assert sink.raw() == []
    assert (await _step_by_step(sink)).startswith(b"250")
    assert len(sink.raw()) == 1


@pytest.mark.parametrize("at", ["connect", "ehlo", "mail", "rcpt", "data", "body", "after-body"])
async def test_it_can_drop_the_connection_at_every_moment(sink: Sink, at: str) -> None:
    """A dropped connection leaves doubt only after the body: then, and only then, the mail was kept."""
    sink.faults({"at": at, "do": "drop", "count": 1})
    with pytest.raises(ConnectionError):
        await _step_by_step(sink)
    assert len(sink.raw()) == (1 if at == "after-body" else 0)


async def test_a_login_is_asked_for_and_can_go_wrong(tmp_path: Path) -> None:
    """A relay with a password: the wrong one is refused, the right one let in, and its log-in can be down."""
    server = await stand_ins.start_mail_sink(tmp_path, login=("roeland", "geheim"), log=tmp_path / "log")
    sink = Sink(server)
    try:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError, match="535"):
            await _send(sink, login=("roeland", "fout"))
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="530"):
            await _send(sink)
        await asyncio.to_thread(sink.faults, {"at": "auth", "do": "reply", "code": 454, "count": 3})
        with pytest.raises(aiosmtplib.SMTPAuthenticationError, match="454"):
            await _send(sink, login=("roeland", "geheim"))
        await asyncio.to_thread(sink.no_faults)
        await _send(sink, login=("roeland", "geheim"))
        assert len(sink.raw()) == 1
    finally:
        await processes.stop(server.program)


async def test_it_can_take_a_mail_and_forget_to_answer(sink: Sink) -> None:
    """The worst that a relay does: the mail is delivered and the sender never knows."""
    sink.faults({"at": "after-body", "do": "forget", "count": 1})
    with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
        await _send(sink, patience=0.5)
    assert len(sink.raw()) == 1


async def test_it_can_be_slow(sink: Sink) -> None:
    """A delay is only a delay: everything goes on as usual afterwards."""
    sink.faults({"at": "rcpt", "do": "delay", "delay_seconds": 0.4})
    began = time.monotonic()
    await _send(sink)
    assert time.monotonic() - began >= 0.4
    assert len(sink.raw()) == 1


async def test_it_can_refuse_connections_altogether(sink: Sink) -> None:
    """A relay that is away is refused by the kernel, not by a polite reply; and it comes back on the same port."""
    sink.faults({"at": "connect", "do": "refuse"})
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await _send(sink)
    sink.no_faults()
    await _send(sink)
    assert len(sink.raw()) == 1


async def test_a_rule_holds_for_whom_it_names_and_as_often_as_it_says(sink: Sink) -> None:
    """One recipient in a batch bounces, twice, and the others are not disturbed."""
    sink.faults({"at": "rcpt", "do": "reply", "code": 550, "match": "^an@", "count": 2})
    refused = 0
    for recipient in ("an@stad.example", "bo@stad.example", "an@stad.example", "an@stad.example"):
        try:
            await _send(sink, recipient)
        except aiosmtplib.SMTPRecipientsRefused:
            refused += 1
    assert refused == 2
    assert [mail["Delivered-To"] for mail in sink.mails()] == ["bo@stad.example", "an@stad.example"]


async def test_chance_is_the_same_in_every_run(sink: Sink) -> None:
    """A fault that comes by chance must come again when a failed test is run again."""
    runs = []
    for _ in range(2):
        sink.faults({"at": "rcpt", "do": "reply", "code": 450, "probability": 0.5})
        runs.append([await _refused(sink) for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {True, False}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"at": "rcpt", "do": "explode"}, "Input should be"),
        ({"at": "lunch", "do": "drop"}, "lunch/drop"),
        ({"at": "rcpt", "do": "reply"}, "reply needs a code"),
        ({"at": "connect", "do": "drop", "match": "x"}, "no recipient yet"),
        ({"at": "rcpt", "do": "drop", "match": "("}, "not a regular expression"),
        ({"at": "rcpt", "do": "drop", "cuont": 1}, "Extra inputs"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(sink: Sink, rule: dict[str, object], why: str) -> None:
    """A fault that is misspelt and silently never happens would make a fault test that cannot fail."""
    with pytest.raises(ValueError, match=why):
        sink.faults(rule)


async def _refused(sink: Sink) -> bool:
    try:
        await _send(sink)
    except aiosmtplib.SMTPRecipientsRefused:
        return True
    return False


def _client(sink: Sink, patience: float = 5) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.port, use_tls=False, start_tls=False, timeout=patience)


async def _send(sink: Sink, *recipients: str, patience: float = 5, login: tuple[str, str] | None = None) -> None:
    async with _client(sink, patience) as client:
        if login:
            await client.login(*login)
        await client.sendmail("roeland@ccvo.example", list(recipients) or ["an@stad.example"], MAIL)


async def _step_by_step(sink: Sink) -> bytes:
    """Send one mail and wait for each reply; the first reply that refuses, else the last. EOF: ConnectionError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
    steps = [b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<an@stad.example>", b"DATA", b"een\r\ntwee\r\n."]
    try:
        reply = await _reply(reader)
        for step in steps:
            if reply[:1] in b"45":
                break
            writer.write(step + b"\r\n")
            reply = await _reply(reader)
    finally:
        writer.close()
    return reply


async def _reply(reader: asyncio.StreamReader) -> bytes:
    line = b""
    while line[3:4] != b" ":
        async with asyncio.timeout(5):
            line = await reader.readline()
        if not line:
            raise ConnectionResetError
    return line.strip()


def _dialogue(body: bytes) -> bytes:
    return b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<an@stad.example>\r\nDATA\r\n" + body + b".\r\n"


async def _speak(sink: Sink, everything: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
    writer.write(everything)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer
