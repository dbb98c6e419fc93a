"""The form's own names for what a text calls by its name in the file: `next_update_at` is “When they hear more”."""

import re
from collections.abc import Mapping
from typing import Final

from services.console.languages import catalogue
from services.console.words import audience_name, channel_name

_QUOTED: Final = re.compile(r"`([^`]+)`")


def _(message: str) -> str:
    """For gettext's list of texts; they are translated when they are shown."""
    return message


FIELDS: Final[Mapping[str, str]] = {
    "incident": _("Incident"), "kind": _("Kind"), "phase": _("Phase"), "urgency": _("How urgent"), "language":
    _("Language of the message"), "title": _("Title"), "audiences": _("Audiences"), "channels": _("Channels"),
    "key_messages": _("Key messages"), "unknown": _("What we do not know yet"), "actions": _("What we ask"),
    "wrong": _("What was wrong"), "sms": _("SMS"), "next_update_at": _("When they hear more"), "expires_at":
    _("Send no longer after"), "release_at": _("Not before (embargo)"), "release_order": _("Who is told first"),
    "exercise": _("Exercise"), "area": _("What it is about"), "confirm": _("Ask to confirm"), "confirm_minutes":
    _("Minutes to confirm in"), "recipients": _("Selection"), "corrects": _("Puts right"),
}  # fmt: skip
VALUES: Final[Mapping[str, str]] = {
    "alert": _("Alert"), "update": _("Update"), "correction": _("Correction"), "all-clear": _("All clear"),
    "urgent": _("Urgent"), "routine": _("Routine"), "true": _("yes"), "false": _("no"),
}  # fmt: skip
PAGES: Final[Mapping[str, str]] = {
    "roeland message list": _("Messages"), "roeland incident list": _("Incidents"), "roeland contacts list":
    _("Contacts"), "roeland fact": _("Incidents"), "roeland message preview": _("Preview"),
}  # fmt: skip


def form_field(name: str, language: str) -> str:
    """A filter: what a field of a message is called in the form."""
    return catalogue(language).gettext(FIELDS.get(name, name))


def form_words(text: str, language: str) -> str:
    """The text with the names of the form, and of pages, where it had those of the file, and of commands."""
    return _QUOTED.sub(lambda found: f"“{_named(found.group(1), language)}”", text)


def _named(written: str, language: str) -> str:
    say = catalogue(language).gettext
    page = next((name for command, name in PAGES.items() if written.startswith(command)), None)
    if page:
        return say(page)
    field, colon, value = (part.strip() for part in written.partition(":"))
    if colon and field in FIELDS:
        return f"{say(FIELDS[field])}: {_value(value, language)}" if value else say(FIELDS[field])
    return say(FIELDS[written]) if written in FIELDS else _value(written, language)


def _value(written: str, language: str) -> str:
    if written in VALUES:
        return catalogue(language).gettext(VALUES[written])
    return audience_name(channel_name(written, language), language)
