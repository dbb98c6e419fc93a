"""Relays that break off, stop reading, or say what is no answer; for every way of sending."""

import asyncio
from collections import deque
from typing import cast

import pytest
from pydantic import SecretStr

from services.mail.relay import opener
from services.mail.replies import Stage
from services.mail.session import Mail
from services.mail.settings import MailSettings
from tests.mail.relays import until
from tests.mail.scripted import Conversation, Script, scripted
from tests.mail.test_conversation import People, mails

LARGE = b"x" * 998 + b"\r\n"


async def carry(script: Script, source: People) -> None:
    """Over one connection, with two seconds' patience."""
    url = SecretStr(f"smtp://127.0.0.1:{script.port}")
    open_session = opener(MailSettings(smtp_url=url, smtp_timeout_seconds=2, smtp_answer_seconds=2))
    session = await open_session()
    await session.carry(source)
    session.abort()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("noise", [b"hello\r\n", b"25\r\n", b"2 50\r\n", b"\r\n", b"\xff\xfe\r\n", b"250-" * 20_000])
@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.BODY])
async def test_what_is_no_answer_ends_the_connection(stage: Stage, noise: bytes) -> None:
    """Nothing is made of it, and it does not pile up: the mail is lost there, in doubt if the relay may have it."""
    good = {"DATA": b"354 go\r\n"}
    script = Script(answer=lambda at, _: noise if at == stage.name else good.get(at, b"250 ok\r\n"))
    async with scripted(script):
        source = People(mails(1))
        await carry(script, source)
    assert source.told == {"p0@b.example": [("in doubt" if stage is Stage.BODY else "lost", stage)]}


@pytest.mark.usefixtures("way")
async def test_what_came_before_the_body_does_not_answer_it() -> None:
    """A relay that says one thing too much, in one go with its 354: nobody is called told who may not be."""
    good = {"DATA": b"354 go\r\n250 ok, I think\r\n", "BODY": b"554 no\r\n"}
    async with scripted(Script(answer=lambda at, _: good.get(at, b"250 ok\r\n"))) as script:
        source = People(mails(1))
        await carry(script, source)
    ((told,),) = source.told.values()
    assert told in [("in doubt", Stage.BODY), ("lost", Stage.DATA)]


@pytest.mark.usefixtures("way")
async def test_a_large_mail_arrives_whole() -> None:
    """Far more than the kernel takes at once."""
    content = LARGE * 8000
    script = Script()
    async with scripted(script):
        source = People(deque([Mail("c@ccvo.example", "p0@b.example", content, True), *mails(1)]))
        await carry(script, source)
    assert [body for _, body in script.kept] == [content, b"a: b\r\n\r\n.0\r\n"]


@pytest.mark.usefixtures("way")
async def test_a_relay_that_stops_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for an answer holds also while nothing can be written."""
    monkeypatch.setattr(Conversation, "take_body", _stop_reading)
    script = Script()
    async with scripted(script):
        source = People(deque([Mail("c@ccvo.example", "p0@b.example", LARGE * 20_000, True)]))
        await asyncio.wait_for(carry(script, source), 60)
    ((told,),) = source.told.values()
    assert cast(tuple[str, Stage], told)[0] in {"lost", "in doubt"}


async def test_a_mail_whose_end_never_left_is_not_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay breaks off in the middle of a large mail: it has no whole mail, and the journal heard of no opening."""
    monkeypatch.setattr(Conversation, "take_body", _stop_reading)
    opened: list[Mail] = []
    monkeypatch.setattr(People, "opening", lambda self, mail: opened.append(mail))
    script = Script()
    async with scripted(script):
        source = People(deque([Mail("c@ccvo.example", "p0@b.example", LARGE * 20_000, True), *mails(1)]))
        carrying = asyncio.create_task(carry(script, source))
        await until(lambda: any("stopped" in lines for lines in script.conversations))
        for transport in script.transports:
            transport.abort()
        await asyncio.wait_for(carrying, 30)
    assert source.told == {"p0@b.example": [("lost", Stage.DATA)]}
    assert opened == []


def _stop_reading(self: Conversation) -> bool:
    self.transport.pause_reading()
    self.heard.append("stopped")
    return False
