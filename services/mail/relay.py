"""Opening connections to the relay, and saying in few words why that cannot be done.

What aiosmtplib raises may hold host names, addresses and the relay's own words; none of it goes any further.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
)

from services.mail.session import PlainSession, Session
from services.mail.settings import MailSettings, RelayAddress
from services.runtime.errors import Foreseen, Unavailable

Open = Callable[[], Awaitable[Session]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be sent. `ours`: it stays so until somebody mends something."""

    why: str
    code: int | None = None
    ours: bool = False


class RelayAway(Unavailable):
    """No mail can be sent now; no delivery is to blame."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"the mail relay {trouble.why}")
        self.trouble = trouble


def opener(settings: MailSettings) -> Open:
    """What opens one connection to the relay of these settings. Raises Foreseen for settings that cannot be."""
    address = settings.relay()
    context = _context(address, settings.smtp_ca_file)
    return partial(
        open_session,
        address,
        context,
        step_seconds=settings.smtp_timeout_seconds,
        answer_seconds=settings.smtp_answer_seconds,
    )


async def open_session(
    address: RelayAddress, context: ssl.SSLContext | None, *, step_seconds: float, answer_seconds: float
) -> Session:
    """Connect, be greeted and log in. Raises RelayAway."""
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
    return PlainSession(client, answer_seconds=answer_seconds)


def trouble(problem: BaseException) -> Trouble:
    """What a failure to open a connection comes down to."""
    tls = _tls_problem(problem)
    if tls is not None:
        return Trouble(f"cannot be trusted: {tls}", ours=True)
    code = problem.code if isinstance(problem, SMTPResponseException) else None
    if isinstance(problem, SMTPAuthenticationError):
        for_now = code is not None and 400 <= code < 500  # RFC 4954 §6: 454 is temporary
        return Trouble("cannot check our login for now" if for_now else "refuses our login", code, ours=not for_now)
    if isinstance(problem, SMTPHeloError | SMTPConnectResponseError):
        return Trouble("refuses the connection", code)
    if isinstance(problem, SMTPResponseException):
        return Trouble("answers what cannot be understood", code)
    if isinstance(problem, TimeoutError):
        return Trouble("does not answer")
    if isinstance(problem, OSError):
        return Trouble("cannot be reached")
    return Trouble("offers no login or no TLS, as the settings want it", ours=True)


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
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise Foreseen(f"ROELAND_SMTP_CA_FILE: {ca_file} cannot be read as certificates in PEM form") from None


def _tls_problem(problem: BaseException | None) -> str | None:
    """OpenSSL's word for it, when TLS is what failed."""
    while problem is not None:
        if isinstance(problem, ssl.SSLCertVerificationError):
            return _CERTIFICATE.get(problem.verify_code, "its certificate is not accepted")
        if isinstance(problem, ssl.SSLError):
            return "no TLS could be agreed on"
        problem = problem.__cause__
    return None


_CERTIFICATE: Final = {  # X509_V_ERR_*, openssl/x509_vfy.h
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is of its own making",
    19: "its certificate is signed by nobody we know",
    20: "its certificate is signed by nobody we know",
    62: "its certificate is for another host",
    64: "its certificate is for another address",
}


async def _own_name() -> str:
    """Our name for EHLO, looked up once: it can take seconds where names are not served."""
    if not _known_name:
        name = await asyncio.to_thread(socket.getfqdn)
        _known_name.append(name if re.fullmatch(r"[A-Za-z0-9.-]+", name) else "localhost")
    return _known_name[0]


_known_name: Final[list[str]] = []
