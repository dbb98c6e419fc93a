"""Check of the caps on what SMS may cost."""

from typing import Literal

from services.domain.sms_price import CURRENCY
from services.domain.spending import PER_HOUR, PER_MESSAGE
from services.runtime.sms_prices import SpendingSettings, prices

Finding = tuple[Literal["ok", "remark", "problem"], str, str]


async def spending() -> Finding:
    """Whether there are any, as far as this machine's settings say; editorial's own count."""
    prices()
    caps = SpendingSettings().caps
    named = {PER_MESSAGE: caps.per_message, PER_HOUR: caps.per_hour}
    if unset := [name for name, most in named.items() if most is None]:
        return "remark", f"no cap: {', '.join(unset)}", "Set it at editorial, in euros, well above a real blast."
    return "ok", f"at most {caps.per_message} {CURRENCY} a message, {caps.per_hour} {CURRENCY} an hour", ""
