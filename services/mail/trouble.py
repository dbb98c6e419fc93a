"""Why no mail can be sent, in few words.

What aiosmtplib raises may hold host names, addresses and the relay's own words; none of it goes any further.
"""

import ssl
from dataclasses import dataclass
from typing import Final

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPHeloError,
    SMTPResponseException,
)

from services.mail.replies import Reply, Stage, Verdict
from services.runtime.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be sent. `ours`: it stays so until somebody mends something.

    `of_a_mail`: only a mail that gets through shows that it is mended; asking is not enough. `for_now`: it answers,
    and refuses every sender for the moment.
    """

    why: str
    code: int | None = None
    ours: bool = False
    of_a_mail: bool = False
    for_now: bool = False


class RelayAway(Unavailable):
    """No mail can be sent now; no delivery is to blame."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"the mail relay {trouble.why}")
        self.trouble = trouble


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


def refusal(reply: Reply) -> Trouble:
    """What it comes down to when the relay answers a mail so, and the mail is not to blame."""
    if reply.verdict is Verdict.REFUSES_US:
        return Trouble("refuses what we send", reply.code, ours=True, of_a_mail=reply.stage is not Stage.MAIL)
    if reply.verdict is Verdict.NOT_NOW:
        return Trouble("takes no mail for now", reply.code, for_now=True)
    return Trouble("closes the connection", reply.code)


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
