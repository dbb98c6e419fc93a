"""What a session makes of any answers: each mail is told of once, rightly, and the relay hears nothing illegal."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from services.mail.relay import opener
from services.mail.replies import Reply, Stage, Verdict
from services.mail.session import Mail
from services.mail.settings import MailSettings
from tests.mail.scripted import Script, scripted

MAIL, RCPT, DATA, BODY = (
    [(250, b""), (250, b"2.1.0 "), (451, b"4.3.0 "), (552, b"5.3.4 ")],
    [(250, b""), (251, b""), (450, b"4.7.1 "), (550, b"5.1.1 "), (552, b""), (421, b"4.3.2 ")],
    [(354, b""), (451, b""), (554, b"5.6.0 "), (421, b"")],
    [(250, b"2.0.0 "), (250, b""), (451, b""), (554, b"5.7.1 "), (421, b"")],
)
TABLES = {"MAIL": MAIL, "RCPT": RCPT, "DATA": DATA, "BODY": BODY}
LOST = 0
"""A code for: the connection ends instead of an answer."""


@dataclass
class People:
    """A source of mails that writes down what it is told."""

    mails: deque[Mail]
    told: dict[str, list[object]] = field(default_factory=dict)

    def next(self) -> Mail | None:
        return self.mails.popleft() if self.mails else None

    def may_go(self, mail: Mail) -> bool:
        return True

    def opening(self, mail: Mail) -> None:
        assert not mail.handed_over

    def answered(self, mail: Mail, reply: Reply) -> None:
        self._tell(mail, (reply.stage, reply.code, reply.enhanced))

    def lost(self, mail: Mail, stage: Stage) -> None:
        if stage is Stage.MAIL:
            assert not mail.handed_over
            self.mails.appendleft(mail)
        else:
            self._tell(mail, ("in doubt" if mail.handed_over else "lost", stage))

    def silent(self, following: Mail | None) -> None:
        if following is not None:
            self.mails.appendleft(following)

    def withheld(self, mail: Mail) -> None:
        self._tell(mail, "withheld")

    def unsendable(self, mail: Mail, reason: str) -> None:
        self._tell(mail, reason)

    def _tell(self, mail: Mail, what: object) -> None:
        self.told.setdefault(mail.recipient, []).append(what)


def mails(count: int) -> deque[Mail]:
    """Short ones, each with a line that begins with a dot."""
    return deque(Mail("c@ccvo.example", f"p{n}@b.example", b"a: b\r\n\r\n.%d\r\n" % n, False) for n in range(count))


answers = st.fixed_dictionaries(
    {
        stage: st.sampled_from([*table, *table[:1] * 6, (LOST, b"")])
        for stage, table in TABLES.items()
        if stage != "MAIL"
    }
    | {"MAIL": st.sampled_from([*MAIL, *MAIL[:1] * 6])}
)


@given(
    plan=st.lists(answers, min_size=1, max_size=8),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    lines=st.integers(1, 3),
    careless=st.booleans(),
)
@pytest.mark.parametrize("pipelining", [True, False])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_mail_has_its_own_answer(
    pipelining: bool, plan: list[dict[str, tuple[int, bytes]]], cuts: list[int], lines: int, careless: bool
) -> None:
    """Whatever the relay says, in whatever pieces: no mail without a result, none with another's."""

    def answer(stage: str, number: int) -> bytes:
        code, enhanced = plan[number][stage]
        if code == LOST:
            return b""
        return b"".join(b"%d%c%sword\r\n" % (code, b"- "[n == lines - 1], enhanced) for n in range(lines))

    size = iter(cuts * 10_000)
    script = Script(answer=answer, cut=lambda: next(size), careless=careless)
    source = People(mails(len(plan)))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_send(script, source, pipelining=pipelining))
    assert script.offences == []
    assert source.told == {f"p{n}@b.example": [_expected(answers)] for n, answers in enumerate(plan)}
    took = [n for n, answers in enumerate(plan) if _expected(answers)[0] is Stage.BODY and answers["BODY"][0] == 250]
    assert script.kept == [(f"p{n}@b.example", b"a: b\r\n\r\n.%d\r\n" % n) for n in took]


async def _send(script: Script, source: People, *, pipelining: bool) -> None:
    async with scripted(script):
        url = SecretStr(f"smtp://127.0.0.1:{script.port}")
        open_session = opener(MailSettings(smtp_url=url, smtp_pipelining=pipelining, smtp_timeout_seconds=20))
        while source.mails:
            session = await open_session()
            await session.carry(source)
            assert source.mails or session.usable or script.mails
            await session.close()


def _expected(answers: dict[str, tuple[int, bytes]]) -> tuple[object, ...]:
    """Of what the relay says to one mail, the answer that decides."""
    for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY):
        code, enhanced = answers[stage.name]
        if code == LOST:
            return ("in doubt" if stage is Stage.BODY else "lost", stage)
        found = Reply(stage, code, enhanced.decode().strip())
        if found.verdict is not Verdict.GO_ON:
            return (stage, code, found.enhanced)
    raise AssertionError("nothing decided")
