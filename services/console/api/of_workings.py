"""What is going on, what is wrong, who did what, and how the centre is set up."""

from typing import Final

from services.admin import alarms, audit, audit_reading, board, config, dead_letters, doctor
from services.console.api import models
from services.console.api.ability import JSON, YAML, Ability, Given, Pages, Written

CONFIGURATION: Final = Given("file", "centre", {JSON: ".json", YAML: ".yaml"})

WORKINGS: Final = (
    Ability(
        command="board", function=board.board, method="GET", path="/board", action="see", answer=models.Board,
    ),
    Ability(command="alarms", function=alarms.alarms, method="GET", path="/alarms", action="see"),
    Ability(command="doctor", function=doctor.doctor, method="GET", path="/doctor", action="administer",
            judges=True),
    Ability(command="config show", function=config.show, method="GET", path="/configuration", action="see"),
    Ability(
        command="config check", function=config.check, method="POST", path="/configuration/check", action="administer",
        given=CONFIGURATION, judges=True,
    ),
    Ability(
        command="audit list", function=audit_reading.list_, method="GET", path="/audit", action="audit",
        pages=Pages("position", "before", most=10_000),
    ),
    Ability(
        command="audit export", function=audit_reading.export, method="GET", path="/audit/export", action="audit",
        written=(Written("output", "audit.jsonl", "application/jsonl"),),
    ),
    Ability(command="audit verify", function=audit.verify, method="GET", path="/audit/verification", action="audit"),
    Ability(command="audit head", function=audit.head_, method="GET", path="/audit/head", action="audit"),
    Ability(
        command="dead-letters list", function=dead_letters.list_, method="GET", path="/dead-letters",
        action="administer",
    ),
    Ability(
        command="dead-letters show", function=dead_letters.show, method="GET", path="/dead-letters/{id}",
        action="administer",
    ),
    Ability(
        command="dead-letters replay", function=dead_letters.replay, method="POST", path="/dead-letters/{id}/replay",
        action="administer",
    ),
)  # fmt: skip
