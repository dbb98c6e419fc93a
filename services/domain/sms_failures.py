"""Words for what became of an SMS that will not arrive, as the ledger's column `reason` holds them.

One word whoever the provider is: rooms and doors ask for the word, never for a provider's code.
"""

from collections.abc import Mapping
from typing import Final

COUNTRY_NOT_ALLOWED: Final = "country-not-allowed"
PREMIUM_NUMBER: Final = "premium-number"
CARRIER_FILTERED: Final = "carrier-filtered"
OPTED_OUT: Final = "opted-out"

FALLS_BACK: Final[Mapping[str, str]] = {
    OPTED_OUT: "asked the provider for no more SMS from this sender",
    COUNTRY_NOT_ALLOWED: "a number in a country that ROELAND_SMS_COUNTRIES does not name",
    PREMIUM_NUMBER: "a number that costs more than a call",
    CARRIER_FILTERED: "the carrier took it for spam",
    "blocked": "the carrier, or the phone's owner, lets nothing of this sender through",
    "invalid-number": "no telephone number",
    "unknown-number": "nobody has this number, or not any more",
    "unreachable": "the phone is off, away, or not on a network that can be reached",
    "landline": "no mobile phone, or a carrier that takes no SMS",
    "not-mobile": "no mobile phone",
    "no-number": "the number was erased after the plan was made",
    "sender-is-recipient": "our own number",
    "region-not-enabled": "the account may not send to this country",
    "trial-account": "a trial account takes only numbers that were verified",
    "sender-not-allowed": "the carrier wants this sender registered first",
    "too-long": "more text than the provider takes",
    "text-not-allowed": "the provider does not take this text",
    "no-text": "nothing is left of the text",
    "too-expensive": "costs more than the account allows for one SMS",
    "not-in-time": "its time was over before the carrier could hand it over",
    "validity": "the provider takes no such time to try",
    "account-suspended": "the provider took it, and then the account was suspended",
    "queue-full": "the provider took it, and its queue overflowed",
    "dropped": "the provider took it, and dropped it for a reason that it does not know",
    "refused": "the provider does not take it",
}
"""Reasons with which an SMS is `failed`, `bounced` or `suppressed` and the same message goes out by mail at once, each
with what it means. Not here: what is tried again, and what nobody is to get any more."""
