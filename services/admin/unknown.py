"""`message status ID --unknown`: the people of whom nobody can say whether they were reached, so that someone calls.

There may be very many of them after a bad night, so they are kept in a file that only this process can see, and not
in memory.
"""

import json
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TextIO

from services.admin.answers import TEXT_BETWEEN, Spooled, as_plain, lines
from services.runtime.postgres import Connection
from services.store import audit
from services.store.messages import Message
from services.store.unknown import unreached

if TYPE_CHECKING:
    from rich.console import Console

IN_MEMORY: Final = 1 << 20
"""Bytes of JSON; what goes beyond is in a temporary file without a name."""


async def people_unknown(connection: Connection, message: Message, *, actor: int | None) -> tuple[TextIO, int]:
    """Them, as lines of JSON, and how many; who asked is in the audit. `connection` is in autocommit."""
    kept = tempfile.SpooledTemporaryFile(IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115 - goes with its answer
    count = 0
    async with connection.transaction():
        async for person in unreached(connection, message.number):
            kept.write(json.dumps(as_plain(person), ensure_ascii=False) + "\n")
            count += 1
        await audit.record(
            connection, actor=actor, action="message.unknown-listed", subject=f"message:{message.id}",
            detail={"message": message.number, "people": count},
        )  # fmt: skip
    return kept, count  # type: ignore[return-value]  # typeshed: it is a TextIO in all but name


def document(status: Any, people: TextIO) -> Spooled:
    """The status, with `unknown` beside what it always has."""
    return Spooled(status, "unknown", people)


def show(out: "Console", people: TextIO, count: int) -> None:
    """Each with the number to call, and what to do."""
    if not count:
        lines("", "unknown: nobody; of everyone it is known what became of it")(out)
        return
    who = "1 delivery" if count == 1 else f"{count} deliveries"
    lines("", f"{who} of which nobody can say whether they arrived:", "")(out)
    for person in _read(people):
        lines(*_told(person))(out)
    lines(
        "",
        "Call them, ask whether they have it, and tell them what it says. Roeland does not send it again:",
        "they might get it twice. Whoever should get a copy all the same gets it with a new message (--again).",
    )(out)


def _told(person: dict[str, Any]) -> tuple[str, str, str]:
    about = [person["organisation"], person["role"], person["municipality"], person["audience"]]
    reach = [person["mobile"] or "no number", person["mail"] or "no mail address"]
    when = f"{person['channel']}, handed over {person['handed_over_at'] or 'at a time not known'}"
    return (
        TEXT_BETWEEN.join([person["name"], *reach]),
        f"    {TEXT_BETWEEN.join(filter(None, about))}",
        f"    {TEXT_BETWEEN.join(filter(None, [when, person['reason']]))}",
    )


def _read(people: TextIO) -> Iterator[dict[str, Any]]:
    people.seek(0)
    for line in people:
        yield json.loads(line)
