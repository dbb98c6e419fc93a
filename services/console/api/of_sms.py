"""SMS: a blast, its preview; replies that belong to no message; numbers that want no more."""

from typing import Final

from services.admin import blast, opt_outs, replies
from services.console.api import models
from services.console.api.ability import Ability

ALONE: Final = {"break_glass": "break-glass", "holding": "break-glass"}
FILES: Final = {"template": "template.txt", "file": "message.yaml"}

SMS: Final = (
    Ability(
        command="sms blast", function=blast.blast, method="POST", path="/sms/blasts/preview", action="submit",
        title="Whom an SMS blast would reach, what it says and what it costs", texts=FILES, pairs=("fill",),
        fixed={"dry_run": True, "watch": False, "yes": True, "again": False},
    ),
    Ability(
        command="sms blast", function=blast.blast, method="POST", path="/sms/blasts", action="submit", status=201,
        texts=FILES, pairs=("fill",), also=ALONE, fixed={"dry_run": False, "watch": False, "yes": True},
        location="/messages/{id}", answer=models.Blast,
    ),
    Ability(
        command="sms replies", function=replies.of_nobody, method="GET", path="/sms/replies", action="export-people",
        fixed={"unmatched": True}, numbers=("number",),
    ),
    Ability(
        command="sms opt-outs list", function=opt_outs.list_, method="GET", path="/sms/opt-outs",
        action="keep-contacts",
    ),
    Ability(
        command="sms opt-outs lift", function=opt_outs.lift, method="DELETE", path="/sms/opt-outs/{number}",
        action="keep-contacts",
    ),
)  # fmt: skip
