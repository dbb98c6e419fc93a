"""Messages: written, approved, followed, stopped; who got them."""

from typing import Final

from services.admin import (
    calls,
    decisions,
    dossier,
    exporting,
    following,
    judging,
    messages,
    newcomers,
    proofs,
    replies,
    who,
    withdrawing,
)
from services.console.api import models
from services.console.api.ability import CSV, JSON, YAML, Ability, Given, Pages, Written

MESSAGE: Final = Given("file", "message", {JSON: ".json", YAML: ".yaml"})
ONE: Final = "/messages/{id}"

MESSAGES: Final = (
    Ability(
        command="message list", function=following.list_, method="GET", path="/messages", action="see",
        pages=Pages("id", "before"), answer=models.Message,
    ),
    Ability(
        command="message submit", function=messages.submit, method="POST", path="/messages", action="submit",
        status=201,
        given=MESSAGE, page="html", location=ONE, answer=models.Submitted,
    ),
    Ability(
        command="message lint", function=messages.lint, method="POST", path="/messages/lint", action="see",
        given=MESSAGE, fixed={"rules": False}, judges=True, answer=models.Findings,
    ),
    Ability(
        command="message lint", function=messages.rules, method="GET", path="/messages/lint/rules", action="see",
        title="The rules by which messages are judged",
    ),
    Ability(
        command="message preview", function=messages.preview, method="POST", path="/messages/preview", action="submit",
        given=MESSAGE, page="html",
    ),
    Ability(
        command="message status", function=following.status, method="GET", path=ONE, action="see",
        fixed={"watch": False, "unknown": False}, answer=models.Status,
    ),
    Ability(
        command="message status", function=following.status, method="GET", path=f"{ONE}/unknown",
        action="export-people",
        title="How a message stands, and whom somebody must call", fixed={"watch": False, "unknown": True},
        answer=models.Status, numbers=("mobile", "mail"),
    ),
    Ability(
        command="message proof", function=proofs.proof, method="GET", path=f"{ONE}/proof", action="see", page="html",
    ),
    Ability(command="message test", function=proofs.test, method="POST", path=f"{ONE}/test", action="submit"),
    Ability(
        command="message approve", function=decisions.approve, method="POST", path=f"{ONE}/approve", action="approve",
        fixed={"yes": True}, also={"break_glass": "break-glass"}, answer=models.Approved,
    ),
    Ability(command="message reject", function=decisions.reject, method="POST", path=f"{ONE}/reject", action="reject"),
    Ability(
        command="message take-back", function=decisions.take_back, method="POST", path=f"{ONE}/take-back",
        action="halt",
    ),
    Ability(
        command="message pause", function=decisions.pause, method="POST", path=f"{ONE}/pause", action="halt",
        answer=models.Status,
    ),
    Ability(
        command="message resume", function=decisions.resume, method="POST", path=f"{ONE}/resume", action="halt",
        answer=models.Status,
    ),
    Ability(
        command="message stop", function=decisions.stop, method="POST", path=f"{ONE}/stop", action="halt",
        answer=models.Status,
    ),
    Ability(
        command="message withdraw", function=withdrawing.withdraw, method="POST", path=f"{ONE}/withdraw",
        action="approve",
    ),
    Ability(command="message confirm", function=judging.confirm, method="POST", path=f"{ONE}/confirm", action="judge"),
    Ability(command="message dispute", function=judging.dispute, method="POST", path=f"{ONE}/dispute", action="judge"),
    Ability(
        command="message newcomers", function=newcomers.newcomers, method="GET", path=f"{ONE}/newcomers",
        action="export-people", fixed={"send": False},
    ),
    Ability(
        command="message newcomers", function=newcomers.newcomers, method="POST", path=f"{ONE}/newcomers",
        title="Send a message to those who came to its audiences since", action="approve", fixed={"send": True},
    ),
    Ability(
        command="message who", function=who.who, method="GET", path=f"{ONE}/recipients", action="export-people",
        fixed={"as_csv": False},
    ),
    Ability(
        command="message export", function=exporting.export, method="GET", path=f"{ONE}/outcomes",
        action="export-people",
        written=(Written("output", "outcomes.csv", CSV), Written("output", "outcomes.json", JSON)),
    ),
    Ability(
        command="message dossier", function=dossier.dossier, method="GET", path=f"{ONE}/dossier",
        action="export-people",
        written=(Written("output", "dossier.zip", "application/zip"),),
    ),
    Ability(
        command="message calls", function=calls.calls, method="GET", path=f"{ONE}/calls", action="export-people",
        numbers=("number",),
    ),
    Ability(
        command="message called", function=calls.called, method="POST", path=f"{ONE}/calls/{{contact}}",
        action="halt",
    ),
    Ability(
        command="message replies", function=replies.of_message, method="GET", path=f"{ONE}/replies",
        action="export-people", numbers=("number",),
    ),
)  # fmt: skip
