"""What only the pages of messages and incidents call by name: tones of states, kinds, languages, reasons, steps.

What states, channels and acts are called is in `services.console.words`; Dutch is in `locale/nl/message.po`.
"""

from collections.abc import Mapping
from typing import Final


def N_(text: str) -> str:  # noqa: N802 - as gettext calls what marks a text without translating it
    """Marks a text for translation."""
    return text


TONES: Final[Mapping[str, str]] = {
    "submitted": "warn", "proofed": "warn", "approved": "busy", "released": "busy", "sending": "busy", "paused": "warn",
    "stopped": "bad", "done": "good", "withdrawn": "bad",
}  # fmt: skip
"""The tone of a state's badge; those that are not here have none."""

KINDS: Final[Mapping[str, str]] = {
    "alert": N_("Alert"),
    "update": N_("Update"),
    "correction": N_("Correction"),
    "all-clear": N_("All-clear"),
    "edition": N_("Edition of a newsletter"),
}
LANES: Final[Mapping[str, str]] = {"urgent": N_("urgent"), "routine": N_("routine")}
LANGUAGES: Final[Mapping[str, str]] = {"nl": N_("Dutch"), "fr": N_("French"), "en": N_("English"), "de": N_("German")}

REASONS: Final[Mapping[str, str]] = {
    "no-address": N_("there is no address for them"),
    "opted-out": N_("they want no more SMS from us"),
    "erased": N_("the address was erased since"),
    "removed": N_("the contact was removed since"),
    "no-number": N_("the number was erased since"),
    "connection-lost": N_("the connection broke"),
    "no-answer": N_("the other side gave no answer"),
    "cannot-connect": N_("the provider could not be reached"),
    "stopped": N_("the message was stopped"),
    "unreachable": N_("the phone is off or away"),
    "unknown-number": N_("nobody has this number"),
    "invalid-number": N_("this is no telephone number"),
    "landline": N_("no mobile phone"),
    "not-mobile": N_("no mobile phone"),
    "blocked": N_("the carrier or the owner lets nothing through"),
    "carrier-filtered": N_("the carrier took it for spam"),
    "country-not-allowed": N_("a number in a country that is not allowed"),
    "premium-number": N_("a number that costs too much"),
    "not-in-time": N_("its time was over"),
    "refused": N_("the provider refused it"),
    "reply": N_("by replying"),
    "page": N_("on the page"),
    "telephone": N_("by telephone"),
    "operator": N_("noted by a colleague"),
}
"""The short words of the ledger's `reason`; one that is not here is shown as it is."""

STEPS: Final[Mapping[str, str]] = {
    "second-channel": N_("tried on a second channel"),
    "deputy": N_("sent to deputies"),
    "telephone": N_("put on the list of telephone calls"),
}
"""Steps of escalation, for those who had not confirmed."""

WAITS: Final[Mapping[str, str]] = {
    "paused": N_("waits: the message is held"),
    "correction": N_("waits: its correction is being approved"),
    "going-out": N_("waits: copies are still going out"),
}
"""Why a step is not taken though its time has come."""
