"""Relays that answer what was not asked, or not as they should. Whoever is called told was told; others come again."""

import asyncio
from collections import deque

import pytest
from pydantic import SecretStr

from services.domain.states import State
from services.mail.pool import Pool
from services.mail.relay import opener
from services.mail.replies import Stage
from services.mail.session import Mail
from services.mail.settings import MailSettings
from services.mail.trouble import Trouble
from services.runtime.health import Health
from services.store.ledger import Result
from tests.mail.conftest import EVERY_WAY
from tests.mail.jobs import carrier, delivery, job, people
from tests.mail.relays import until
from tests.mail.scripted import Conversation, Script, scripted
from tests.mail.test_broken import LARGE, carry
from tests.mail.test_conversation import People, mails

pytestmark = pytest.mark.usefixtures("way")

OK = {"DATA": b"354 go\r\n"}


def saying(stage: str, number: int, said: bytes) -> Script:
    """A relay that says this once, and else what is usual."""
    return Script(answer=lambda at, n: said if (at, n) == (stage, number) else OK.get(at, b"250 ok\r\n"))


async def _send(script: Script, count: int = 8) -> dict[int, Result]:
    """What became of so many mails over one connection at a time. Nobody is called told whose mail was not kept."""
    async with scripted(script):
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_connections=1)
        work, reports = job(people(count))
        await asyncio.wait_for(sending.carry_out(work), 30)
        await sending.close()
    found = {result.sequence: result for result in reports.results}
    assert len(found) == len(reports.results) == count
    kept = [recipient for recipient, _ in script.kept]
    told = [f"p{number}@gemeente.example" for number, result in found.items() if result.state is State.ACCEPTED]
    assert set(told) <= set(kept)
    assert len(set(kept)) == len(kept)
    assert script.offences == []
    return found


def _url(script: Script) -> SecretStr:
    return SecretStr(f"smtp://127.0.0.1:{script.port}")


def _others(found: dict[int, Result], *but: int) -> set[State]:
    return {result.state for number, result in found.items() if number not in but}


@EVERY_WAY
@pytest.mark.parametrize(
    "extra", [b"250 and again\r\n", b"250-and\r\n250 again\r\n", b"354 go on\r\n", b"550 no, wait\r\n"]
)
@pytest.mark.parametrize("stage", ["RCPT", "DATA", "BODY"])
async def test_an_answer_too_much_is_not_taken_for_the_next_one(stage: str, extra: bytes) -> None:
    """One reply slips in: the mail that it meets comes again or fails, and no later one gets another's answer.

    550 where the answer to the next MAIL is awaited is read as a refusal of all we send: all come again.
    """
    found = await _send(saying(stage, 2, OK.get(stage, b"250 ok\r\n") + extra))
    bad = {number for number, result in found.items() if result.state is not State.ACCEPTED}
    assert bad <= {3, 4} or {found[number].state for number in bad} == {State.PLANNED}


@EVERY_WAY
async def test_goodbye_to_an_idle_connection_is_no_answer() -> None:
    """421 between two mails, as relays say before they close: the next mail finds another connection."""
    script = Script()
    async with scripted(script):
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_connections=1)
        for number in range(1, 4):
            work, reports = job(people(1, first=number))
            await sending.carry_out(work)
            assert reports.of(number).state is State.ACCEPTED
            script.transports[-1].write(b"421 4.4.2 idle for too long\r\n")
            script.transports[-1].close()
            await asyncio.sleep(0.05)
        await sending.close()
    assert len(script.conversations) == 3


@EVERY_WAY
async def test_data_that_is_answered_with_250_is_no_acceptance() -> None:
    """The relay has nothing of the mail, and waits for none: it comes again, without doubt."""
    found = await _send(saying("DATA", 2, b"250 ok\r\n"))
    assert (found[3].state, found[3].handed_over, found[3].in_doubt) == (State.DEFERRED, False, False)
    assert _others(found, 3) == {State.ACCEPTED}


@EVERY_WAY
async def test_a_connection_that_ends_behind_354_is_a_doubt_at_most() -> None:
    """Closed before the body can have come: perhaps all of it was on the way. It is sent again, and counted."""
    found = await _send(saying("DATA", 2, b"354 go\r\n421 4.3.2 sorry, no\r\n"))
    assert found[3].state is State.DEFERRED
    assert _others(found, 3) == {State.ACCEPTED}


@EVERY_WAY
async def test_a_recipient_that_is_taken_of_a_mail_that_was_refused_gets_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """552 to MAIL, and yet 250 to RCPT and 354 to DATA: no body follows, for there is none to send."""

    def on_rcpt(self: Conversation, command: str) -> None:
        self.recipient = command.partition("<")[2].partition(">")[0]
        self.say(b"250 ok\r\n")

    monkeypatch.setattr(Conversation, "on_rcpt", on_rcpt)
    found = await _send(saying("MAIL", 2, b"552 5.3.4 too large\r\n"))
    assert (found[3].state, found[3].code) == (State.FAILED, 552)
    assert _others(found, 3) == {State.ACCEPTED}


@EVERY_WAY
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_a_relay_that_reads_no_command_of_ours_blames_nobody(stage: str) -> None:
    """500: it takes the command for something else. Nobody bounces for it, and no alarm rings."""
    found = await _send(saying(stage, 2, b"500 5.5.1 what?\r\n"))
    assert found[3].state in {State.DEFERRED, State.ACCEPTED}
    assert _others(found, 3) == {State.ACCEPTED}


@EVERY_WAY
@pytest.mark.parametrize("words", [b"g\xe9n\xe9ral \xff\xfe", "één bericht".encode(), b"x" * 3000, b"\t ", b""])
async def test_words_of_any_kind_are_no_hindrance(words: bytes) -> None:
    """Only the code counts: not the alphabet, nor a line longer than RFC 5321 §4.5.3.1.5 has it, nor no text at all."""
    script = Script(
        answer=lambda stage, _: b"%d-%s\r\n%d %s\r\n" % (code := 354 if stage == "DATA" else 250, words, code, words)
    )
    assert _others(await _send(script)) == {State.ACCEPTED}


@EVERY_WAY
async def test_answers_in_pieces_are_answers() -> None:
    """One byte at a time, across replies of several lines."""
    script = Script(
        answer=lambda stage, _: b"354-go\r\n354 on\r\n" if stage == "DATA" else b"250-2.0.0 ok\r\n250 2.0.0 ok\r\n",
        cut=lambda: 1,
    )
    assert _others(await _send(script)) == {State.ACCEPTED}


@EVERY_WAY
async def test_a_reply_that_never_ends_ends_the_wait() -> None:
    """Line after line, and the last one never comes: the time for the answer does not begin anew with each."""
    script = Script(answer=lambda at, n: None if at == "BODY" else OK.get(at, b"250 ok\r\n"))

    async def dribble() -> None:
        await until(lambda: script.asleep != [])
        while True:
            script.transports[-1].write(b"250-still busy\r\n")
            await asyncio.sleep(0.1)

    async with scripted(script):
        source = People(mails(1))
        dribbling = asyncio.create_task(dribble())
        await asyncio.wait_for(carry(script, source), 10)
        dribbling.cancel()
    assert source.told == {"p0@b.example": [("in doubt", Stage.BODY)]}


@pytest.mark.parametrize("closes", [True, False])
async def test_a_large_mail_that_is_refused_in_the_middle_has_its_answer(
    monkeypatch: pytest.MonkeyPatch, closes: bool
) -> None:
    """552 before all of it was sent, whether the relay hears the rest or goes: failed, or in doubt, and never told."""

    def take_body(self: Conversation) -> bool:
        if self.body is not None and len(self.buffer) > 100_000 and "refused" not in self.heard:
            self.heard.append("refused")
            self.say(b"552 5.3.4 too large\r\n")
            if closes:
                self.transport.close()
                self.over = True
        end = self.buffer.find(b"\r\n.\r\n")
        if end >= 0 and not self.over:
            self.buffer, self.body, self.sender, self.recipient = self.buffer[end + 5 :], None, "", ""
        return end >= 0 and not self.over

    monkeypatch.setattr(Conversation, "take_body", take_body)
    script = Script()
    async with scripted(script):
        source = People(deque([Mail("c@ccvo.example", "p0@b.example", LARGE * 8000, True)]))
        await asyncio.wait_for(carry(script, source), 20)
    ((told,),) = source.told.values()
    assert told in [(Stage.BODY, 552, "5.3.4"), ("in doubt", Stage.BODY), ("lost", Stage.DATA)]
    assert closes or told == (Stage.BODY, 552, "5.3.4")


async def test_what_is_too_large_for_the_relay_holds_up_nobody() -> None:
    """It is not asked for that mail, and takes the next on the same connection."""
    script = Script(extensions=("PIPELINING", "SIZE 500"))
    async with scripted(script):
        source = People(deque([Mail("c@ccvo.example", "p9@b.example", LARGE, True), *mails(2)]))
        await carry(script, source)
    assert source.told["p9@b.example"] == ["too-large"]
    assert [name for name, _ in script.kept] == ["p0@b.example", "p1@b.example"]


async def test_a_size_that_is_no_number_of_this_world_is_no_limit() -> None:
    """RFC 1870 §4 has twenty digits at most; Python refuses to read some thousands."""
    script = Script(extensions=("PIPELINING", "SIZE " + "9" * 5000))
    assert _others(await _send(script, 2)) == {State.ACCEPTED}


async def test_an_address_that_needs_smtputf8_fails_alone() -> None:
    """The relay does not offer it: one has no other form than its own, and those before and after are told."""
    script = Script(extensions=("PIPELINING", "8BITMIME"))
    async with scripted(script):
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_connections=1)
        work, reports = job([*people(2), delivery(3, "jörg@b.example"), *people(2, first=4)])
        await sending.carry_out(work)
        await sending.close()
    assert (reports.of(3).state, reports.of(3).reason) == (State.FAILED, "needs-smtputf8")
    assert [reports.of(number).state for number in (1, 2, 4, 5)] == [State.ACCEPTED] * 4


@EVERY_WAY
async def test_a_relay_that_goes_as_soon_as_it_has_greeted_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not called over and over without a pause: all is given back, and health says why."""
    greet = Conversation.on_ehlo

    def on_ehlo(self: Conversation, command: str) -> None:
        greet(self, command)
        self.transport.close()
        self.over = True

    monkeypatch.setattr(Conversation, "on_ehlo", on_ehlo)
    health, script = Health("relay"), Script()
    async with scripted(script):
        sending = carrier(f"smtp://127.0.0.1:{script.port}", health)
        work, reports = job(people(6))
        await asyncio.wait_for(sending.carry_out(work), 10)
        await sending.close()
    assert set(reports.states().values()) == {State.PLANNED}
    assert health.is_down("relay")
    assert len(script.conversations) <= 8


@EVERY_WAY
async def test_a_mistake_of_ours_is_told_and_leaves_nobody_waiting() -> None:
    """A result that cannot be written down ends the work with that error, also when all of it is under way."""

    def settle(_: Result) -> None:
        raise RuntimeError("the disk is on fire")

    async with scripted(Script()) as script:
        sending = carrier(f"smtp://127.0.0.1:{script.port}", smtp_connections=2)
        work, _ = job(people(2), settle=settle)
        with pytest.raises(RuntimeError, match="on fire"):
            await asyncio.wait_for(sending.carry_out(work), 10)


async def test_a_question_that_was_given_up_is_not_answered_on_the_next_mail() -> None:
    """The relay is too slow about the gate's question: its late answer must not be read as that to another command."""
    script = Script(answer=lambda at, n: None if n == 0 else OK.get(at, b"250 ok\r\n"))
    async with scripted(script):
        pool = Pool(opener(MailSettings(smtp_url=_url(script))), size=2, reserved=0, mails_per_connection=500)
        pool.shut(Trouble("takes no mail for now", for_now=True))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await pool.check("c@ccvo.example")
        pool.open()
        async with pool.lease("urgent") as session:
            await asyncio.sleep(0.05)
            assert session.usable
            assert [transport.is_closing() for transport in script.transports] == [True, False]
        await pool.close()


async def test_a_connection_that_does_not_stand_any_more_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay answers NOOP with something else: another one is opened, and that one is not kept open for nothing."""
    monkeypatch.setattr("services.mail.pool.CHECK_AFTER", 0.0)
    monkeypatch.setattr(Conversation, "on_noop", lambda self, _: self.say(b"500 what?\r\n"))
    script = Script()
    async with scripted(script):
        pool = Pool(opener(MailSettings(smtp_url=_url(script))), size=2, reserved=0, mails_per_connection=500)
        for _ in range(2):
            async with pool.lease("urgent"):
                await asyncio.sleep(0.05)
        assert [transport.is_closing() for transport in script.transports] == [True, False]
        await pool.close()
