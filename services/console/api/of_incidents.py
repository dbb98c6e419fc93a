"""Incidents, what is known in them, and the playbooks that were thought through before."""

from typing import Final

from services.admin import facts, incidents, participants, playbook_holdings, playbooks
from services.console.api.ability import Ability, Pages

ONE: Final = "/incidents/{incident}"
FACT: Final = f"{ONE}/facts/{{key}}"

SHOWN: Final = Ability(
    command="incident show", function=incidents.show, method="GET", path=ONE, action="see",
    etag=("slug", "title", "type", "entity", "spoc", "phase", "level", "state"),
)  # fmt: skip
INCIDENTS: Final = (
    Ability(
        command="incident list", function=incidents.list_, method="GET", path="/incidents", action="see",
        pages=Pages("slug"),
    ),
    Ability(
        command="incident open", function=incidents.open_, method="POST", path="/incidents", action="keep-incidents",
        status=201, location="/incidents/{slug}",
    ),
    SHOWN,
    Ability(
        command="incident set", function=incidents.set_, method="PATCH", path=ONE, action="keep-incidents",
        versioned=SHOWN,
    ),
    Ability(
        command="incident phase", function=incidents.phase, method="POST", path=f"{ONE}/phase", action="keep-incidents",
        versioned=SHOWN,
    ),
    Ability(
        command="incident level", function=incidents.level, method="POST", path=f"{ONE}/level", action="keep-incidents",
        versioned=SHOWN,
    ),
    Ability(
        command="incident close", function=incidents.close, method="POST", path=f"{ONE}/close", action="keep-incidents",
        versioned=SHOWN,
    ),
    Ability(
        command="incident reopen", function=incidents.reopen, method="POST", path=f"{ONE}/reopen",
        action="keep-incidents", versioned=SHOWN,
    ),
    Ability(
        command="incident participants", function=participants.participants, method="GET", path=f"{ONE}/participants",
        action="export-people", fixed={"action": "list", "external_id": None}, pages=Pages("external_id"),
    ),
    Ability(
        command="incident participants", function=participants.participants, method="POST", path=f"{ONE}/participants",
        title="Have contacts take part in an exercise", action="keep-incidents", fixed={"action": "add"},
    ),
    Ability(
        command="incident participants", function=participants.participants, method="DELETE",
        path=f"{ONE}/participants/{{external_id}}", title="Have a contact take part no more", action="keep-incidents",
        fixed={"action": "remove"},
    ),
)  # fmt: skip

SHOWN_FACT: Final = Ability(
    command="fact show", function=facts.show, method="GET", path=FACT, action="see", etag=("version",),
)  # fmt: skip
FACTS: Final = (
    Ability(
        command="fact list", function=facts.list_, method="GET", path=f"{ONE}/facts", action="see", pages=Pages("key"),
    ),
    SHOWN_FACT,
    Ability(
        command="fact set", function=facts.set_, method="PUT", path=FACT, action="keep-incidents",
        pairs=("statement", "value"), versioned=SHOWN_FACT,
    ),
    Ability(
        command="fact withdraw", function=facts.withdraw, method="DELETE", path=FACT, action="keep-incidents",
        versioned=SHOWN_FACT,
    ),
    Ability(
        command="fact impact", function=facts.impact, method="GET", path=f"{ONE}/impact", action="see",
        fixed={"draft": None},
    ),
    Ability(
        command="fact impact", function=facts.impact, method="GET", path=f"{ONE}/impact/drafts", action="submit",
        title="Drafts of the corrections that are owed", drafts=("draft", "correction.yaml"),
    ),
)  # fmt: skip

ENTRY: Final = "/playbooks/{playbook}/entries/{entry}"
PLAYBOOKS: Final = (
    Ability(
        command="playbook list", function=playbooks.list_, method="GET", path="/playbooks", action="see",
        pages=Pages("playbook"),
    ),
    Ability(command="playbook approved", function=playbook_holdings.approved, method="GET", path="/playbooks/approved",
            action="see"),
    Ability(command="playbook check", function=playbooks.check, method="GET", path="/playbooks/check", action="see"),
    Ability(
        command="playbook show", function=playbooks.show, method="GET", path="/playbooks/{playbook}", action="see",
    ),
    Ability(
        command="playbook start", function=playbooks.start, method="POST", path="/playbooks/{playbook}/start",
        action="submit", fixed={"force": False}, drafts=("out", "draft.yaml"), pairs=("fill",),
    ),
    Ability(
        command="playbook approve", function=playbook_holdings.approve, method="POST", path=f"{ENTRY}/approve",
        action="approve",
    ),
    Ability(
        command="playbook revoke", function=playbook_holdings.revoke, method="POST", path=f"{ENTRY}/revoke",
        action="approve",
    ),
    Ability(
        command="playbook release", function=playbook_holdings.release, method="POST", path=f"{ENTRY}/release",
        action="break-glass", status=201, fixed={"yes": True}, pairs=("fill",), location="/messages/{id}",
    ),
)  # fmt: skip
