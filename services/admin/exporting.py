"""`roeland message export ID`: what became of a message, one row for each recipient and channel.

A message may have gone to a million: rows are written as they are read, and none is kept.
"""

import csv
import io
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, Literal, cast

import typer

from services.admin.answers import Answer, Spooled, as_plain, lines
from services.admin.command import command
from services.admin.invocation import current
from services.admin.messages import app

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.messages import Message
    from services.store.outcomes import Outcome

Format = Literal["csv", "json"]
IN_MEMORY: Final = 1 << 20
COLUMNS: Final = (
    "external_id", "audience", "channel", "state", "accepted_at", "code", "reason", "attempts", "possible_duplicate",
    "lead_seconds",
)  # fmt: skip


@command(app, "export", examples=["message export 0199… -o recipients.csv", "message export 0199… --format json"])
async def export(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    *,
    format: Annotated[Format, typer.Option(help="csv, or json: a list of objects.")] = "csv",  # noqa: A002
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this new file, not to stdout.")
    ] = None,
) -> Answer:
    """What became of a message for each recipient on each channel: state, time of acceptance, code, reason, attempts,
    and how many seconds before publication it was (docs/release.md).

    Recipients stand there by their external ids; a feed has none. Who exported it is in the audit.
    """
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.admin.new_file import new_file, refuse_existing

    number = message_id(id)
    if output:
        refuse_existing(output)
    async with acting() as (connection, actor):
        await connection.set_autocommit(True)
        message = await known(connection, number)
        if output:
            with new_file(output) as out:
                count = await _export(connection, message, actor, format, out)
            return Answer({"exported": count, "file": str(output)}, lines(f"{count} rows in {output}"))
        if current.get().json:
            kept = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY, mode="w+b"))  # noqa: SIM115
            count = await _export(connection, message, actor, "lines", kept)
            rows = io.TextIOWrapper(kept, encoding="utf-8", newline="")
            return Answer(Spooled({"id": str(message.id), "exported": count}, "rows", rows), lines())
        await _export(connection, message, actor, format, None)
    return Answer({}, lines())


async def _export(
    connection: "Connection",
    message: "Message",
    actor: int | None,
    form: Literal["csv", "json", "lines"],
    out: BinaryIO | None,
) -> int:
    """Write the rows; how many. That it was done is recorded with them, or neither is."""
    from services.store import audit
    from services.store.leads import published_at
    from services.store.outcomes import outcomes

    write = {"csv": _as_csv, "json": _as_json, "lines": _as_lines}[form]
    count = 0
    async with connection.transaction():
        published = await published_at(connection, message.number)
        found = (columns(each, published) async for each in outcomes(connection, message.number))
        async for text, rows in write(found):
            count += rows
            if out is None:
                sys.stdout.write(text)
            else:
                out.write(text.encode())
        await audit.record(
            connection, actor=actor, action="message.exported", subject=f"export:message:{message.id}",
            detail={"message": message.number, "rows": count},
        )  # fmt: skip
    return count


async def _as_csv(found: AsyncIterator[dict[str, Any]]) -> AsyncIterator[tuple[str, int]]:
    yield csv_line(COLUMNS), 0
    async for outcome in found:
        yield csv_line(list(outcome.values())), 1


async def _as_json(found: AsyncIterator[dict[str, Any]]) -> AsyncIterator[tuple[str, int]]:
    between = "[\n"
    async for outcome in found:
        yield between + json.dumps(outcome, ensure_ascii=False), 1
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n", 0


async def _as_lines(found: AsyncIterator[dict[str, Any]]) -> AsyncIterator[tuple[str, int]]:
    async for outcome in found:
        yield json.dumps(outcome, ensure_ascii=False) + "\n", 1


def columns(outcome: "Outcome", published: datetime | None) -> dict[str, Any]:
    """A row in words, in the order of `COLUMNS`: states by their names, times in UTC.

    `lead_seconds`: how long before `published` it was accepted; None for a feed, and while one of the two is not known.
    """
    from services.domain.states import State
    from services.store.leads import lead

    before = None if outcome.channel == "newsfeed" else lead(published, outcome.accepted_at)
    plain: dict[str, Any] = as_plain(outcome) | {"state": State(outcome.state).word, "lead_seconds": before}
    return {name: plain[name] for name in COLUMNS}


def csv_line(cells: "list[Any] | tuple[str, ...]") -> str:
    """A line as RFC 4180 has it. No cell is a formula to a spreadsheet."""
    from services.domain.spreadsheets import guarded

    out = io.StringIO()
    csv.writer(out).writerow([guarded(_word(cell)) for cell in cells])
    return out.getvalue()


def _word(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)
