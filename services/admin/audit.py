"""`roeland audit verify|head`: whether the record of every act is whole. Reading it is in `audit_reading`."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import TEXT_BETWEEN, Answer, Refusal, WrongUsage, as_plain, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.store.audit_walk import Walked

app = group("audit", "The record of who did what, when, from where and on what: read, verified, exported.")

HASH_CHARACTERS: Final = 64


@command(app, "verify", examples=["audit verify", "audit verify --expect 5f2c…", "audit verify --from 120000 --json"])
async def verify(
    *,
    start: Annotated[int, typer.Option("--from", metavar="POSITION", min=1, help="Begin here, not at the start.")] = 1,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="HASH", help="A head that was noted: it must be in the chain.")
    ] = None,
) -> Answer:
    """Follow the chain of hashes from its start, and hold every row against what was hashed.

    Exit code 1 when it is broken, with position and time of the first break. What was taken away at the very end
    shows only against a head that was noted elsewhere: `audit head`, and --expect.
    """
    return await verified(start=start, expect=expect)


async def verified(*, start: int = 1, expect: str | None = None, walked: "Walked | None" = None) -> Answer:
    """What `audit verify` does; `walked` is where it counts as it goes, for who looks on meanwhile."""
    from services.admin.acting import acting
    from services.store.audit_chain import head
    from services.store.audit_walk import walk

    wanted = _hash(expect)
    async with acting() as (connection, _):
        await connection.set_autocommit(True)
        last = await head(connection)
        if start > 1 and (last is None or start > last.position):
            raise Refusal(f"the chain ends before position {start}: `roeland audit head` says where")
        walked = await walk(connection, start=start, expect=wanted, walked=walked)
    document = _verdict(walked, start)
    if walked.breaks:
        first = walked.told[0]
        where = TEXT_BETWEEN.join(filter(None, [f"position {first.position}" if first.position else None, first.at]))
        problems = [
            {"place": (each.position and f"position {each.position}") or f"audit row {each.audit}",
             "line": None, "column": each.at, "problem": each.what, "remedy": "Compare with a backup and an export."}
            for each in walked.told
        ]  # fmt: skip
        count = f"{walked.breaks} breaks" if walked.breaks > 1 else "1 break"
        raise Refusal(f"the audit is broken ({count}), first at {where or 'its end'}: {first.what}",
                      problems=problems, more=document)  # fmt: skip
    return Answer(document, lines(*_in_words(walked)))


@command(app, "head", examples=["audit head", "audit head --json"])
async def head_() -> Answer:
    """Position and hash of the last link, to be noted where nobody who can write here can: on paper, in a mail."""
    from services.admin.acting import acting
    from services.store.audit_chain import head

    async with acting() as (connection, _):
        last = await head(connection)
    if last is None:
        return Answer({"position": 0, "hash": None}, lines("nothing was recorded yet"))
    told = (f"{last.position}  {last.hash}", f"Later: `roeland audit verify --expect {last.hash}`")
    return Answer(last, lines(*told))


def _hash(written: str | None) -> str | None:
    if written is None:
        return None
    wanted = written.strip().lower()
    if len(wanted) != HASH_CHARACTERS or set(wanted) - set("0123456789abcdef"):
        raise WrongUsage("--expect needs a whole hash, 64 hexadecimal characters, as `roeland audit head` prints it")
    return wanted


def _verdict(walked: "Walked", start: int) -> dict[str, Any]:
    return {
        "ok": walked.breaks == 0, "from": start, "links": walked.links, "head": as_plain(walked.head),
        "breaks": walked.breaks, "first": as_plain(walked.told[0]) if walked.told else None,
        "reasons_erased": walked.reasons_erased, "clock_set_back": walked.set_back, "sealed_late": walked.sealed_late,
    }  # fmt: skip


def _in_words(walked: "Walked") -> list[str]:
    told = [f"{walked.links} links, and every one holds"]
    if walked.head:
        told.append(f"head: position {walked.head.position}, {walked.head.hash}")
    if walked.set_back:
        told.append(f"{walked.set_back} times the clock had been set back: the order of positions is the true one")
    if walked.sealed_late:
        told.append(
            f"{walked.sealed_late} were sealed long after being written: before there was a chain, or a clock was set"
        )
    if walked.reasons_erased:
        told.append(f"of {walked.reasons_erased} the reason that was typed is erased")
    return told
