"""The pages of the console that Chromium looks at: the name of each picture, and the address, as the app has it.

A test of a room goes through all of its table (`looking.py`); `tests/console/test_looks.py` holds the tables against
the routes of the app, so that a page that is added is looked at, or says here why not.
"""

from collections.abc import Mapping
from typing import Final

Pages = Mapping[str, str]
"""Addresses by name of the picture. What stands in braces is filled in by the test; a query may follow."""

OVERVIEW: Final[Pages] = {"overview": "/"}

DOORS: Final[Pages] = {
    "doors-sign-in": "/sign-in",
    "doors-welcome": "/welcome?token=invited",
    "doors-welcome-no": "/welcome?token=no",
    "doors-me": "/me",
    "doors-me-password": "/me/password",
    "doors-me-second-step": "/me/second-step",
    "doors-sign-in-again": "/sign-in/again?next=/blast",
    "doors-sign-in-again-form": "/sign-in/again/form",
    "doors-check-list": "/check-list",
}
FIRST_START: Final[Pages] = {"doors-first-start": "/first-start?token=abc"}
"""On its own: it is there only as long as nobody is."""

WRITING: Final[Pages] = {
    "compose": "/compose",
    "compose-draft": "/compose/{draft}",
    "compose-yaml": "/compose/{draft}/yaml",
}
APPROVING: Final[Pages] = {
    "approve": "/approve",
    "approve-urgent": "/approve/{urgent}",
    "approve-glass": "/approve/{urgent}/break-glass",
    "approve-held": "/approve/{held}",
}
BLAST: Final[Pages] = {
    "blast": "/blast",
    "blast-filled": "/blast?kept={number}",
    "blast-confirm": "/blast/{number}",
}

MESSAGES: Final[Pages] = {
    "messages": "/messages",
    "message": "/messages/{sending}",
    "message-who": "/messages/{sending}/who?which=not-reached",
    "message-confirmed": "/messages/{sending}/confirmed",
    "message-replies": "/messages/{sending}/replies",
    "message-calls": "/messages/{sending}/calls",
    "message-town": "/messages/{sending}/municipalities/{town}",
}
ACTS: Final[Pages] = {
    "message-stop": "/messages/{sending}/do/stop",
    "message-pause": "/messages/{sending}/do/pause",
    "message-withdraw": "/messages/{sending}/do/withdraw",
    "message-newcomers": "/messages/{sending}/do/newcomers",
    "message-resume": "/messages/{paused}/do/resume",
    "message-take-back": "/messages/{approved}/do/take-back",
    "message-confirm": "/messages/{alone}/do/confirm",
    "message-dispute": "/messages/{alone}/do/dispute",
}
INCIDENTS: Final[Pages] = {
    "incidents": "/incidents",
    "incident": "/incidents/{slug}",
    "incident-fact": "/incidents/{slug}/facts/{key}",
    "incident-impact": "/incidents/{slug}/impact",
}

CONTACTS: Final[Pages] = {
    "contacts": "/contacts",
    "contacts-one": "/contacts/{external_id}",
    "contacts-form": "/contacts/{external_id}?edit=1",
    "contacts-new": "/contacts/new",
    "contacts-upload": "/contacts/import/{upload}",
    "contacts-import": "/contacts/import",
    "contacts-coverage": "/contacts/coverage?province=West-Vlaanderen",
    "contacts-groups": "/contacts/groups?name={group}",
}
NEWSLETTERS: Final[Pages] = {
    "keep-newsletters": "/newsletters",
    "keep-newsletter": "/newsletters/{name}",
    "keep-newsletter-new": "/newsletters/-/new",
    "keep-newsletter-change": "/newsletters/{name}/change",
    "keep-newsletter-file": "/newsletters/-/new?file",
    "keep-newsletter-readers": "/newsletters/{name}/readers",
    "keep-newsletter-send": "/newsletters/{name}/send",
    "keep-newsletter-editorial": "/newsletters/{name}/editorial/{day}",
    "keep-newsletter-preview": "/newsletters/{name}/preview",
    "keep-feeds": "/feeds",
}
SETTINGS: Final[Pages] = {
    "keep-settings": "/settings",
    "keep-settings-users": "/settings/users",
    "keep-settings-user": "/settings/users/{user}",
    "keep-settings-duty": "/settings/duty",
    "keep-settings-alarms": "/settings/alarms",
    "keep-settings-check": "/settings/check",
    "keep-settings-opt-outs": "/settings/opt-outs",
    "keep-settings-sources": "/settings/sources",
    "keep-settings-webhooks": "/settings/webhooks",
    "keep-settings-keys": "/settings/keys",
    "keep-settings-spending": "/settings/spending",
    "keep-settings-dead-letters": "/settings/dead-letters",
    "keep-settings-configuration": "/settings/configuration",
    "keep-audit": "/audit",
    "keep-audit-verification": "/audit/verification",
    "keep-api": "/api",
}

ROOMS: Final[tuple[Pages, ...]] = (
    OVERVIEW, DOORS, FIRST_START, WRITING, APPROVING, BLAST, MESSAGES, ACTS, INCIDENTS, CONTACTS, NEWSLETTERS, SETTINGS,
)  # fmt: skip

NOT_LOOKED_AT: Final[Mapping[str, str]] = {
    "/approve/{}/state": "a part of the page to approve",
    "/compose/{}/beside": "a part of the draft",
    "/messages/{}/acts": "a part of the page of a message",
    "/messages/{}/timeline": "a part of the page of a message",
    "/messages/{}/people": "a part of the page of a message",
    "/live/board": "server-sent events",
    "/live/messages/{}": "server-sent events",
    "/approve/{}/versions/{}": "a mail or a page of the newsfeed in a frame: test_newsletter.py, test_reader_pages.py",
    "/compose/{}/versions/{}": "a mail or a page of the newsfeed in a frame: test_newsletter.py, test_reader_pages.py",
    "/newsletters/{}/preview/page": "an edition in a frame: test_newsletter.py",
    "/messages/{}/proof": "no script runs in it, so neither does axe-core: test_message.py looks at its HTML alone",
    "/messages/{}/who.csv": "a file",
    "/messages/{}/recipients.csv": "a file",
    "/messages/{}/dossier.zip": "a file",
    "/contacts/export.csv": "a file",
    "/me/second-step/picture.svg": "a picture",
    "/contacts/id/{}": "the page of a contact, for an id that is also a page's name",
    "/blast/{}/alone": "leads on to another page",
    "/sign-in/provider": "leads on to another page",
    "/sign-in/provider/callback": "leads on to another page, or is the page to sign in with a word on what went wrong",
}
"""Routes that answer GET and are no page, or are looked at elsewhere: each with its reason."""
