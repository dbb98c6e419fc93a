"""`roeland audit list|export`: the record of every act, to read and to hand to an auditor."""

import hashlib
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, cast

import typer

from services.admin.answers import TEXT_BETWEEN, Answer, Spooled, WrongUsage, as_plain, lines
from services.admin.audit import app
from services.admin.command import command
from services.admin.invocation import current

if TYPE_CHECKING:
    from services.store.audit_chain import Link, Which

IN_MEMORY: Final = 1 << 20
"""Bytes of an export; what goes beyond is in a temporary file without a name."""

Message = Annotated[str | None, typer.Option("--message", metavar="ID", help="Only what was done to this message.")]
Incident = Annotated[str | None, typer.Option("--incident", help="Only of this incident and its messages.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From then on: 2026-11-23T16:00.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before then.")]


@command(app, "list", examples=["audit list", "audit list --message 0199…", "audit list --incident cyber-2026-014"])
async def list_(
    *,
    message: Message = None,
    incident: Incident = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    before: Annotated[int | None, typer.Option(min=1, help="Before this position: the next page.")] = None,
) -> Answer:
    """The latest acts first. Users, contacts and messages stand there by their ids."""
    from services.admin.acting import acting
    from services.store.audit_chain import links

    which = _which(message, incident, since, until)
    async with acting() as (connection, _), connection.transaction():
        found = [_act(link) async for link in links(connection, which, newest=limit, before=before)]
    told = [line for act in found for line in _shown(act)]
    return Answer(found, lines(*(told or ["nothing like that was recorded"])))


@command(app, "export", examples=["audit export -o audit.jsonl", "audit export --incident cyber-2026-014 > acts.jsonl"])
async def export(
    *,
    message: Message = None,
    incident: Incident = None,
    since: Since = None,
    until: Until = None,
    reasons: Annotated[bool, typer.Option("--reasons", help="With what people typed, and its salt.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this new file, not to stdout.")
    ] = None,
) -> Answer:
    """Write the acts as lines of JSON, each with its link: sha256(previous, line feed, entry) is its hash.

    Who exported what is in the audit.
    """
    from services.admin.acting import acting
    from services.admin.new_file import new_file, refuse_existing
    from services.store import audit
    from services.store.audit_chain import links

    which = _which(message, incident, since, until)
    if output:
        refuse_existing(output)
    async with acting() as (connection, actor), connection.transaction():
        kept = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY, mode="w+b"))  # noqa: SIM115 - goes with the answer
        count = await _write(kept, links(connection, which), reasons=reasons)
        detail = {"rows": count, "reasons": reasons, "sha256": _sha256(kept), **_asked(which)}
        await audit.record(connection, actor=actor, action="audit.exported", subject="audit", detail=detail)
    if output:
        with new_file(output) as out:
            _copy(kept, out)
        return Answer({"exported": count, "file": str(output)}, lines(f"{count} acts in {output}"))
    return _on_stdout(kept, count)


async def _write(out: BinaryIO, found: "AsyncIterator[Link]", *, reasons: bool) -> int:
    count = 0
    async for link in found:
        out.write((json.dumps(as_exported(link, reasons=reasons), ensure_ascii=False) + "\n").encode())
        count += 1
    return count


def as_exported(link: "Link", *, reasons: bool) -> dict[str, Any]:
    """A link as an auditor gets it. `entry` is the very text that was hashed."""
    plain = {"position": link.position, "previous": link.previous, "hash": link.hash, "entry": link.entry}
    return {**plain, "salt": link.salt, "reason": link.reason} if reasons and link.reason is not None else plain


def _on_stdout(kept: BinaryIO, count: int) -> Answer:
    kept.seek(0)
    text = io.TextIOWrapper(kept, encoding="utf-8", newline="")
    if current.get().json:
        return Answer(Spooled({"exported": count}, "rows", text), lines())
    for line in text:
        sys.stdout.write(line)
    return Answer({}, lines())


def _sha256(kept: BinaryIO) -> str:
    kept.seek(0)
    digest = hashlib.sha256()
    while block := kept.read(IN_MEMORY):
        digest.update(block)
    return digest.hexdigest()


def _copy(kept: BinaryIO, out: BinaryIO) -> None:
    kept.seek(0)
    shutil.copyfileobj(kept, out, IN_MEMORY)


def _which(message: str | None, incident: str | None, since: str | None, until: str | None) -> "Which":
    from services.admin.giving import message_id
    from services.admin.moments import moment
    from services.domain.limits import INCIDENT_PATTERN
    from services.store.audit_chain import Which

    if incident is not None and not re.match(INCIDENT_PATTERN, incident):
        raise WrongUsage(f"--incident: {incident!r} is not an incident's id, such as cyber-2026-014")
    known = str(message_id(message)) if message else None
    return Which(known, incident, moment(since, "--since"), moment(until, "--until"))


def _asked(which: "Which") -> dict[str, Any]:
    return {name: value for name, value in as_plain(which).items() if value is not None}


def _act(link: "Link") -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(link.entry)
    return {**entry, "reason": link.reason, "link": link.hash}


def _shown(act: dict[str, Any]) -> tuple[str, str]:
    who = f"user {act['actor']}" if act["actor"] is not None else "by the right to the database, or the system"
    more = {name: value for name, value in act["detail"].items() if name not in {"document", "signature"}}
    detail = " ".join(f"{name}={value}" for name, value in more.items())
    about = [who, act["origin"], act["hash"], detail, act["reason"]]
    return (
        f"{act['position']:>7}  {act['at'][:23]}Z  {act['action']}  {act['subject']}",
        f"         {TEXT_BETWEEN.join(filter(None, about))}",
    )
