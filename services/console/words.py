"""What states, acts and kinds are called, in the reader's language: one place for every page of the console.

In templates they are filters: `{{ message.state|state_name }}`, `{{ entry.action|action_name }}`. In code they are
functions of the word and the language. A word that is not here is shown as it is: nothing breaks on one that is new.
The tables of the domain are English by themselves; Dutch is in `locale/nl/words.po`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from services.console.languages import catalogue
from services.runtime.configuration import configuration_in_force

STATES: Final = {
    "submitted": "being made ready",
    "made": "being made ready",
    "proofed": "waits for approval",
    "approved": "approved",
    "released": "released",
    "sending": "being sent",
    "paused": "held",
    "done": "everything was sent",
    "stopped": "stopped",
    "expired": "too late, not sent",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "replaced": "replaced by a later version",
}
"""Of a message (`services.store.status`)."""

DELIVERIES: Final = {
    "planned": "still to be sent",
    "deferred": "is tried again",
    "claimed": "being sent now",
    "superseded": "not sent: stopped or put right",
    "expired": "not sent: too late",
    "suppressed": "nothing to send it to",
    "unknown": "nobody knows whether it arrived",
    "failed": "not sent: refused",
    "accepted": "handed over",
    "bounced": "came back",
    "delivered": "delivered",
}
"""Of a delivery (`services.domain.states`)."""

CHANNELS: Final = {"mail": "mail", "sms": "SMS", "newsfeed": "newsfeed"}

ROLES: Final = {
    "author": "author",
    "approver": "approver",
    "crisis-manager": "crisis manager",
    "auditor": "auditor",
    "administrator": "administrator",
}

DECISIONS: Final = {
    "made": "edition made",
    "goes-out": "goes out",
    "nothing-new": "quiet day",
    "not-a-weekday": "not a day of this newsletter",
    "holiday": "public holiday",
    "paused": "on hold",
    "skipped": "skipped",
    "too-late": "too late, not sent",
}
"""What a date of a newsletter came to, or will (`services.domain.editions.Decision`)."""

ALARMS: Final = {
    "stalled": "Sending stands still",
    "failures": "Many deliveries are refused",
    "update-overdue": "A promised update did not come",
    "left-paused": "A message stays on hold",
    "cannot-send": "A channel cannot send",
    "sms-silent": "No SMS goes out",
    "provider-out": "One SMS provider is out",
    "carrier-filtered": "Carriers filter SMS as spam",
    "glass-broken": "Released by one person alone",
    "opted-out": "Numbers want no more SMS",
    "edition-missed": "A newsletter was not sent",
    "edition-fails": "A newsletter cannot be made",
    "events-failed": "Something from outside led to nothing",
    "webhook-failing": "An outside system does not answer",
}
"""Kinds of alarms (`services.store.alarms`)."""

ACTIONS: Final = {
    "account.invited": "invited somebody to sign in",
    "audit.exported": "exported the audit",
    "contact.language-chosen": "a reader chose a language",
    "contact.removed": "removed a contact",
    "contacts.imported": "imported contacts",
    "dead-letter.replayed": "put an unreadable record back",
    "draft.begun": "an outside system had a draft made",
    "duty.set": "set who is on duty",
    "edition.too-late": "an edition was too late",
    "event.replayed": "had an event from outside mapped again",
    "fact.set": "set a fact",
    "fact.withdrawn": "withdrew a fact",
    "feed-token.added": "gave somebody an address of a feed",
    "feed-token.revoked": "revoked an address of a feed",
    "feed.renewed": "gave a feed another address",
    "group.removed": "removed a group",
    "group.set": "set a group",
    "holding.approved": "approved a holding statement beforehand",
    "holding.revoked": "revoked a holding statement",
    "incident.closed": "closed an incident",
    "incident.described": "described an incident",
    "incident.level-changed": "changed the level of an incident",
    "incident.opened": "opened an incident",
    "incident.participants-added": "added participants to an exercise",
    "incident.participants-removed": "removed participants from an exercise",
    "incident.phase-changed": "changed the phase of an incident",
    "incident.reopened": "reopened an incident",
    "message.approved": "approved a message",
    "message.approved-in-part": "gave one of the approvals a message needs",
    "message.approved-standing": "a standing approval let it go",
    "message.called": "noted a telephone call",
    "message.calls-listed": "read the list of calls",
    "message.confirmed-for": "confirmed for somebody",
    "message.dossier": "made a dossier",
    "message.escalated": "escalated by itself",
    "message.escalation-too-dear": "an escalation would cost too much",
    "message.expired": "a message was too late",
    "message.exported": "exported the recipients of a message",
    "message.fell-back": "another channel took over",
    "message.glass-broken": "broke the glass: released it alone",
    "message.glass-confirmed": "confirmed the breaking of the glass",
    "message.glass-disputed": "disputed the breaking of the glass",
    "message.held-back": "held a message back",
    "message.holding-not-released": "a holding statement was not released",
    "message.newcomers-included": "included newcomers",
    "message.paused": "held a message",
    "message.proofed-again": "the proof was made anew",
    "message.recipients-listed": "read who got a message",
    "message.rejected": "rejected a message",
    "message.released": "released a message",
    "message.released-as-holding": "released a holding statement",
    "message.replies-read": "read replies",
    "message.resumed": "let a message go on",
    "message.step-opened": "opened the next step",
    "message.stopped": "stopped a message",
    "message.submitted": "submitted a message",
    "message.taken-back": "took an approval back",
    "message.tested": "sent a test to themselves",
    "message.unknown-listed": "read who may not have been reached",
    "message.withdrawn": "withdrew a message",
    "newsletter.added": "made a newsletter",
    "newsletter.approved": "approved a newsletter as standing",
    "newsletter.changed": "changed a newsletter",
    "newsletter.date-skipped": "skipped a date of a newsletter",
    "newsletter.edition-sent": "made an edition at once",
    "newsletter.editorial-removed": "took out what stood above an edition",
    "newsletter.editorial-written": "wrote above an edition",
    "newsletter.paused": "put a newsletter on hold",
    "newsletter.renamed": "renamed a newsletter",
    "newsletter.resubscribed": "subscribed readers again",
    "newsletter.resumed": "let a newsletter go on",
    "newsletter.revoked": "revoked a standing approval",
    "newsletter.skip-undone": "let a date go out after all",
    "newsletter.unsubscribed": "unsubscribed readers",
    "session.ended": "signed somebody out",
    "sms.opt-out-lifted": "let SMS go to a number again",
    "sms.opt-outs-read": "read which numbers want no SMS",
    "sms.replies-read": "read replies by SMS",
    "source.added": "let an outside system send events",
    "source.revoked": "took the key of an outside system away",
    "user.added": "added a user",
    "user.first-administrator": "made the first administrator",
    "user.invited": "made a link to choose a password with",
    "user.password": "chose a password",
    "user.provided": "changed a user, as the sign-in provider has them",
    "user.recovery-codes": "made new recovery codes",
    "user.second-step": "set up an app for codes",
    "user.signed-in": "signed in",
    "user.signed-out": "signed out",
    "user.changed": "changed a user",
    "user.disabled": "disabled a user",
    "user.key": "registered a key",
    "user.mobile": "changed a mobile number",
    "webhook.added": "registered an outside system that is told",
    "webhook.enabled": "had an outside system told again",
    "webhook.removed": "removed an outside system that was told",
    "webhook.rotated": "gave an outside system another secret",
    "webhook.resent": "told an outside system once more",
    "webhook.tested": "tried whether an outside system answers",
    "websub.ended": "ended a subscription to a feed",
}
"""Acts in the audit (`services.store.audit.record`), as what somebody did."""

TABLES: Final[tuple[Mapping[str, str], ...]] = (STATES, DELIVERIES, CHANNELS, ROLES, DECISIONS, ALARMS, ACTIONS)


def state_name(word: str, language: str) -> str:
    """Of a message: `proofed` → `waits for approval`."""
    return _named(STATES, word, language)


def delivery_name(word: str, language: str) -> str:
    """Of a delivery: `bounced` → `came back`."""
    return _named(DELIVERIES, word, language)


def channel_name(word: str, language: str) -> str:
    """`sms` → `SMS`."""
    return _named(CHANNELS, word, language)


def role_name(word: str, language: str) -> str:
    """`crisis-manager` → `crisis manager`."""
    return _named(ROLES, word, language)


def decision_name(word: str, language: str) -> str:
    """Of a date of a newsletter: `nothing-new` → `quiet day`."""
    return _named(DECISIONS, word, language)


def alarm_name(word: str, language: str) -> str:
    """`stalled` → `Sending stands still`."""
    return _named(ALARMS, word, language)


def action_name(word: str, language: str) -> str:
    """`user.added` → `added a user`."""
    return _named(ACTIONS, word, language)


def audience_name(id_: str, language: str) -> str:
    """As the centre's configuration calls it."""
    return _configured("audiences", id_, language)


def phase_name(id_: str, language: str) -> str:
    """As the centre's configuration calls it."""
    return _configured("phases", id_, language)


def type_name(id_: str, language: str) -> str:
    """As the centre's configuration calls it."""
    return _configured("types", id_, language)


def level_name(id_: str, language: str) -> str:
    """As the centre's configuration calls it."""
    return _configured("levels", id_, language)


NAMES: Final[Mapping[str, Callable[[str, str], str]]] = {
    each.__name__: each
    for each in (
        state_name, delivery_name, channel_name, role_name, decision_name, alarm_name, action_name,
        audience_name, phase_name, type_name, level_name,
    )
}  # fmt: skip
"""The filters of the templates, by name."""


def in_language(name: Callable[[str, str], str], language: str) -> Callable[[str], str]:
    """One of these for one language: a filter."""
    return lambda word: name(word, language)


def _named(table: Mapping[str, str], word: str, language: str) -> str:
    found = table.get(word)
    return word if found is None else catalogue(language).gettext(found)


def _configured(what: str, id_: str, language: str) -> str:
    return _lists(what, language).get(id_, id_)


@cache
def _lists(what: str, language: str) -> Mapping[str, str]:
    """By id. A console keeps the configuration with which it began, as every service does."""
    listed = getattr(configuration_in_force(), what)
    return {each.id: each.names.get(language) or each.names.get("nl") or each.id for each in listed}
