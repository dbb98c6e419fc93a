"""The seam between what is to be sent and how a connection sends it.

aiosmtplib opens every connection (TLS, EHLO, AUTH). From then on a `Session` pulls mails from a `Source` and tells it
what became of each: one command after the other (`plain.py`), or with the next envelope behind the present body
(`pipelined.py`). A mail's fate depends on how far it had come when the connection was lost, so every telling says so.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from services.mail.replies import Reply, Stage

CHECK_SECONDS: Final = 2.0
"""A connection that does not answer NOOP or QUIT in this time is dropped."""
SILENT_SECONDS: Final = 1.0
"""After so long without an answer to a body nobody else waits for it any more."""


@dataclass(slots=True, eq=False)
class Mail:
    """One mail on its way. Addresses were checked; `content` has CRLF line ends, also the last.

    `dotless`: no line of it begins with a dot, as is so for all that `services.rendering.mime` makes.
    `handed_over` is set by the session before the end of the body can leave this machine. From then on, only an
    answer tells whether the relay has it.
    """

    sender: str
    recipient: str
    content: bytes
    dotless: bool
    handed_over: bool = field(default=False, init=False)


class SessionLost(Exception):
    """The connection broke before an answer was read. `stage` is what was to be answered."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.name)
        self.stage = stage


M = TypeVar("M", bound=Mail)


class Source(Protocol[M]):
    """Where a session gets mails, and where it tells what became of them.

    Everything returns at once, and raises nothing. Each mail that `next` gave is told of once: `answered`, `lost`,
    `withheld`, `unsendable`, or `silent` as the one that followed.
    """

    def next(self) -> M | None:
        """The next mail; None: end the stint, when all that is under way has its answer."""
        ...

    def may_go(self, mail: M) -> bool:
        """Asked again before the body: a slow relay may take longer over the envelope than a stop allows."""
        ...

    def opening(self, mail: M) -> None:
        """What is written now may make the relay have this mail."""
        ...

    def answered(self, mail: M, reply: Reply) -> None:
        """This answer decided."""
        ...

    def lost(self, mail: M, stage: Stage) -> None:
        """The connection ended before this was answered; in doubt if `mail.handed_over`."""
        ...

    def silent(self, following: M | None) -> None:
        """A body has no answer for a while. `following` stood behind it, not handed over, and may go another way."""
        ...

    def withheld(self, mail: M) -> None:
        """It might not go any more, and nothing of it was handed over."""
        ...

    def unsendable(self, mail: M, reason: str) -> None:
        """The relay has said beforehand that it takes no such mail."""
        ...


class Session(Protocol):
    """A connection to the relay that is ready for mail. Every implementation passes the same suite."""

    sent: int
    """Mails that the relay answered."""

    @property
    def usable(self) -> bool:
        """Whether another mail can be sent."""
        ...

    @property
    def excused(self) -> bool:
        """Whether its end says nothing of the relay: it had served before, say, and got old."""
        ...

    @property
    def invited(self) -> bool:
        """Whether the relay has let a mail begin here, and none has come yet."""
        ...

    async def carry(self, source: Source[Any]) -> None:
        """Send what `source` gives until it gives no more, or the connection ends.

        When cancelled, or aborted from elsewhere, the connection is dropped and what was in hand is told as lost.
        """
        ...

    async def answers(self) -> bool:
        """Whether the relay still answers on this connection."""
        ...

    async def takes_from(self, sender: str) -> Reply:
        """The relay's answer to this sender, without sending anything. Raises SessionLost.

        A yes is good for the next mail on this connection: a relay that takes one in a while may have no second yes.
        """
        ...

    async def close(self) -> None:
        """Take leave."""
        ...

    def abort(self) -> None:
        """Drop the connection."""
        ...
