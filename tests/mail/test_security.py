"""TLS and logins: what is wrong with the set-up is said, and costs no delivery."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.domain.states import State
from services.runtime.health import Health
from tests.mail.jobs import carrier, job, people
from tests.mail.relays import Logins, certificate, running

pytestmark = pytest.mark.usefixtures("way")


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_mail_travels_encrypted(tmp_path: Path, scheme: str) -> None:
    """Both ways of TLS, with the relay's own authority."""
    context, ca = certificate(tmp_path)
    options = {"tls": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    async with running(tmp_path, **options) as relay:
        work, reports = job(people(20))
        sending = carrier(relay.url(scheme), smtp_ca_file=ca)
        await asyncio.wait_for(sending.available(), 5)
        await sending.carry_out(work)
        assert set(reports.states().values()) == {State.ACCEPTED}
        assert len(relay.mails()) == 20
        await sending.close()


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize(
    ("flaw", "why"),
    [
        ({"trusted": False}, "of its own making"),
        ({"days": -1}, "has expired"),
        ({"host": "127.0.0.2"}, "for another address"),
    ],
)
async def test_a_relay_that_cannot_be_trusted_gets_nothing(
    tmp_path: Path, scheme: str, flaw: dict[str, Any], why: str
) -> None:
    """A certificate that is unknown, too old or another's: all deliveries wait, and the reason is said."""
    context, ca = certificate(tmp_path, **{key: flaw[key] for key in flaw if key != "trusted"})
    options = {"tls": context} if scheme == "smtps" else {"tls_context": context}
    async with running(tmp_path, **options) as relay:
        work, reports = job(people(3))
        health = Health("relay")
        with capture_logs() as logs:
            await carrier(relay.url(scheme), health, smtp_ca_file=ca if flaw.get("trusted", True) else None).carry_out(
                work
            )
        assert set(reports.states().values()) == {State.PLANNED}
        assert [why in line["why"] for line in logs if line["event"] == "relay_away"] == [True]
        assert relay.mails() == []


async def test_without_starttls_nothing_is_sent_in_the_clear(tmp_path: Path) -> None:
    """Whoever strips STARTTLS from what the relay announces gets no mail."""
    async with running(tmp_path) as relay:
        work, reports = job(people(3))
        await carrier(relay.url("smtp+starttls")).carry_out(work)
        assert set(reports.states().values()) == {State.PLANNED}
        assert relay.mails() == []


async def test_a_login_is_used(tmp_path: Path) -> None:
    """User and password from the URL, special characters in it and all."""
    logins = Logins("roel@nd", "p:a/s@s%")
    async with running(tmp_path, **logins.options()) as relay:
        work, reports = job(people(3))
        await carrier(relay.url(login="roel%40nd:p%3Aa%2Fs%40s%25@")).carry_out(work)
        assert set(reports.states().values()) == {State.ACCEPTED}
        assert logins.refused == 0


async def test_a_wrong_password_fails_nobody(tmp_path: Path) -> None:
    """All deliveries wait, one line raises the alarm, and it goes on by itself when the relay takes the password."""
    logins = Logins("roeland", "changed")
    health = Health("relay")
    async with running(tmp_path, **logins.options()) as relay:
        sending = carrier(relay.url(login="roeland:secret@"), health)
        work, reports = job(people(9))
        with capture_logs() as logs:
            waiting = asyncio.create_task(sending.available())
            await asyncio.sleep(0.8)
            await sending.carry_out(work)
            assert set(reports.states().values()) == {State.PLANNED}
            assert not waiting.done()
            assert health.is_down("relay")
            logins.password = "secret"
            await asyncio.wait_for(waiting, 5)
        alarms = [line for line in logs if line["log_level"] == "error"]
        assert [(line["why"], line["code"]) for line in alarms] == [("refuses our login", 535)]
        assert "secret" not in repr(logs)
        again, reports = job(people(9))
        await sending.carry_out(again)
        assert set(reports.states().values()) == {State.ACCEPTED}


async def test_a_sender_that_the_relay_does_not_take_fails_nobody(tmp_path: Path) -> None:
    """553 at MAIL is about ROELAND_MAIL_FROM, not about any recipient: nothing is marked failed, all wait."""
    health = Health("relay")
    async with running(tmp_path) as relay:
        relay.faults.put({"at": "mail", "do": "reply", "code": 553})
        sending = carrier(relay.url(), health)
        work, reports = job(people(9))
        with capture_logs() as logs:
            await sending.carry_out(work)
            waiting = asyncio.create_task(sending.available())
            await asyncio.sleep(0.8)
            assert not waiting.done()
            relay.faults.put([])
            await asyncio.wait_for(waiting, 5)
        assert set(reports.states().values()) == {State.PLANNED}
        assert [line["code"] for line in logs if line["log_level"] == "error"] == [553]
        assert not health.is_down("relay")
