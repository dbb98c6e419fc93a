"""`roeland message dossier ID`: one zip by which an auditor sees what was said to whom, without Roeland."""

import hashlib
from dataclasses import replace
from io import BufferedRandom
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO
from uuid import UUID

import typer

from services.admin.answers import Answer, Refusal, lines
from services.admin.command import command
from services.admin.messages import app

if TYPE_CHECKING:
    from services.runtime.postgres import Connection


@command(app, "dossier", examples=["message dossier 0199…", "message dossier 0199… -o dossier.zip --pseudonyms"])
async def dossier(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="This new file; without it dossier-ID.zip.")
    ] = None,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Without names, and without what people typed as reasons.")
    ] = False,
) -> Answer:
    """One zip: the message, its variants, recipients with outcomes, approvals, steps, corrections, times, the audit.

    It says how to verify it with standard tools. It holds names, never addresses. The same state gives the same bytes;
    who made it, and its hash, are in the audit.
    """
    from services.admin.acting import acting
    from services.admin.giving import message_id
    from services.admin.new_file import new_file

    number = message_id(id)
    path = output or Path(f"dossier-{number}.zip")
    async with acting() as (connection, actor):
        await connection.set_autocommit(True)
        with new_file(path) as out:
            recipients = await _write(connection, number, out, names=not pseudonyms)
            digest = _sha256(out)
            await _record(connection, actor, number, digest, recipients, pseudonyms=pseudonyms)
    document = {"id": str(number), "file": str(path), "sha256": digest, "recipients": recipients}
    return Answer(document, lines(f"{path}: {recipients} rows of recipients", f"sha256 {digest}"))


async def _write(connection: "Connection", number: UUID, out: BinaryIO, *, names: bool) -> int:
    """Everything, as one transaction sees it. How many rows of recipients."""
    from services.admin import dossier_page, dossier_parts
    from services.admin.dossier_pack import Pack
    from services.store import variants
    from services.store.audit_chain import Which, links
    from services.store.dossier import of_message
    from services.store.facts import as_stated
    from services.store.outcomes import outcomes

    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        record = await of_message(connection, number)
        if record is None:
            raise Refusal(f"there is no message {number}: `roeland message list` shows what there is", missing=[number])
        record = replace(record, shown=await as_stated(connection, record.shown))
        who = dossier_parts.Who(record.people, names=names)
        with Pack(out) as pack:
            dossier_parts.add_fixed(pack)
            shown = []
            for revision in record.revisions:
                dossier_parts.add_message(pack, revision)
                rendered = await variants.read(connection, revision.number)
                files = dossier_parts.add_variants(pack, revision.revision, rendered)
                shown += files if revision.number == record.shown.number else []
            found = outcomes(connection, record.shown.number)
            counted = await dossier_parts.add_recipients(pack, found, names=names)
            acts = links(connection, Which(message=str(number)))
            entries = await dossier_parts.add_audit(pack, acts, reasons=names)
            moments = dossier_parts.timeline(record, counted, entries, who)
            dossier_parts.add_tables(pack, record, moments, who, reasons=names)
            pack.add("index.html", dossier_page.page(record, counted, moments, shown, who, reasons=names))
    return counted.rows


async def _record(
    connection: "Connection", actor: int | None, number: UUID, digest: str, recipients: int, *, pseudonyms: bool
) -> None:
    """Its subject is no message, or each dossier would be in the next one."""
    from services.store import audit

    detail = {"sha256": digest, "recipients": recipients, "pseudonyms": pseudonyms}
    async with connection.transaction():
        await audit.record(
            connection, actor=actor, action="message.dossier", subject=f"export:message:{number}", detail=detail
        )


def _sha256(out: BufferedRandom) -> str:
    out.seek(0)
    return hashlib.file_digest(out, "sha256").hexdigest()
