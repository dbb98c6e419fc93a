"""Where a provider tells what became of an SMS: an address that names the delivery, which nobody else can make up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.runtime.tokens import Keys

PATH: Final = "/twilio/status"
PURPOSE: Final = "twilio-status"

SINCH_PATH: Final = "/sinch/status"
SINCH_PURPOSE: Final = "sinch-status"

AGAIN: Final = "#rc=5&rp=5xx,ct,rt"
"""Have Twilio call again, five times, after 5xx and timeouts; a fragment, so not part of what it requests and signs
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""

_NAME: Final = re.compile(r"[0-9]{1,18}\.[0-9]{1,9}")
"""No longer than the ledger's columns, whoever has the key."""


@dataclass(frozen=True, slots=True)
class DeliveryName:
    """Names a delivery: message number and sequence."""

    message: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.message}.{self.sequence}"


def callback_url(public_url: str, keys: Keys, name: DeliveryName) -> str:
    """Twilio's StatusCallback of this delivery."""
    return f"{public_url}{PATH}?d={name}&t={keys.token(str(name), PURPOSE)}{AGAIN}"


def sinch_callback_url(public_url: str, keys: Keys, name: DeliveryName) -> str:
    """Sinch's callback_url of this delivery. Another purpose: what one provider was given is nothing to another."""
    return f"{public_url}{SINCH_PATH}?d={name}&t={keys.token(str(name), SINCH_PURPOSE)}"


def named(query: Mapping[str, str], keys: Keys, purpose: str = PURPOSE) -> DeliveryName | None:
    """The delivery that a callback's query names; None when we did not make it."""
    text = query.get("d", "")
    if not keys.verify(query.get("t", ""), text, purpose) or not _NAME.fullmatch(text):
        return None
    message, _, sequence = text.partition(".")
    return DeliveryName(int(message), int(sequence))
