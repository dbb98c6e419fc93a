"""`roeland up`: everything on this machine, for whatever the settings do not name."""

import sys
from typing import Annotated

import typer

from services.admin.answers import Answer, Refusal, lines
from services.admin.command import command


def declare(app: typer.Typer) -> None:
    """`up` is a command of its own, in no group."""

    @command(app, "up", examples=["up", "up --second-provider"])
    async def up(
        second_provider: Annotated[
            bool, typer.Option("--second-provider", help="Also a stand-in for Sinch, the second provider of SMS.")
        ] = False,
    ) -> Answer:
        """Start Kafka, PostgreSQL, a mail sink, a Twilio stand-in and all services; Ctrl-C stops them.

        What the settings name (another Kafka, PostgreSQL, relay or Twilio account) is used, and not started. Data
        stays in ROELAND_DATA_DIR. Logs are in its folder `logs`.
        """
        from services.devstack.processes import DevstackError
        from services.devstack.up import up as run

        try:
            await run(report=_report, second_provider=second_provider)
        except DevstackError as problem:
            raise Refusal(str(problem)) from None
        return Answer({"state": "stopped"}, lines())


def _report(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
