"""`roeland dead-letters …`: records that nobody could read, and putting them back once they can be."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, as_plain, entries, instant, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.dead_letters import DeadLetter

app = group("dead-letters", "Records that nobody could read: look at them, put them back.")

Id = Annotated[int, typer.Argument(metavar="ID", help="Its number, as `dead-letters list` shows it.")]


@command(app, "list", examples=["dead-letters list"])
async def list_(limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50) -> Answer:
    """The latest first: where each stood, and why it could not be read."""
    from services.admin.acting import acting
    from services.store import dead_letters

    async with acting() as (connection, _):
        found = await dead_letters.recent(connection, limit=limit)
    shown = [
        (f"{d.id}  {instant(d.recorded_at)}  {_place(d)}", [d.reason, d.replayed_at and "put back"]) for d in found
    ]
    return Answer([_about(each) for each in found], entries(shown, none="none: all records could be read"))


@command(app, "show", examples=["dead-letters show 12"])
async def show(id: Id) -> Answer:  # noqa: A002 - the contract's words
    """One of them, with what it holds."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        found = await _known(connection, id)
    document = {**_about(found), "key": _text(found.key), "value": _text(found.value)}
    told = [f"{name.replace('_', ' '):12} {value}" for name, value in as_plain(document).items() if value is not None]
    following = f"When it can be read: `roeland dead-letters replay {id}`"
    return Answer(document, lines(*told, *([] if found.value is None else [following])))


@command(app, "replay", examples=["dead-letters replay 12"])
async def replay(id: Id) -> Answer:  # noqa: A002 - the contract's words
    """Put it back on its topic, as it was. What still cannot be read becomes a dead letter again."""
    from services.admin.acting import acting
    from services.admin.replaying import put_back
    from services.store import audit, dead_letters

    async with acting() as (connection, actor), connection.transaction():
        found = await _known(connection, id, lock=True)
        await put_back(found)
        await dead_letters.mark_replayed(connection, id)
        await audit.record(connection, actor=actor, action="dead-letter.replayed", subject=f"dead-letter:{id}")
    told = f"{id} is on {found.topic} again. If it still cannot be read, `roeland dead-letters list` shows it anew."
    return Answer({"id": id, "topic": found.topic}, lines(told))


async def _known(connection: "Connection", letter: int, *, lock: bool = False) -> "DeadLetter":
    from services.store import dead_letters

    found = await dead_letters.find(connection, letter, lock=lock)
    if found is None:
        raise Refusal(
            f"there is no dead letter {letter}: `roeland dead-letters list` shows what there is", missing=[letter]
        )
    return found


def _place(letter: "DeadLetter") -> str:
    return f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"


def _about(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason,
        "recorded_at": letter.recorded_at,
        "replayed_at": letter.replayed_at,
    }


def _text(given: bytes | None) -> str | None:
    return None if given is None else given.decode("utf-8", "backslashreplace")
