"""What to do about an alarm, for who is at the console; for who is at a terminal `services.admin.alarms` says it."""

from collections.abc import Mapping
from typing import Any, Final

from services.console.languages import catalogue
from services.console.said import said
from services.console.words import STATES, channel_name, state_name


def _(message: str) -> str:
    """For gettext's list of texts; they are translated when they are shown."""
    return message


REMEDIES: Final = {
    "stalled": "Work lies still. Look under Check whether the channel's worker, relay or provider is there.",
    "failures": "Many are refused. Look at the message, and hold it while somebody finds out why.",
    "update-overdue": "People were promised word and got none. "
    "Write an update, if only to say when the next one comes.",
    "left-paused": "It was held for a correction that will not be sent. "
    "Let it go on, stop it, or write another correction.",
    "cannot-send": "Nothing goes out on this channel until somebody mends what the alarm says. "
    "What waits goes by itself then.",
    "sms-silent": "No provider takes an SMS. Who waited for an urgent one got a mail. Call who has no mail.",
    "provider-out": "The other provider carries all SMS. "
    "Mend what the alarm says, and the first is used again by itself.",
    "carrier-filtered": "Carriers take these SMS for spam. Look at the text, and ask the provider's support.",
    "glass-broken": "One person released this message alone. Read it, and say whether that was right.",
    "opted-out": "Numbers want no more SMS. Look whose they are, and reach them otherwise.",
    "edition-missed": "Nothing of it is lost: it stands in the next edition. If it cannot wait, write a message.",
    "edition-fails": "It is tried until it is too late. Look at the logs of newsletter and editorial.",
    "webhook-failing": "Look at its address and its secret, then send again what it did not get.",
    "events-failed": "Look under Outside systems what went wrong, mend it, and have the event looked at again.",
}
DETAILS: Final = {
    "incident": _("incident"), "channel": _("channel"), "remaining": _("still to go"), "failed": _("refused"),
    "correction": _("the correction"), "was": _("which was"), "newsletter": _("newsletter"), "date": _("date"),
    "numbers": _("numbers"), "waiting": _("waiting"), "by_mail": _("by mail instead"), "reason": _("because"),
    "mapping": _("mapping"), "promised_at": _("promised"),
}  # fmt: skip
"""What else an alarm knows; `why` is a sentence by itself, and the message has a link."""
OTHERWISE: Final = "See docs/operations.md, or ask the support cell."


def remedy(kind: str, language: str) -> str:
    """In the reader's language."""
    return catalogue(language).gettext(REMEDIES.get(kind, OTHERWISE))


def details(known: Mapping[str, Any], language: str) -> list[str]:
    """What else the alarm says, in words."""
    told = {name: _told(str(value), language) for name, value in known.items() if name != "message"}
    say = catalogue(language).gettext
    return [value if name == "why" else f"{say(DETAILS.get(name, name))}: {value}" for name, value in told.items()]


def _told(value: str, language: str) -> str:
    return state_name(value, language) if value in STATES else said(channel_name(value, language), language)
