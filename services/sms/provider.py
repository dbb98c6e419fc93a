"""The seam between an SMS and who carries it: what every provider can do, and what it answers with."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from services.sms.codes import Ruling

MayGo = Callable[[], bool]
"""Asked once a connection stands, just before the first byte of a request: finding one may take seconds."""

SINCH: Final = "sinch:"
"""Before the second provider's ids; Twilio's begin with SM or MM, and stand as they are."""


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS. `callback`: where to tell what became of it. `valid_for`: no later than this.

    `reference`: names the delivery, and no other anywhere; what a provider keeps with it, it can be asked for.
    """

    to: str
    text: str
    callback: str | None = None
    valid_for: timedelta | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class MessageResource:
    """A message as its provider holds it; `error_code` when it was not delivered.

    `sid`: its name there, which also says where (`provider_of`). `segments`: as the provider counts, if it says so.
    """

    sid: str
    status: str
    error_code: int | None
    segments: int | None = None


class Provider(Protocol):
    """Who carries SMS. Every method answers with what it found, or with the ruling on why it could not."""

    name: str
    sender: str
    by_reference: bool
    """Whether `find` goes by our reference; else by number and text, which another message may share."""

    @property
    def retry_after(self) -> float | None:
        """Seconds that it asked us to wait when it last said that we go too fast."""

    async def send(self, sms: Sms, may_go: MayGo = ...) -> MessageResource | Ruling:
        """Have it sent, once. `may_go` is asked when a connection stands; until then nothing has left."""

    async def find(self, sms: Sms, *, age: timedelta, others: Collection[str] = ()) -> MessageResource | Ruling | None:
        """This SMS, if it was made no longer than `age` ago; None when it is not there. `others`: not these."""

    async def fetch(self, sid: str, to: str) -> MessageResource | Ruling | None:
        """What became of a message by its name; None when there is none of that name any more."""

    async def ask(self) -> Ruling | None:
        """None when it answers and knows us."""


def provider_of(sid: str) -> str:
    """Whose name this is."""
    return "sinch" if sid.startswith(SINCH) else "twilio"
