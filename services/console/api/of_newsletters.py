"""Newsletters, their editions and subscribers; the newsfeeds and those who follow them."""

from typing import Final

from services.admin import (
    editions,
    feed_subscribers,
    feeds,
    newsletter_changes,
    newsletter_dates,
    newsletter_history,
    newsletters,
    subscribers,
)
from services.console.api.ability import JSON, TEXT, YAML, Ability, Given, Pages

ONE: Final = "/newsletters/{name}"
DEFINITION: Final = Given("file", "newsletter", {JSON: ".json", YAML: ".yaml"})
EDITORIAL: Final = Given("file", "editorial", {TEXT: ".txt", JSON: ".json", YAML: ".yaml"})

SHOWN: Final = Ability(
    command="newsletter show", function=newsletters.show, method="GET", path=ONE, action="see",
    etag=("newsletter", "hash", "state", "paused_until", "approval"),
)  # fmt: skip
NEWSLETTERS: Final = (
    Ability(
        command="newsletter list", function=newsletters.list_, method="GET", path="/newsletters", action="see",
        pages=Pages("newsletter"),
    ),
    Ability(
        command="newsletter add", function=newsletters.add, method="POST", path="/newsletters",
        action="keep-newsletters", given=DEFINITION, location="/newsletters/{newsletter}", versioned=SHOWN,
        named_in=("newsletter", "name"),
    ),
    SHOWN,
    Ability(
        command="newsletter schedule", function=newsletter_dates.schedule, method="PATCH", path=f"{ONE}/schedule",
        action="keep-newsletters", versioned=SHOWN,
    ),
    Ability(
        command="newsletter skip", function=newsletter_dates.skip, method="PUT", path=f"{ONE}/skipped/{{day}}",
        action="keep-newsletters", fixed={"undo": False},
    ),
    Ability(
        command="newsletter skip", function=newsletter_dates.skip, method="DELETE", path=f"{ONE}/skipped/{{day}}",
        title="Let it go out on that date after all", action="keep-newsletters", fixed={"undo": True, "reason": ""},
    ),
    Ability(
        command="newsletter pause", function=newsletter_changes.pause, method="POST", path=f"{ONE}/pause",
        action="keep-newsletters", versioned=SHOWN,
    ),
    Ability(
        command="newsletter resume", function=newsletter_changes.resume, method="POST", path=f"{ONE}/resume",
        action="keep-newsletters", versioned=SHOWN,
    ),
    Ability(
        command="newsletter rename", function=newsletter_changes.rename, method="POST", path=f"{ONE}/rename",
        action="keep-newsletters",
    ),
    Ability(
        command="newsletter history", function=newsletter_history.history, method="GET", path=f"{ONE}/history",
        action="see",
    ),
    Ability(
        command="newsletter subscribers", function=subscribers.subscribers, method="GET", path=f"{ONE}/subscribers",
        action="export-people",
    ),
    Ability(
        command="newsletter unsubscribe", function=subscribers.unsubscribe, method="POST", path=f"{ONE}/unsubscribe",
        action="keep-contacts",
    ),
    Ability(
        command="newsletter resubscribe", function=subscribers.resubscribe, method="POST", path=f"{ONE}/resubscribe",
        action="keep-contacts",
    ),
)  # fmt: skip

EDITIONS: Final = (
    Ability(
        command="newsletter preview", function=editions.preview, method="GET", path=f"{ONE}/preview", action="see",
        fixed={"open_": False, "mail": False}, page="html",
    ),
    Ability(
        command="newsletter preview", function=editions.preview, method="POST", path=f"{ONE}/test", action="submit",
        title="Mail the edition that would be made now to yourself", fixed={"open_": False, "mail": True}, page="html",
    ),
    Ability(
        command="newsletter send", function=editions.send, method="POST", path=f"{ONE}/send", action="keep-newsletters",
        status=201, fixed={"yes": True}, page="html", location="/messages/{id}",
    ),
    Ability(
        command="newsletter approve", function=editions.approve, method="POST", path=f"{ONE}/approve", action="approve",
        fixed={"yes": True}, versioned=SHOWN,
    ),
    Ability(command="newsletter revoke", function=editions.revoke, method="POST", path=f"{ONE}/revoke", action="halt"),
    Ability(
        command="newsletter editorial", function=editions.editorial, method="GET", path=f"{ONE}/editorial",
        title="What stands above an edition", action="see", fixed={"file": None, "remove": False, "replace": False},
    ),
    Ability(
        command="newsletter editorial", function=editions.editorial, method="PUT", path=f"{ONE}/editorial",
        action="submit", fixed={"remove": False}, given=EDITORIAL,
    ),
    Ability(
        command="newsletter editorial", function=editions.editorial, method="DELETE", path=f"{ONE}/editorial",
        title="Take out what stands above an edition", action="submit", fixed={"file": None, "remove": True},
    ),
)  # fmt: skip

FEEDS: Final = (
    Ability(
        command="feed urls", function=feeds.urls, method="GET", path="/feeds", action="administer",
        pages=Pages("audience"),
    ),
    Ability(
        command="feed renew", function=feeds.renew, method="POST", path="/feeds/{audience}/renew", action="administer",
    ),
    Ability(
        command="feed tokens list", function=feeds.list_, method="GET", path="/feed-tokens", action="administer",
        pages=Pages("id"),
    ),
    Ability(
        command="feed tokens add", function=feeds.add, method="POST", path="/feed-tokens", action="administer",
        status=201, person=True,
    ),
    Ability(
        command="feed tokens revoke", function=feeds.revoke, method="DELETE", path="/feed-tokens/{id}",
        action="administer",
    ),
    Ability(
        command="feed subscribers", function=feed_subscribers.subscribers, method="GET", path="/feed-subscribers",
        action="administer", pages=Pages("id"),
    ),
    Ability(
        command="feed unsubscribe", function=feed_subscribers.unsubscribe, method="DELETE",
        path="/feed-subscribers/{id}", action="administer",
    ),
)  # fmt: skip
