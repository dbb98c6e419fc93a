"""When the same message goes by another channel: an SMS that did not arrive by mail, one that is not answered by both.

For which of the ledger's words an SMS that failed is followed by a mail: `services.domain.sms_failures`.
"""

from collections.abc import Collection, Sequence
from typing import Final

from services.domain.content import MessageContent

NOT_PLANNED: Final = frozenset({"no-address", "no-number", "opted-out"})
"""Reasons for which an SMS was `suppressed` at the proof: of a message that asks for SMS alone, a mail at release."""

NO_PROVIDER: Final = "no-provider"
"""The reason of a fall-back when no SMS is taken by anybody: nothing is wrong with the number."""


def beside(content: MessageContent, channels: Collection[str], allowed: Collection[str]) -> Sequence[str]:
    """The channels on which an audience has a version beside those of the message, for nobody in the plan.

    By mail of what goes by SMS and not by mail; of what is to be confirmed also by SMS of what goes by mail alone.
    `channels`: those on which it has a version; `allowed`: those that it may have at all.
    """
    wanted = []
    if "sms" in channels and "mail" not in channels:
        wanted.append("mail")
    if content.confirm and "mail" in channels and "sms" not in channels:
        wanted.append("sms")
    return [channel for channel in wanted if channel in allowed]
