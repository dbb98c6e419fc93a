"""What the failures of a request to any provider mean."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from services.sms.codes import Ruling, Verdict
from services.sms.wire import NoAnswer, NotHandedOver, Withheld

T = TypeVar("T")

UNREADABLE: Final = Ruling(Verdict.IN_DOUBT, reason="unreadable-answer")


async def ruled(work: Callable[[], Awaitable[T]]) -> T | Ruling:
    """What the work returns, or the ruling on its failure."""
    try:
        return await work()
    except NotHandedOver:
        return Ruling(Verdict.AWAY, reason="cannot-connect")
    except Withheld:
        return Ruling(Verdict.WITHHELD)
    except NoAnswer:
        return Ruling(Verdict.IN_DOUBT, reason="no-answer")
    except (ValueError, KeyError, TypeError, AttributeError):  # an answer that is none
        return UNREADABLE
