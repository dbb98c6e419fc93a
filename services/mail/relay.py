"""Opening connections to the relay."""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, cast

import aiosmtplib
from aiosmtplib import SMTPException, SMTPHeloError

from services.mail.envelope import announced
from services.mail.pipelined import PipelinedSession
from services.mail.plain import PlainSession
from services.mail.session import Session
from services.mail.settings import MailSettings, RelayAddress
from services.mail.trouble import RelayAway, Trouble, trouble
from services.mail.trust import Trust
from services.runtime.trusted import trusting

Open = Callable[[], Awaitable[Session]]


def opener(settings: MailSettings) -> Open:
    """What opens one connection to the relay of these settings. Raises Foreseen for settings that cannot be.

    It remembers whether the relay's PIPELINING can be believed.
    """
    address = settings.relay()
    context = _context(address, settings.smtp_ca_file)
    return partial(
        open_session,
        address,
        context,
        Trust() if settings.smtp_pipelining else None,
        step_seconds=settings.smtp_timeout_seconds,
        answer_seconds=settings.smtp_answer_seconds,
    )


async def open_session(
    address: RelayAddress,
    context: ssl.SSLContext | None,
    trust: Trust | None,
    *,
    step_seconds: float,
    answer_seconds: float,
) -> Session:
    """Connect, be greeted and log in. Without `trust` nothing is pipelined. Raises RelayAway."""
    client = aiosmtplib.SMTP(
        hostname=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        local_hostname=await _own_name(),
        timeout=step_seconds,
        use_tls=address.security == "tls",
        start_tls=address.security == "starttls",
        tls_context=context,
    )
    try:
        async with asyncio.timeout(step_seconds):  # of the whole: aiosmtplib's is for each step
            await client.connect()
            await _greet(client)
    except (SMTPException, OSError) as problem:
        client.close()
        raise RelayAway(trouble(problem)) from None
    except BaseException:
        client.close()
        raise
    if not client.is_connected:
        raise RelayAway(Trouble("closes the connection"))
    offers = announced(client)
    if trust is None or not offers.pipelining or client.transport is None:
        return PlainSession(client, answer_seconds=answer_seconds)
    transport = cast(asyncio.Transport, client.transport)
    return PipelinedSession(transport, offers, trust, step_seconds=step_seconds, answer_seconds=answer_seconds)


async def _greet(client: aiosmtplib.SMTP) -> None:
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except SMTPHeloError as refused:
            if not client.is_connected or refused.code not in {500, 501, 502, 504, 550}:  # RFC 5321 §3.2
                raise
            await client.helo()


def _context(address: RelayAddress, ca_file: Path | None) -> ssl.SSLContext | None:
    """Made once: reading the authorities takes longer than a handshake. `ca_file` replaces those of the system."""
    if address.security == "none":
        return None
    return trusting(ca_file, setting="ROELAND_SMTP_CA_FILE")


async def _own_name() -> str:
    """Our name for EHLO, looked up once: it can take seconds where names are not served."""
    if not _known_name:
        name = await asyncio.to_thread(socket.getfqdn)
        _known_name.append(name if re.fullmatch(r"[A-Za-z0-9.-]+", name) else "localhost")
    return _known_name[0]


_known_name: Final[list[str]] = []
