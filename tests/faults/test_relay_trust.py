"""A relay that cannot be trusted, or does not let us in: all mails wait, someone is told, nobody is called failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from tests.faults.certificates import Authority
from tests.faults.harness import Crew
from tests.faults.working import worker
from tests.mail.relays import Logins, Relay

pytestmark = [pytest.mark.stack, pytest.mark.long]

PEOPLE = 30


async def test_mail_waits_for_a_certificate_that_is_good(crew: Crew, tmp_path: Path) -> None:
    """Expired, then another host's: health names it, nothing leaves, nobody fails. Renewed: all is sent by itself."""
    authority = Authority(tmp_path)
    async with (
        _relay(crew, tls_context=authority.server(days=-1), require_starttls=True) as relay,
        worker(crew, relay.url("smtp+starttls"), wait=False, smtp_ca_file=authority.file) as mail,
    ):
        message = await crew.release(people=PEOPLE)
        await _told(crew, "its certificate has expired")
        assert not mail.ready()
        await _waits(crew, message)
        relay.options["tls_context"] = authority.server(host="127.0.0.2")
        await _told(crew, "its certificate is for another address")
        await _waits(crew, message)
        relay.options["tls_context"] = authority.server()
        account = await crew.until_done(message)
        assert mail.ready()
        await crew.until_alarm("mail", stands=False)
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)


async def test_a_wrong_password_is_one_alarm_and_fails_nobody(crew: Crew) -> None:
    """Two workers cannot log in: all mails wait, one alarm stands until the password is right, and all is sent."""
    logins = Logins("roeland", "changed")
    async with _relay(crew, **logins.options()) as relay:
        url = relay.url(login="roeland:secret@")
        async with worker(crew, url, wait=False) as mail, worker(crew, url, wait=False):
            message = await crew.release(people=PEOPLE)
            await _told(crew, "refuses our login")
            assert not mail.ready()
            await _waits(crew, message)
            await crew.until_alarm("mail", stands=True)
            logins.password = "secret"
            account = await crew.until_done(message)
            await crew.until_alarm("mail", stands=False)
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)
    assert logins.refused < 20  # an account is locked by those who try on and on


async def test_a_password_that_is_changed_in_the_middle_costs_nobody_anything(crew: Crew) -> None:
    """What stands goes on, what is opened anew is refused: nothing is lost, nothing doubled, nothing failed."""
    logins = Logins("roeland", "secret")
    async with (
        _relay(crew, **logins.options()) as relay,
        worker(crew, relay.url(login="roeland:secret@"), smtp_mails_per_connection=5) as mail,
    ):
        relay.faults.put({"at": "data", "do": "delay", "delay_seconds": 0.05})
        message = await crew.release(people=PEOPLE)
        await crew.until(lambda account: account.states.get("accepted", 0) > 0, message)
        logins.password = "changed"
        await _told(crew, "refuses our login")
        assert not mail.ready()
        logins.password = "secret"
        account = await crew.until_done(message)
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)


@asynccontextmanager
async def _relay(crew: Crew, **options: Any) -> AsyncIterator[Relay]:
    """The devstack's sink with TLS or a login, in the test's own loop, with the crew's maildir."""
    assert crew.sink is not None
    if not any(program.service == "dispatch" for program in crew.programs):
        crew.start("dispatch")
    relay = Relay(crew.sink.maildir, options, None)
    await relay.listen()
    try:
        yield relay
    finally:
        relay.vanish()


async def _told(crew: Crew, why: str) -> None:
    """Wait until the latest worker's health says so."""
    mail, said = crew.programs[-1], ""
    while why not in said:
        await asyncio.sleep(0.1)
        with suppress(URLError):  # it is only starting
            said = (await asyncio.to_thread(mail.missing)).get("relay", "")


async def _waits(crew: Crew, message: Any) -> None:
    """Nothing has left, and nobody is in a last state."""
    account = await crew.account(message)
    assert account.copies == {}
    assert account.open == PEOPLE
