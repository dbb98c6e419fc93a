"""`roeland message who ID`: the people of a message, and what became of each copy.

There may be very many of them, so they are kept in a file that only this process can see, and not in memory.
"""

import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO

import typer

from services.admin.answers import Answer, Refusal, Spooled, WrongUsage, as_plain, entries, lines
from services.admin.command import command
from services.admin.messages import app

if TYPE_CHECKING:
    from rich.console import Console

    from services.domain.states import State
    from services.runtime.postgres import Connection
    from services.store.messages import Message
    from services.store.who import Which

IN_MEMORY: Final = 1 << 20
COLUMNS: Final = ("external_id", "name", "audience", "channel", "state", "reason")


@command(
    app,
    "who",
    examples=[
        "message who 0199… --not-reached",
        "message who 0199… --not-corrected --json",
        "message who 0199… --state suppressed --csv > gemist.csv",
        "message who 0199… --not-confirmed --csv > bellen.csv",
    ],
)
async def who(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    *,
    reached: Annotated[bool, typer.Option("--reached", help="With an accepted copy, on one channel at least.")] = False,
    not_reached: Annotated[bool, typer.Option("--not-reached", help="Without one on any channel.")] = False,
    not_corrected: Annotated[
        bool, typer.Option("--not-corrected", help="Of a correction: who got the error and has no accepted copy of it.")
    ] = False,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Who said that they know, and how.")] = False,
    not_confirmed: Annotated[bool, typer.Option("--not-confirmed", help="Who was asked to, and did not.")] = False,
    state: Annotated[str | None, typer.Option(help="Copies in this state only: accepted, suppressed, …")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout, safe to open in a spreadsheet.")] = False,
) -> Answer:
    """Who gets a message: names and external ids, the channel, the state of their copy, and why.

    Somebody behind an address that is shared has the state of the copy that stands for them. The audit records who
    looked.
    """
    from services.admin.acting import acting
    from services.admin.giving import known, message_id

    chosen = _which(
        reached=reached,
        not_reached=not_reached,
        not_corrected=not_corrected,
        confirmed=confirmed,
        not_confirmed=not_confirmed,
    )
    only = _state(state)
    async with acting() as (connection, actor):
        await connection.set_autocommit(True)
        message = await known(connection, message_id(id))
        if chosen == "not-corrected" and message.kind != "correction":
            raise Refusal(f"message {id} corrects nothing: --not-corrected is for a correction, try --not-reached")
        if chosen in ("confirmed", "not-confirmed") and message.confirm_minutes is None:
            raise Refusal(f"message {id} does not ask to confirm: it has no `confirm: true`. Try --not-reached")
        found, count = await _people(connection, message, chosen, only, actor=actor)
    head = {"id": message.id, "which": chosen, "state": state, "count": count}

    def tell(out: "Console") -> None:
        if as_csv:
            _write_csv(found)
            return
        entries(((f"{each['external_id']}  {each['name']}", _more(each)) for each in _read(found)), none="nobody")(out)
        lines("", f"{count} {'copy' if count == 1 else 'copies'}")(out)

    return Answer(Spooled(head, "people", found), tell)


def _which(**flags: bool) -> "Which":
    given = [name for name, on in flags.items() if on]
    if len(given) > 1:
        raise WrongUsage(f"--{given[0].replace('_', '-')} and --{given[1].replace('_', '-')} do not go together")
    words: dict[str, Which] = {
        "reached": "reached",
        "not_reached": "not-reached",
        "not_corrected": "not-corrected",
        "confirmed": "confirmed",
        "not_confirmed": "not-confirmed",
    }
    return words[given[0]] if given else "all"


def _state(written: str | None) -> "State | None":
    from services.domain.states import State

    if written is None:
        return None
    known = {state.word: state for state in State}
    if written not in known:
        raise WrongUsage(f"there is no state {written}: {', '.join(known)}")
    return known[written]


async def _people(
    connection: "Connection", message: "Message", which: "Which", state: "State | None", *, actor: int | None
) -> tuple[TextIO, int]:
    """Them, as lines of JSON, and how many; who asked is in the audit."""
    from services.store import audit
    from services.store.who import people

    kept = tempfile.SpooledTemporaryFile(IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115 - goes with its answer
    count = 0
    async with connection.transaction():
        async for person in people(connection, message, which, state):
            kept.write(json.dumps(as_plain(person), ensure_ascii=False) + "\n")
            count += 1
        detail = {"message": message.number, "which": which, "state": state.word if state is not None else None,
                  "people": count}  # fmt: skip
        await audit.record(
            connection, actor=actor, action="message.recipients-listed", subject=f"message:{message.id}", detail=detail
        )
    return kept, count  # type: ignore[return-value]  # typeshed: it is a TextIO in all but name


def _more(person: dict[str, Any]) -> list[str]:
    return [person["channel"] or "", person["state"], person["reason"] or "", person["audience"] or ""]


def _write_csv(found: TextIO) -> None:
    from services.domain.spreadsheets import guarded

    out = csv.writer(sys.stdout)
    out.writerow(COLUMNS)
    for each in _read(found):
        out.writerow([guarded(each[column] or "") for column in COLUMNS])


def _read(found: TextIO) -> Iterator[dict[str, Any]]:
    found.seek(0)
    for line in found:
        yield json.loads(line)
